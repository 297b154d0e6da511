"""What a test may come to, other than well."""


class Failed(Exception):
    """A test's expectation does not hold."""


class Skipped(Exception):
    """What a test needs is not there; the reason is the message."""


class RequestFailed(Failed):
    """A request was answered with an error."""

    def __init__(self, error):
        super().__init__(f"answered with error {error}")
        self.error = error
        self.code = error.get("code")
        self.message = error.get("message", "")
        data = error.get("data")
        self.pinfold = data.get("pinfold", {}) if isinstance(data, dict) else {}


def expect(condition, what):
    if not condition:
        raise Failed(what() if callable(what) else what)


def expect_equal(found, wanted, what="it"):
    if found != wanted:
        raise Failed(f"{what} is {_short(found)}, not {_short(wanted)}")


def expect_same(found, wanted, what):
    """Holds two sequences to each other, and names the first place where they differ."""
    for number, (one, other) in enumerate(zip(found, wanted, strict=False), 1):
        expect_equal(one, other, f"{what} {number}")
    expect_equal(len(found), len(wanted), f"the number of them: {what}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 400 else text[:200] + f" …{len(text)} characters… " + text[-200:]
