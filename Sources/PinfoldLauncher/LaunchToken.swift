/// What the launcher's poller watches.
enum LaunchToken {
    static let signals: UInt64 = 1
    static let lease: UInt64 = 2
    static let command: UInt64 = 3
    static let parent: UInt64 = 4
    static let input: UInt64 = 5
    static let inputSink: UInt64 = 6
    static let output: UInt64 = 7
    static let agentInput: UInt64 = 8
    static let agentOutput: UInt64 = 9
}
