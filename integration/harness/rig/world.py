"""A controller of a test's own, and everything that test starts below it."""

import json
import os
import shutil
import tempfile
import time

from . import machine
from .cgroups import Cgroup
from .events import Events
from .failures import Failed, Skipped
from .processes import kill, marked_processes
from .program import Program
from .talk import Talk, wrongly_delivered

# Short stages, so that what refuses to leave does not hold a test up.
POLICY = "Activity=acp stdin touch\nStdinCloseSec=2s\nTermSec=1s"


OVER = ("ended", "suspended")


class World:
    def __init__(self, pool="", policy="", base=POLICY, has_controller=True):
        self.marker = f"{os.getpid()}-{time.monotonic_ns()}"
        self.folder = tempfile.mkdtemp(prefix="pinfold-h-")
        self._programs = []
        self._controller = None
        self._followers = []
        self.talks = []
        self.slice = None
        if has_controller:
            try:
                self._begin(pool, f"{base}\n{policy}")
            except BaseException:
                self.close(is_well=False)
                raise

    def _begin(self, pool, policy):
        self.slice = Cgroup.make(f"pinfold-harness-{self.marker}")
        self._write_policies(pool, policy)
        self.serve()

    def _write_policies(self, pool, policy):
        os.mkdir(self.path("policies"))
        enforcement = "" if "memory" in machine.controllers() else "Enforcement=best\n"
        self.write("policies/pool.policy", f"[Pool]\n{enforcement}{pool}\n")
        self.write("policies/default.policy", f"[Session]\n{policy}\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    @property
    def environment(self):
        return {**os.environ, **self.marks}

    @property
    def marks(self):
        """What leads to the controller, and to what a test left behind, in whatever session, group or cgroup that is."""
        return {"PINFOLD_SOCKET": self.path("socket"), "PINFOLD_HARNESS": self.marker}

    # The controller

    def serve(self):
        words = [machine.pinfold(), "serve", "--slice", self.slice.path, "--policies", self.path("policies")]
        words += ["--state", self.path("state"), "--socket", self.path("socket")]
        self._controller = Program(words, self.environment, stdin=False)
        self._controller.await_error("pinfold: ready")

    def kill_controller(self):
        self._forget_followers()
        self._controller.close()
        self._controller = None

    def stop_controller(self):
        """SIGTERM; returns its status."""
        self._forget_followers()
        controller, self._controller = self._controller, None
        if controller is None:
            return 0
        try:
            controller.send_signal(15)
            return controller.wait()
        finally:
            controller.close()

    @property
    def controller_errors(self):
        return self._controller.errors.decode("utf-8", "replace") if self._controller else ""

    # Commands

    def pinfold(self, *words, patience=None):
        """Runs `pinfold` to its end; returns its status, its output and its errors."""
        program = Program([machine.pinfold(), *words], self.environment, stdin=False)
        try:
            status = program.wait(patience)
            return status, program.output.decode(), program.errors.decode()
        finally:
            program.close()

    def command(self, *words):
        """Runs `pinfold`, which must succeed; returns its output."""
        status, output, errors = self.pinfold(*words)
        if status != 0:
            raise Failed(f"pinfold {' '.join(words)} left with {status}: {errors}")
        return output

    def launch(self, *words, stdin=True):
        """Starts `pinfold` and leaves it running."""
        program = Program([machine.pinfold(), *words], self.environment, stdin)
        self._programs.append(program)
        return program

    def launch_shell(self, script):
        """Starts a shell script and leaves it running."""
        program = Program(["sh", "-c", script], self.environment, stdin=False)
        self._programs.append(program)
        return program

    def suspend(self, name="a"):
        """Evicts a session; returns when its life is over."""
        self.command("suspend", name)

    # Facts

    def needs_controller(self, name):
        if name not in machine.controllers():
            raise Skipped(f"the {name} controller is not on cgroup2 here")

    def sessions(self):
        return {one["id"]: one for one in json.loads(self.command("list", "--json"))["sessions"]}

    def session(self, name="a"):
        found = self.sessions().get(name)
        if found is None:
            raise Failed(f"there is no session '{name}'")
        return found

    def state(self, name="a"):
        return self.session(name)["state"]

    def await_over(self, name="a"):
        """Waits until a session has no life."""
        events = self.follow()
        while self.state(name) not in OVER:
            events.wait_for(OVER, name)

    def follow(self):
        """Events from now on, and those that are remembered."""
        follower = Events([machine.pinfold(), "events", "--json", "--follow"], self.environment)
        self._followers.append(follower)
        return follower

    def events(self):
        lines = self.command("events", "--json").splitlines()
        return [json.loads(line) for line in lines]

    def _forget_followers(self):
        for follower in self._followers:
            follower.close()
        self._followers = []

    # Agents

    def agent(self, name="a", *flags, version=1):
        """The test agent's command; agents of one name share their store, whatever life it is."""
        words = [*machine.AGENT, "--store", self.path(f"{name}.store"), "--log", self.path(f"{name}.log")]
        return [*words, "--version", str(version), *flags]

    def connect(self, words, name="a", version=1):
        talk = Talk(words, self.environment, self.path(f"{name}.log"), version, name)
        self.talks.append(talk)
        return talk

    def bare(self, *flags, name="a", version=1):
        """A client of the bare agent."""
        return self.connect(self.agent(name, *flags, version=version), name, version)

    def acp(self, *flags, name="a", version=1, relay=()):
        """A client of the agent behind `pinfold acp`, not yet begun.

        flags: the agent's; relay: those of `pinfold acp`.
        """
        command = self.agent(name, *flags, version=version)
        return self.relayed(command, name, version, relay)

    def relayed(self, command, name="a", version=1, relay=()):
        return self.connect([machine.pinfold(), "acp", "-s", name, *relay, "--", *command], name, version)

    def talk(self, *flags, name="a", version=1, relay=()):
        """The same, with a conversation open."""
        return self.acp(*flags, name=name, version=version, relay=relay).begin()

    def orphaned_launcher(self, name):
        """A shell whose child is a launcher with an open input; the launcher's parent, so to speak."""
        words = [machine.pinfold(), "acp", "-s", name, "--", *self.agent(name)]
        program = Program(["sh", "-c", 'exec 3<&0; "$@" <&3 & wait', "sh", *words], self.environment)
        self._programs.append(program)
        return program

    def open_gate(self, name="a"):
        """Lets an agent go on that waits at its gate; waits until it is there."""
        end = os.open(self.path(f"{name}.store/gate"), os.O_WRONLY)
        os.write(end, b"!")
        os.close(end)

    def forget_conversation(self, name, session):
        """Takes a conversation out of an agent's store."""
        os.remove(self.path(f"{name}.store/conversations/{session}"))

    def short_patience(self):
        """Flags of the relay for agents that never answer."""
        return ("--patience", "1s")

    # The end

    def close(self, is_well):
        """Ends everything, whatever happens on the way; returns what was wrong with the way it ended."""
        wrongs = []
        steps = [self._hang_up, self._broken_laws, self._wrong_deliveries, self._left_lives, self._leave_controller]
        for step in (steps if is_well else []) + [self._clear_programs, self._clear_processes, self._clear_slice]:
            try:
                wrongs += [wrong for wrong in step() if is_well]
            except (Failed, OSError) as error:
                wrongs.append(f"{step.__name__.strip('_')}: {error}")
        shutil.rmtree(self.folder, ignore_errors=True)
        return wrongs

    def _hang_up(self):
        """As clients do that have no more to say."""
        for talk in self.talks:
            try:
                if talk.status is None:
                    talk.hang_up()
            except Failed as failure:
                yield f"client of '{talk.name}' hung up: {failure}"

    def _broken_laws(self):
        for talk in self.talks:
            yield from (f"client of '{talk.name}': {law}" for law in talk.broken_laws())

    def _wrong_deliveries(self):
        by_agent = {}
        for talk in self.talks:
            by_agent.setdefault(talk.log.path, []).append(talk)
        for talks in by_agent.values():
            if not any(talk.laws_off for talk in talks):
                yield from wrongly_delivered(talks)

    def _left_lives(self):
        for program in self._programs:
            program.kill()
        if self._controller:
            for name, one in self.sessions().items():
                if one["state"] not in OVER:
                    self.command("kill", name)
            lives = self.slice.child("sessions").children()
            if lives:
                yield f"cgroups were left behind: {lives}"

    def _leave_controller(self):
        status = self.stop_controller()
        if status != 0:
            yield f"the controller left with {status}"

    def _clear_programs(self):
        self._forget_followers()
        for program in [*self.talks, *self._programs, self._controller]:
            if program:
                program.close()
        self._controller = None
        return []

    def _clear_processes(self):
        for pid, words in marked_processes(self.marker):
            kill(pid)
            yield f"process {pid} was left behind: {words}"

    def _clear_slice(self):
        if self.slice:
            self.slice.remove()
        return []
