"""Tests by name."""

from . import machine


class Test:
    def __init__(self, name, body, needs, settings):
        self.name = name
        self.body = body
        self.needs = needs
        self.settings = settings

    def missing(self):
        """What this test needs and this machine has not; nothing where it can run."""
        return None if self.needs == "agent" else machine.why_not()


ALL = {}


def scenario(body=None, *, cases=None, needs="relay", **settings):
    """Registers a test. Its name says condition and outcome, and so does what is printed.

    cases: names to arguments; one test for each. needs: "relay", or "agent" where the bare agent is enough and there
    is no controller. settings: those of `World`.
    """
    if needs == "agent":
        settings["has_controller"] = False

    def register(function):
        for case, arguments in (cases or {None: ()}).items():
            name = function.__name__ if case is None else f"{function.__name__}[{case}]"
            if name in ALL:
                raise ValueError(f"two tests are called {name}")
            ALL[name] = Test(name, lambda world, a=arguments: function(world, *a), needs, settings)
        return function

    return register(body) if body else register
