import Glibc

/// Leaves with an exit status. The corresponding C function is `exit`.
package func exitProcess(_ status: Int32) -> Never {
    exit(status)
}
