/// The version of this program, sent by both ends of the socket.
package enum Version {
    package static let text = "0.1.0"
}
