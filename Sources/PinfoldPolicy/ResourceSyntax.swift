import PinfoldCore

/// `TasksMax=`: a number, a share of what the system allows, or `infinity`.
enum TaskSyntax {
    /// The kernel has no more numbers for processes (`PID_MAX_LIMIT`), and refuses a larger limit.
    static let most: UInt64 = 4_194_304

    static func read(_ text: String) throws(ValueProblem) -> TaskAmount {
        if text == "infinity" { return .infinity }
        if text.last == "%" {
            let share = try ValueSyntax.percent(text, atMost: 10_000)
            guard share > 0 else { throw ValueProblem("allows no process at all; write for example 10%") }
            return .share(UInt32(share))
        }
        guard let count = UInt64(text), text.first != "+", count > 0 else {
            throw ValueProblem("is not a number of processes; write for example 512, 10% or infinity")
        }
        guard count <= most else {
            throw ValueProblem("is more than the kernel has numbers for; write at most \(most), or infinity")
        }
        return .count(count)
    }

    static func write(_ amount: TaskAmount) -> String {
        switch amount {
        case .count(let count): "\(count)"
        case .share(let share): ValueSyntax.writePercent(UInt64(share))
        case .infinity: "infinity"
        }
    }

    static func isMore(_ old: TaskAmount, _ new: TaskAmount) -> Bool {
        switch (old, new) {
        case (.infinity, _): false
        case (_, .infinity): true
        case (.count(let before), .count(let after)): after > before
        case (.share(let before), .share(let after)): after > before
        case (.count, .share), (.share, .count): true
        }
    }
}

/// `CPUWeight=`: 1 to 10 000, or `idle`.
enum CPUWeightSyntax {
    static func read(_ text: String) throws(ValueProblem) -> CPUWeight? {
        if text == "idle" { return .idle }
        guard let weight = UInt64(text), text.first != "+", (1...10_000).contains(weight) else {
            throw ValueProblem("is neither a whole number from 1 to 10000 nor idle")
        }
        return .weight(weight)
    }

    static func write(_ weight: CPUWeight?) -> String {
        switch weight {
        case nil: ""
        case .idle?: "idle"
        case .weight(let number)?: "\(number)"
        }
    }

    /// The weight as the kernel weighs it: 100 if not set.
    static func order(_ weight: CPUWeight?) -> UInt64 {
        switch weight {
        case nil: 100
        case .idle?: 0
        case .weight(let number)?: number
        }
    }
}
