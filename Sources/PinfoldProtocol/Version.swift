/// The version of this program: both ends of the socket say it.
package enum Version {
    package static let text = "0.1.0"
}
