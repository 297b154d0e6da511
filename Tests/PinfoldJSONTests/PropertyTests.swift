import Foundation
import PinfoldJSON
import TestSupport
import Testing

/// What must hold for every value and every text. Each test walks through thousands of them from a seed of its own; a
/// failure prints the text.
@Suite struct PropertyTests {
    static let seeds: [UInt64] = [1, 2, 3, 4]

    @Test(arguments: seeds)
    func writtenValueReadsBackAsItself(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<1_000 {
            let value = generator.json()
            let compact = value.serialized()
            let read = try JSON.parse(compact)
            #expect(read == value)
            #expect(read.hashValue == value.hashValue)
            // Equality forgives another order; the bytes do not.
            #expect(read.serialized() == compact)
            #expect(!compact.contains { $0 < 0x20 || $0 == 0x7F })
            for style in [JSONStyle.pretty, JSONStyle(sortsKeys: true), JSONStyle(isPretty: true, sortsKeys: true)] {
                #expect(try JSON.parse(value.serialized(style)) == value)
            }
        }
    }

    @Test(arguments: seeds)
    func valueReadsTheSameHoweverItIsWritten(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed + 100)
        for _ in 0..<1_000 {
            let value = generator.json()
            let text = generator.write(value)
            let read = try JSON.parse(text)
            #expect(read.serialized() == value.serialized(), "\(String(decoding: text, as: UTF8.self))")
        }
    }

    @Test(arguments: seeds)
    func scannerAgreesWithParser(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed + 200)
        var accepted = 0
        var refused = 0
        for _ in 0..<2_000 {
            let sound = generator.write(generator.json())
            let text = generator.chance(60) ? generator.mutate(sound) : sound
            if try scannerAgreesWithParser(on: text) { accepted += 1 } else { refused += 1 }
        }
        // Neither side may be all there is.
        #expect(accepted > 400 && refused > 400)
    }

    /// Checks one text and tells whether it is JSON.
    private func scannerAgreesWithParser(on text: [UInt8]) throws -> Bool {
        let scanner = JSONScanner()
        let shown = Comment(rawValue: String(decoding: text, as: UTF8.self))
        let parsed = Result { () throws(JSONError) in try JSON.parse(text) }
        let scanned = Result { () throws(JSONError) in try scanner.value(in: text.span) }
        switch (parsed, scanned) {
        case (.success(let value), .success(let found)):
            #expect(found.kind == value.kind, shown)
            try compare(value, text, found, scanner)
            return true
        case (.failure(let error), .failure(let other)):
            if case .repeatedKey = error.problem { return false }
            #expect(error == other, shown)
        case (.failure(let error), .success):
            guard case .repeatedKey = error.problem else {
                Issue.record("only the scanner accepts: \(shown)")
                break
            }
        case (.success, .failure): Issue.record("only the parser accepts: \(shown)")
        }
        return false
    }

    /// Walks down a text by ranges beside the tree that was parsed from it.
    private func compare(_ value: JSON, _ text: [UInt8], _ slice: JSONSlice, _ scanner: JSONScanner) throws {
        #expect(slice.kind == value.kind)
        #expect(try JSON.parse(text.span, at: slice.range) == value)
        switch value {
        case .null: break
        case .bool(let bool): #expect(try scanner.bool(in: text.span, at: slice.range) == bool)
        case .number(let number): #expect(try scanner.number(in: text.span, at: slice.range) == number)
        case .string(let string):
            #expect(try JSON.string(scanner.string(in: text.span, at: slice.range)) == .string(string))
        case .array(let array):
            let elements = try scanner.elements(in: text.span, at: slice.range)
            try #require(elements.count == array.count)
            for (element, value) in zip(elements, array) { try compare(value, text, element, scanner) }
        case .object(let object):
            let members = try scanner.members(in: text.span, at: slice.range)
            try #require(members.count == object.count)
            for (member, (key, value)) in zip(members, object) {
                #expect(JSON.string(member.key) == .string(key))
                #expect(try scanner.string(in: text.span, at: member.keyRange) == member.key)
                try compare(value, text, member.value, scanner)
            }
        }
    }

    @Test(arguments: seeds)
    func settingAMemberChangesThatMemberAlone(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed + 300)
        let scanner = JSONScanner()
        for _ in 0..<1_000 {
            let value = generator.json(depth: 2)
            guard var object = value.object else { continue }
            let text = generator.write(value)
            let key = generator.chance(50) ? object.keys.randomElement(using: &generator) ?? "" : generator.string()
            let new = generator.json(depth: 1)
            let edit = try scanner.edit(setting: key, to: generator.write(new), in: text.span)
            object[key] = new
            let edited = try JSON.parse(JSONEdit.apply([edit], to: text.span))
            #expect(edited.serialized() == JSON.object(object).serialized())
        }
    }

    /// Foundation's reader was written by others from the same RFC, so where the two agree it is not by copying a
    /// mistake. Kept apart is what Foundation does differently on purpose:
    /// - it takes the first of two equal keys, forgives a trailing comma, and reads a byte order mark, UTF-16 and UTF-32;
    /// - it makes a double or a decimal of each number, so one beyond the range of doubles is an error, and one of many
    ///   digits comes back rounded.
    @Test(arguments: seeds)
    func foundationAgrees(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed + 400)
        var compared = 0
        for _ in 0..<1_500 {
            let sound = generator.write(generator.json(depth: 3))
            let text = generator.chance(80) ? generator.mutate(sound) : sound
            // What makes Foundation guess another encoding.
            guard !text.prefix(4).contains(where: { $0 == 0 || $0 >= 0xEF }) else { continue }
            let shown = Comment(rawValue: String(decoding: text, as: UTF8.self))
            let theirs = try? JSONSerialization.jsonObject(with: Data(text), options: [.fragmentsAllowed])
            do throws(JSONError) {
                let ours = try JSON.parse(text)
                guard hasOnlyDoubles(ours) else { continue }
                #expect(theirs != nil, shown)
                compared += 1
                if let theirs { #expect(matches(ours, theirs), shown) }
            } catch {
                switch error.problem {
                case .repeatedKey, .trailingComma: continue
                default: break
                }
                #expect(theirs == nil, "\(error): \(shown)")
                compared += 1
            }
        }
        #expect(compared > 1_000)
    }

    private func hasOnlyDoubles(_ value: JSON) -> Bool {
        switch value {
        case .number(let number): number.double != nil
        case .array(let elements): elements.allSatisfy(hasOnlyDoubles)
        case .object(let object): object.allSatisfy { hasOnlyDoubles($0.value) }
        default: true
        }
    }

    private func isClose(_ theirs: Double, _ ours: Double?) -> Bool {
        ours.map { abs($0 - theirs) <= abs($0) * 1e-14 } ?? false
    }

    private func matches(_ ours: JSON, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let value): (theirs as? NSNumber)?.boolValue == value
        case .number(let number): (theirs as? NSNumber).map { isClose($0.doubleValue, number.double) } ?? false
        case .string(let text): (theirs as? String).map { Array($0.utf8) == Array(text.utf8) } ?? false
        case .array(let elements):
            (theirs as? [Any]).map { $0.count == elements.count && zip(elements, $0).allSatisfy(matches) } ?? false
        case .object(let object):
            // Keys that only String takes for equal are one in a dictionary.
            (theirs as? [String: Any]).map { dictionary in
                Set(object.keys).count != object.count
                    || dictionary.count == object.count
                        && object.allSatisfy { member in
                            dictionary[member.key].map { matches(member.value, $0) } ?? false
                        }
            } ?? false
        }
    }
}
