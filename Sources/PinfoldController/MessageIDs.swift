import PinfoldCore

extension LoggedEvent.Name {
    /// One for each kind of event, for ever: `journalctl MESSAGE_ID=` and catalogs find them by it (sd-id128(3)).
    var messageID: String {
        switch self {
        case .queued: "8d49aaeb4a2e490598042a753e734794"
        case .refused: "ddfaa3ad759b4e2cbd0fae9219336296"
        case .admitted: "fcfc73cf680f499aa6f51de33f222046"
        case .started: "f08114466b9040a6ad1a90588373d444"
        case .busy: "2eab05f7e95e4acdbadad47b45890697"
        case .idle: "45c659c7fb594c9ea212c52e390031ea"
        case .waiting: "c4b16ab1ad1c4590a406598980bd3129"
        case .victimChosen: "26e3de0ccb014a3d9f37814fd401a044"
        case .nothingEvictable: "4653e1948754490d955aacbf407dda6a"
        case .stopping: "eab003652970433b838025744d17099e"
        case .stuck: "6c135cbda06d41728ca7e1846c002a16"
        case .suspended: "01432cfb7a1d4a889ebd5b76ee12d9ae"
        case .ended: "5ba08dbaaecf45029659e2f83651ad15"
        case .callFailed: "23e48bc3999e4d629bb0177dbd36dfe1"
        case .reinstated: "691be0ed782f4fe0a215d48c17f129f1"
        case .turnCancelled: "658afc8f048148c19ff18ce637382884"
        case .leaseLost: "0538697708214532a10374897323b44b"
        case .leaseTaken: "cd7eb09ead2f42b299c0fa6e7f5ce92d"
        case .tokenRefused: "f87c9d8d8b1449d8ac368cc567615dd9"
        case .limitChanged: "47ade2645e4d4eea9a77b67d7a7f8808"
        case .memoryEvent: "46934c3dd2534859aa8f71abe10e7c02"
        case .pinned: "199207a26e2c43aab12e3784494501d9"
        case .unpinned: "2e64ac14171e4129bf63594d87b295c6"
        case .frozen: "73f6be6a31034589be79d4ab29bab0bf"
        case .thawed: "b9a7dac660ed4848be230d98f6b77daf"
        case .reclaimed: "6920693e2fd44bf08b6b6f3de4fe8ee6"
        case .adopted: "529f329f3e0f46c5b9639d2cdc97cc68"
        case .policyReloaded: "11aeaf20c63f472590e3188dbbdbff8e"
        case .policyRejected: "4a7402ce47754e448c3194f949453535"
        case .recordSetAside: "79d7b40c55a149f1a00a7c25fedbc886"
        case .recordFailed: "7c31768c38464e2380239c2734912663"
        case .recordsKept: "4c58026f92224ed6b4b7b7a4cc68df54"
        }
    }
}
