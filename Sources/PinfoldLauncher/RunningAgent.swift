import PinfoldLinux
import PinfoldProtocol

/// An agent that runs, with both ends of its conversation.
struct RunningAgent: ~Copyable {
    var command: RunningCommand
    var output: LineReader
    private(set) var input: LineWriter?
    /// Its input ends once it has all that was written.
    var closesInput = false

    init(
        _ launch: consuming Launch, _ options: RelayOptions, _ grant: LeaseEvent.Grant, _ spawn: SpawnOptions,
        _ poller: borrowing Poller
    ) throws {
        let toAgent = try Pipe()
        let fromAgent = try Pipe()
        var spawn = spawn
        spawn.standardInput = toAgent.reading.number
        spawn.standardOutput = fromAgent.writing.number
        try toAgent.writing.setNonBlocking(true)
        try fromAgent.reading.setNonBlocking(true)
        command = try launch.start(options.command, spawn, granted: grant, token: nil, poller)
        output = LineReader(fromAgent.reading, token: LaunchToken.agentOutput, cap: options.lineCap)
        let writer = LineWriter(toAgent.writing, token: LaunchToken.agentInput)
        writer.watch(poller)
        input = consume writer
    }

    var isFull: Bool {
        switch input {
        case .some(let input): input.isFull
        case .none: false
        }
    }

    mutating func append(_ line: [UInt8], endsLine: Bool) {
        input?.append(line, endsLine: endsLine)
    }

    mutating func flushInput(_ poller: borrowing Poller) {
        input?.flush(poller)
        if isDoneWithInput { closeInput(poller) }
    }

    private var isDoneWithInput: Bool {
        switch input {
        case .some(let input): input.isEmpty && (closesInput || input.isBroken)
        case .none: false
        }
    }

    mutating func closeInput(_ poller: borrowing Poller) {
        input.take()?.close(poller)
    }

    /// Nothing more is received from it.
    mutating func forget(_ poller: borrowing Poller) {
        closeInput(poller)
        try? output.watch(false, poller)
        command.forget(poller)
    }
}
