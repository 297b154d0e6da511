import CTestSupport

/// Runs something as another user, with this thread alone; nil for ourselves. Only root may be somebody else.
package func acting<Result: ~Copyable>(as user: UInt32?, _ body: () throws -> Result) throws -> Result {
    guard let user else { return try body() }
    guard test_act_as(user) == 0 else { throw Missing("the right to act as \(user)") }
    defer { _ = test_act_as(0) }
    return try body()
}
