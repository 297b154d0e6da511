"""The agents: where each comes from, how it is started, and what it is configured with."""

import json
import os

from rig import venv

from .model import MODEL

KEY = "no-secret"


class RealAgent:
    """One agent of the package index.

    package: with its version, and its extra where ACP is one. python: the version that it runs with. slash: a command
    that it answers without the model. forks: whether it offers session/fork. saves: when a conversation is on disk first:
    "at once", "with a command" or "with a prompt". repeats_late: whether it sends parts of the history, now and then, after
    its answer to session/resume.
    """

    def __init__(self, package, python, command, configure, slash, forks, saves, repeats_late=False):
        self.name, _, self.version = package.partition("==")
        self.name = self.name.partition("[")[0]
        self._package = package
        self._python = python
        self._command = command
        self._configure = configure
        self.slash = slash
        self.forks = forks
        self.saves = saves
        self.repeats_late = repeats_late

    def get(self):
        """Installs it where it is not there yet; returns its folder. Raises Skipped where it cannot be had."""
        return venv.kept(f"{self.name}-{self.version}-python{self._python}", self._install)

    def _install(self, folder):
        # Most of what is installed is never imported: what is, is compiled when it is.
        venv.install(folder, self._package, venv.interpreter(self._python), "--no-compile")

    def command(self):
        program, *arguments = self._command
        # What pip wrote into its first line is where it was made, and it is elsewhere now.
        folder = os.path.join(self.get(), "bin")
        return [os.path.join(folder, "python"), os.path.join(folder, program), *arguments]

    def environment(self, home, url):
        """What it is started with; all that it keeps is in `home`."""
        kept = ("PATH", "LANG", "SSL_CERT_FILE")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": home, "NO_PROXY": "127.0.0.1", "PYTHONUNBUFFERED": "1"}
        return environment | self._configure(home, url)


def _write(home, name, text):
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def _vibe(home, url):
    _write(
        home,
        ".vibe/config.toml",
        f"""\
active_model = "test"
enable_telemetry = false
enable_update_checks = false
enable_auto_update = false

[[providers]]
name = "test"
api_base = "{url}"
api_key_env_var = "TEST_API_KEY"
backend = "generic"

[[models]]
name = "{MODEL}"
provider = "test"
alias = "test"
""",
    )
    return {"TEST_API_KEY": KEY}


def _agentao(home, url):
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url, "OPENAI_MODEL": MODEL}


def _hermes(home, url):
    _write(
        home,
        ".hermes/config.yaml",
        f"""\
model:
  provider: custom
  base_url: {url}
  default: {MODEL}
  api_key: {KEY}
""",
    )
    return {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url, "HERMES_HOME": os.path.join(home, ".hermes")}


def _kimi(home, url):
    _write(
        home,
        ".kimi/config.toml",
        f"""\
default_model = "test"

[models.test]
provider = "test"
model = "{MODEL}"
max_context_size = 100000

[providers.test]
type = "openai_legacy"
base_url = "{url}"
api_key = "{KEY}"
""",
    )
    # It opens conversations only where somebody has logged in once, whatever the model. Nobody gets to see this.
    login = {"access_token": KEY, "refresh_token": "", "expires_at": 0, "scope": "", "token_type": "Bearer"}
    _write(home, ".kimi/credentials/kimi-code.json", json.dumps(login))
    return {"KIMI_CLI_NO_AUTO_UPDATE": "1"}


AGENTS = [
    RealAgent("mistral-vibe==3.0.2", "3.13", ["vibe-acp"], _vibe, "/help", True, "with a prompt", repeats_late=True),
    RealAgent("agentao==0.5.17", "3.13", ["agentao", "--acp", "--stdio"], _agentao, "/help", False, "with a command"),
    RealAgent("hermes-agent[acp]==0.19.0", "3.13", ["hermes", "acp"], _hermes, "/help", forks=True, saves="at once"),
    RealAgent("kimi-cli==1.49.0", "3.13", ["kimi", "acp"], _kimi, "/yolo", forks=False, saves="at once"),
]
