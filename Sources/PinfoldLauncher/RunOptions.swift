package import PinfoldLinux
package import PinfoldProtocol

/// What `pinfold run` was asked to do.
package struct RunOptions: Sendable {
    /// What becomes of our standard input.
    package enum Input: String, CaseIterable, Sendable {
        /// Passed on where it is not a terminal, so that it can be closed and counts as activity.
        case relay
        /// Left to the command alone.
        case inherit
    }

    package var open: OpenRequest
    package var command: Command
    package var socket: String
    package var input: Input

    package init(open: OpenRequest, command: Command, socket: String, input: Input) {
        self.open = open
        self.command = command
        self.socket = socket
        self.input = input
    }
}

/// What `pinfold acp` was asked to do.
package struct RelayOptions: Sendable {
    package var open: OpenRequest
    package var command: Command
    package var socket: String
    /// Whether the conversations of a former launcher go on.
    package var resumes: Bool
    /// Bytes of the longest line that is passed on.
    package var lineCap: Int
    /// How long an agent may send nothing while it is initialized.
    package var responseTimeout: Duration

    package init(
        open: OpenRequest, command: Command, socket: String, resumes: Bool, lineCap: Int, responseTimeout: Duration
    ) {
        self.open = open
        self.command = command
        self.socket = socket
        self.resumes = resumes
        self.lineCap = lineCap
        self.responseTimeout = responseTimeout
    }
}

/// Why a launcher leaves without its command having run, and with which exit status.
package struct LaunchFailure: Error, Sendable, CustomStringConvertible {
    package let description: String
    package let exitCode: Int32

    init(_ description: String, exitCode: Int32) {
        self.description = description
        self.exitCode = exitCode
    }
}
