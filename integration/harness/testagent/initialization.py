"""What the agent says of itself in the answer to `initialize`."""


def initialization(version, options, bad):
    methods = [{"name": "Token", "description": "A token"}] if options.auth or "need-auth" in bad else []
    offered = _second(methods, bad) if version >= 2 else _first(methods, options, bad)
    return {"protocolVersion": 99 if "other-version" in bad else version, **offered, "authMethods": methods}


INFO = {"name": "test-agent", "version": "1.0.0"}


def _second(methods, bad):
    for method in methods:
        method |= {"methodId": "token", "type": "agent"}
    session = {"prompt": {}, "mcp": {"stdio": {}}, "additionalDirectories": {}}
    return {"info": INFO, "capabilities": {} if "drop-capabilities" in bad else {"session": session}}


def _first(methods, options, bad):
    for method in methods:
        method["id"] = "token"
    offered = {name: {} for name in ("list", "resume", "close") if getattr(options, name)}
    offered["additionalDirectories"] = {}
    loads = options.load
    if "drop-capabilities" in bad:
        loads = False
        offered.pop("resume", None)
    capabilities = {"loadSession": loads, "promptCapabilities": {"image": True}, "sessionCapabilities": offered}
    return {"agentCapabilities": capabilities, "agentInfo": INFO}
