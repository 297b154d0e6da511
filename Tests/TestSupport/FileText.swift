import PinfoldLinux

/// The text of a file; Foundation's own way leaks a page for each file that has no size, which empty ones do not have
/// and those of /proc neither.
public func text(ofFile path: String) throws -> String {
    String(decoding: try OwnedDescriptor.open(path, .read).readToEnd(), as: UTF8.self)
}
