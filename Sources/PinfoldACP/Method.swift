/// The method of a message. Only methods that the relay acts on have a case of their own.
package enum Method: Hashable, Sendable {
    case initialize
    case authenticate(String)
    case logout
    case newSession, fork, load, resume, close, delete, list
    case prompt, cancel
    /// Something chosen for a conversation, by the method's name: `session/set_mode`, `session/set_config_option`.
    case choose(String)
    case update
    /// A human is asked: `session/request_permission`, `elicitation/create`.
    case askHuman(String)
    case cancelRequest
    case other(String)

    package init(_ name: String) {
        self =
            switch name {
            case "initialize": .initialize
            case "authenticate", "auth/login": .authenticate(name)
            case "logout", "auth/logout": .logout
            case "session/new": .newSession
            case "session/fork": .fork
            case "session/load": .load
            case "session/resume": .resume
            case "session/close": .close
            case "session/delete": .delete
            case "session/list": .list
            case "session/prompt": .prompt
            case "session/cancel": .cancel
            case "session/set_mode", "session/set_config_option", "session/set_model": .choose(name)
            case "session/update": .update
            case "session/request_permission", "elicitation/create": .askHuman(name)
            case "$/cancel_request": .cancelRequest
            default: .other(name)
            }
    }

    /// Whether it is never answered.
    var isNotification: Bool {
        switch self {
        case .cancel, .update, .cancelRequest: true
        default: false
        }
    }

    /// Whether the request opens its session itself, so that it need not be resumed first.
    var opensItself: Bool {
        switch self {
        case .load, .resume, .delete, .close: true
        default: false
        }
    }
}
