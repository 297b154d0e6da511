import PinfoldLinux

/// The processors of this machine.
enum SystemProcessors {
    /// Those that are online, as the kernel writes them: `0-3`.
    static func online() -> String? {
        guard let text = try? OwnedDescriptor.open("/sys/devices/system/cpu/online", .read).readToEnd() else {
            return nil
        }
        return String(String(decoding: text.prefix(256), as: UTF8.self).prefix { !$0.isNewline })
    }
}
