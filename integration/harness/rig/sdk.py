"""The official SDK of ACP for Python, in a virtual environment that is made once and kept."""

import fcntl
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

from .failures import Skipped

PACKAGE = "agent-client-protocol==0.12.1"
# After a failure nobody tries again for so long: ten tests would each wait for the same timeout.
PAUSE = 600


class SDK:
    """Its interpreter, and the folder with its own examples."""

    def __init__(self, folder):
        self.python = os.path.join(folder, "venv", "bin", "python")
        self.examples = os.path.join(folder, "examples")

    @classmethod
    def get(cls):
        """Makes it where it is not there yet.

        Raises Skipped with pip's own words where it cannot be had.
        """
        cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        version = PACKAGE.partition("==")[2]
        folder = os.path.join(
            cache, "pinfold", f"acp-sdk-{version}-python{sys.version_info.major}.{sys.version_info.minor}"
        )
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        with open(f"{folder}.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(folder):
                _make(folder)
        return cls(folder)


def _make(folder):
    failed = f"{folder}.failed"
    if os.path.exists(failed) and time.time() - os.path.getmtime(failed) < PAUSE:
        with open(failed, encoding="utf-8") as file:
            raise Skipped(file.read())
    made = f"{folder}.new"
    shutil.rmtree(made, ignore_errors=True)
    try:
        _run(sys.executable, "-m", "venv", os.path.join(made, "venv"))
        python = os.path.join(made, "venv", "bin", "python")
        _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE)
        _fetch_examples(python, made)
    except Skipped as reason:
        with open(failed, "w", encoding="utf-8") as file:
            file.write(str(reason))
        raise
    os.rename(made, folder)


def _fetch_examples(python, folder):
    """Its examples are in its source distribution alone."""
    name = PACKAGE.partition("==")[0]
    with tempfile.TemporaryDirectory() as temporary:
        _run(python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", name,
             "--dest", temporary, PACKAGE)  # fmt: skip
        (archive,) = os.listdir(temporary)
        with tarfile.open(os.path.join(temporary, archive)) as tar:
            tar.extractall(temporary, filter="data")
        (source,) = (entry.path for entry in os.scandir(temporary) if entry.is_dir())
        shutil.copytree(os.path.join(source, "examples"), os.path.join(folder, "examples"))


def _run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Skipped(f"the SDK cannot be had: {' '.join(words[1:4])} left with {done.returncode}: {last}")
