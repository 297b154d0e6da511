import PinfoldLinux

extension Cgroup {
    /// The text of a control file, without the line end.
    ///
    /// - Throws: EOPNOTSUPP where the file is there but means nothing now, such as `cgroup.procs` of a threaded cgroup.
    public borrowing func read(_ file: String) throws(CgroupError) -> FileResult<String> {
        do throws(Errno) {
            let bytes = try directory.open(file, .read).readToEnd()
            let trimmed = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
            return .value(String(decoding: trimmed, as: UTF8.self))
        } catch {
            if error.meansGone { return isGone ? .gone : .noFile }
            throw .failed("read", "\(path)/\(file)", error)
        }
    }

    /// Writes a value into a control file, in one call: the kernel takes it whole or not at all.
    @discardableResult
    public borrowing func write(_ file: String, _ value: String) throws(CgroupError) -> WriteResult {
        do throws(Errno) {
            _ = try directory.open(file, .write).write(Array(value.utf8))
            return .done
        } catch {
            if error.meansGone { return isGone ? .gone : .noFile }
            throw .failed("write", "\(path)/\(file)", error, value: value)
        }
    }

    /// A file that holds a number or `max`.
    public borrowing func amount(_ file: String) throws(CgroupError) -> FileResult<Amount> {
        let text = try read(file)
        if case .value(let text) = text, Amount(text) == nil { throw .malformed("\(path)/\(file)", text) }
        return text.compactMap { Amount($0) }
    }
}

/// What a control file with one value holds.
public enum Amount: Sendable, Hashable {
    /// No limit.
    case max
    /// Bytes, processes or whatever the file counts.
    case number(UInt64)

    /// Reads `max` or a decimal number; nil for anything else.
    public init?(_ text: some StringProtocol) {
        if text == "max" {
            self = .max
        } else if let number = UInt64(text) {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The number, nil for ``max``.
    public var number: UInt64? {
        guard case .number(let number) = self else { return nil }
        return number
    }
}

extension Amount: CustomStringConvertible {
    /// As a control file takes it.
    public var description: String {
        switch self {
        case .max: "max"
        case .number(let number): String(number)
        }
    }
}

extension Amount: Comparable {
    /// ``max`` is more than any number.
    public static func < (left: Amount, right: Amount) -> Bool {
        switch (left, right) {
        case (.number(let left), .number(let right)): left < right
        case (.number, .max): true
        case (.max, _): false
        }
    }
}
