package import PinfoldCore
package import PinfoldJSON

extension Cause {
    /// `{"kind": …, "message": …, …numbers}`.
    package var json: JSON {
        var object: JSONObject = ["kind": .string(kind.rawValue), "message": .string(message)]
        for number in numbers { object[number.name] = JSON(number.value) }
        return .object(object)
    }

    package init(json object: JSONObject) throws(JSONDecodingError) {
        var numbers: [Number] = []
        for key in object.keys where key != "kind" && key != "message" {
            numbers.append(Number(key, try object.required(key, as: .int64)))
        }
        self.init(
            kind: try object.required("kind", as: .oneOf(Kind.self)),
            message: try object.required("message", as: .string),
            numbers: numbers)
    }
}

extension LoggedEvent {
    /// One line of the event log.
    ///
    /// - Parameter time: RFC 3339, UTC.
    package func json(time: String) -> JSON {
        var object: JSONObject = [
            "time": .string(time), "event": .string(name.rawValue), "session": JSON(session?.text), "life": JSON(life),
        ]
        for detail in details {
            switch detail.value {
            case .number(let number): object[detail.name] = JSON(number)
            case .text(let text): object[detail.name] = .string(text)
            case .flag(let flag): object[detail.name] = .bool(flag)
            }
        }
        return .object(object)
    }
}
