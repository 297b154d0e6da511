// The entry point of the fuzzer for PinfoldJSON; compiled together with that module's sources by `integration/fuzz/json`.

/// Checks everything that must hold for any bytes at all. Whatever does not hold stops the program, which libFuzzer
/// reports with the input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    // One byte chooses the depth, so that the limit is met inside small inputs too; it is not part of the text.
    guard let choice = input.last else { return 0 }
    let limits = choice & 3 == 0 ? JSONLimits(depth: Int(choice >> 4)) : JSONLimits()
    check(Array(input.dropLast()), limits)
    return 0
}

private func check(_ text: [UInt8], _ limits: JSONLimits) {
    let scanner = JSONScanner(limits: limits)
    let parsed = Result { () throws(JSONError) in try JSON.parse(text, limits: limits) }
    let scanned = Result { () throws(JSONError) in try scanner.value(in: text.span) }
    switch (parsed, scanned) {
    case (.success(let value), .success(let slice)):
        // The one thing the standard library can judge by itself; parser and scanner would be wrong together.
        precondition(String(validating: text, as: UTF8.self) != nil, "what was accepted is not UTF-8")
        checkRoundTrip(value)
        checkScan(value, text, slice, scanner)
        checkEdit(value, text, scanner)
    case (.failure(let error), .failure(let other)):
        checkPosition(error, text)
        if case .repeatedKey = error.problem { return }
        precondition(error == other, "the parser says \(error), the scanner says \(other)")
    case (.failure(let error), .success):
        guard case .repeatedKey = error.problem else { preconditionFailure("only the parser says: \(error)") }
        checkPosition(error, text)
    case (.success, .failure(let error)): preconditionFailure("only the scanner says: \(error)")
    }
}

private func checkRoundTrip(_ value: JSON) {
    let compact = value.serialized()
    precondition(!compact.contains { $0 < 0x20 || $0 == 0x7F }, "a control character came through")
    guard let again = try? JSON.parse(compact) else { preconditionFailure("what was written is not JSON") }
    precondition(again == value, "what was read back is not what was written")
    precondition(again.hashValue == value.hashValue, "equal values hash apart")
    precondition(again.serialized() == compact, "writing twice gives two texts")
    let pretty = value.serialized(JSONStyle(isPretty: true, sortsKeys: true))
    guard let other = try? JSON.parse(pretty) else { preconditionFailure("the pretty form is not JSON") }
    precondition(other == value, "the pretty form says something else")
}

/// Walks down a text by ranges beside the tree that was parsed from it.
private func checkScan(_ value: JSON, _ text: [UInt8], _ slice: JSONSlice, _ scanner: JSONScanner) {
    precondition(slice.kind == value.kind, "the kinds differ")
    switch value {
    case .null: break
    case .bool(let bool): precondition(require { try scanner.bool(in: text.span, at: slice.range) } == bool)
    case .number(let number):
        precondition(require { try scanner.number(in: text.span, at: slice.range) } == number)
        checkNumber(number)
    case .string(let string):
        let scanned = require { try scanner.string(in: text.span, at: slice.range) }
        precondition(JSON.string(scanned) == .string(string))
    case .array(let array):
        let elements = require { try scanner.elements(in: text.span, at: slice.range) }
        precondition(elements.count == array.count)
        for (element, value) in zip(elements, array) { checkScan(value, text, element, scanner) }
    case .object(let object):
        let members = require { try scanner.members(in: text.span, at: slice.range) }
        precondition(members.count == object.count)
        for (member, (key, value)) in zip(members, object) {
            precondition(JSON.string(member.key) == .string(key))
            precondition(require { try JSON.parse(text.span, at: member.keyRange) } == .string(key))
            checkScan(value, text, member.value, scanner)
        }
    }
}

private func checkNumber(_ number: JSONNumber) {
    precondition(JSONNumber(text: number.text) == number)
    if let value = number.int64 {
        precondition(value < 0 ? number.uint64 == nil : number.uint64 == UInt64(value))
        // The nearest double of an integer is the same, however the integer is written.
        if let double = number.double { precondition(double == Double(value)) }
    }
    if let value = number.uint64, let double = number.double { precondition(double == Double(value)) }
}

private func checkEdit(_ value: JSON, _ text: [UInt8], _ scanner: JSONScanner) {
    guard var object = value.object else { return }
    let members = require { try scanner.members(in: text.span) }
    for key in ["a", members.last?.key ?? ""] {
        let edit = require { try scanner.edit(setting: key, to: Array("[]".utf8), in: text.span) }
        let edited = JSONEdit.apply([edit], to: text.span)
        precondition(edited.prefix(edit.range.lowerBound) == text.prefix(edit.range.lowerBound))
        precondition(
            edited.suffix(text.count - edit.range.upperBound) == text.suffix(text.count - edit.range.upperBound))
        let before = object
        object[key] = []
        guard let read = try? JSON.parse(edited) else { preconditionFailure("the edit broke the text") }
        precondition(read.serialized() == JSON.object(object).serialized(), "the edit did something else")
        object = before
    }
}

/// An error stands inside the text or at its end, and where its line and column say.
private func checkPosition(_ error: JSONError, _ text: [UInt8]) {
    precondition(error.position.offset >= 0 && error.position.offset <= text.count)
    let lines = String(decoding: text[..<error.position.offset], as: UTF8.self).unicodeScalars.split(
        separator: "\n", omittingEmptySubsequences: false)
    precondition(error.position.line == lines.count, "the line is wrong")
    precondition(error.position.column == (lines.last?.count ?? 0) + 1, "the column is wrong")
    precondition(!error.description.isEmpty)
}

private func require<Value>(_ body: () throws -> Value) -> Value {
    do {
        return try body()
    } catch {
        preconditionFailure("the scanner refuses what it has accepted: \(error)")
    }
}
