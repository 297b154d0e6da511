import Foundation
import TestSupport
import Testing

/// What each target of `Sources` may import. An arrow that is not here does not exist.
private let allowedImports: [String: Set<String>] = [
    "CPinfoldLinux": [],
    "PinfoldLinux": ["Glibc", "CPinfoldLinux"],
    "PinfoldCgroups": ["Glibc", "PinfoldLinux"],
    "PinfoldJSON": [],
    "PinfoldCore": [],
    "PinfoldPolicy": ["PinfoldCore"],
    "PinfoldProtocol": ["PinfoldCore", "PinfoldJSON"],
    "PinfoldController": [
        "PinfoldCgroups", "PinfoldLinux", "PinfoldPolicy", "PinfoldProtocol", "PinfoldCore", "PinfoldJSON",
    ],
    "PinfoldACP": ["PinfoldJSON"],
    "PinfoldLauncher": ["PinfoldACP", "PinfoldProtocol", "PinfoldLinux", "PinfoldCore", "PinfoldJSON"],
    "pinfold": [
        "PinfoldController", "PinfoldLauncher", "PinfoldPolicy", "PinfoldProtocol", "PinfoldCgroups", "PinfoldLinux",
        "PinfoldCore", "PinfoldJSON",
    ],
]

private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

private func swiftFiles(of target: String) throws -> [URL] {
    let folder = root.appending(path: "Sources").appending(path: target)
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    return paths.filter { $0.hasSuffix(".swift") }.map { folder.appending(path: $0) }
}

/// The modules that the lines of a Swift file import, whatever stands before or after the keyword.
private func imports(in text: String) -> Set<String> {
    var found: Set<String> = []
    for line in text.split(separator: "\n") {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let at = words.firstIndex(of: "import"), at + 1 < words.count else { continue }
        let before = words[..<at]
        guard before.allSatisfy({ ["public", "package", "internal", "private"].contains($0) || $0.hasPrefix("@") })
        else { continue }
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let name = kinds.contains(words[at + 1]) && at + 2 < words.count ? words[at + 2] : words[at + 1]
        found.insert(String(name.split(separator: ".")[0]))
    }
    return found
}

@Suite struct ImportTests {
    @Test func everyFolderOfSourcesIsInTheTable() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "Sources").path)
        #expect(Set(folders) == Set(allowedImports.keys))
    }

    @Test(arguments: allowedImports.keys.sorted())
    func targetImportsOnlyWhatTheDesignAllows(target: String) throws {
        let allowed = try #require(allowedImports[target])
        for file in try swiftFiles(of: target) {
            let extra = imports(in: try String(contentsOf: file, encoding: .utf8)).subtracting(allowed)
            #expect(extra.isEmpty, "\(file.lastPathComponent) imports \(extra.sorted())")
        }
    }

    @Test func tableOnThePageIsTheOneHere() throws {
        let rows = try DocumentPage("architecture.md").rows(below: "Architecture")
        let documented = rows.map { row in
            (row[0].code, row[1] == "-" ? [] : Set(row[1].components(separatedBy: ", ").map(\.code)))
        }
        #expect(Dictionary(uniqueKeysWithValues: documented) == allowedImports)
    }

    @Test(arguments: [
        ("import Foundation", "Foundation"), ("@_exported import Glibc", "Glibc"),
        ("public import struct PinfoldCore.Instant", "PinfoldCore"), ("  internal import Dispatch", "Dispatch"),
    ])
    func importLineIsSeenInEveryForm(line: String, module: String) {
        #expect(imports(in: line) == [module])
    }
}
