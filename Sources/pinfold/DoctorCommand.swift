import PinfoldController
import PinfoldCore
import PinfoldJSON
import PinfoldLauncher
import PinfoldProtocol

enum DoctorCommand {
    static let entry = CommandEntry(
        "doctor", "Say what this host can do for sessions, why not more, and what to type to have it",
        flags: [
            Flag("slice", value: "DIR", "the cgroup to examine where no controller runs"), Flag.json, Flag.socket,
        ],
        text: ["Asks the controller where one runs, and looks for itself where none does."]
    ) { arguments in
        let reports: [JSON]
        var about: JSONObject = [:]
        if arguments["slice"] == nil, let answer = try askController(arguments) {
            reports = try answer.required("features", as: .array(of: .any))
            about = answer
        } else {
            reports = Doctor.examine(sliceNamed: arguments["slice"]).map(\.json)
            about = ["version": .string(Version.text), "features": .array(reports)]
        }
        if arguments.has("json") {
            try Output.printPretty(.object(about))
        } else {
            try Output.print(try page(about, reports, isNamed: arguments["slice"] != nil))
        }
        return 0
    }

    private static func askController(_ arguments: Arguments) throws -> JSONObject? {
        do {
            var client = try Client(arguments)
            return try client.ask(.describe)
        } catch is ControllerUnavailable {
            return nil
        }
    }

    private static func page(_ about: JSONObject, _ reports: [JSON], isNamed: Bool) throws -> String {
        let rows = try reports.map { report in
            let object = try JSONShape.object.decode(report)
            return [
                try object.required("status", as: .string), try object.required("name", as: .string),
                try object.required("reason", as: .string), try object.required("remedy", as: .string),
            ].map { PrintableText($0).description }
        }
        var text = ""
        if let slice = about["slice"]?.string {
            text += "The controller at \(PrintableText(about["socket"]?.string ?? "")) owns \(PrintableText(slice)), "
            text += "enforcement: \(about["enforcement"]?.string ?? "")\n\n"
        } else {
            text += isNamed ? "Examined without a controller.\n\n" : "No controller runs.\n\n"
        }
        let width = rows.map { $0[1].count }.max() ?? 0
        for row in rows {
            let name = row[1] + String(repeating: " ", count: width - row[1].count)
            text += "\(row[0].padded(to: 9))  \(name)  \(row[2])\n"
            if !row[3].isEmpty, row[0] != "available" {
                text += String(repeating: " ", count: width + 13) + "to have it: \(row[3])\n"
            }
        }
        return text
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
