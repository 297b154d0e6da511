"""Packages from the package index, each in a virtual environment that is made once and kept."""

import fcntl
import glob
import os
import shutil
import subprocess
import sys
import time

from .failures import Skipped

# After a failure nobody tries again for so long: ten tests would each wait for the same timeout.
PAUSE = 600


def cache():
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pinfold")


def kept(name, make):
    """The folder of that name in the cache; `make` fills it where it is not there yet.

    Raises Skipped with the reason of `make`, then and for a while after.
    """
    folder = os.path.join(cache(), name)
    os.makedirs(cache(), exist_ok=True)
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(folder):
            _make(folder, make)
    return folder


def _make(folder, make):
    failed = f"{folder}.failed"
    if os.path.exists(failed) and time.time() - os.path.getmtime(failed) < PAUSE:
        with open(failed, encoding="utf-8") as file:
            raise Skipped(file.read())
    made = f"{folder}.new"
    shutil.rmtree(made, ignore_errors=True)
    try:
        make(made)
    except Skipped as reason:
        with open(failed, "w", encoding="utf-8") as file:
            file.write(str(reason))
        raise
    os.rename(made, folder)


def install(folder, package, python=sys.executable, *options):
    """Makes a virtual environment with one package; returns its interpreter. The index is the one pip is set up for."""
    run(python, "-m", "venv", folder)
    inside = os.path.join(folder, "bin", "python")
    run(inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, package)
    return inside


def run(*words):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [""])[-1]
        raise Skipped(f"{words[-1]} cannot be had: {' '.join(words[1:4])} left with {done.returncode}: {last}")


def interpreter(version):
    """The path of a Python of that version, such as "3.13", whether or not it is the one that is on the path.

    Raises Skipped where this machine has none.
    """
    versions = os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions")
    places = [f"python{version}", *sorted(glob.glob(os.path.join(versions, f"{version}.*", "bin", "python3")))]
    for place in places:
        try:
            # One that is on the path may be a stand-in that says there is none.
            found = subprocess.run(
                [place, "-c", "import sys, venv; print(sys.executable)"], capture_output=True, text=True, check=False
            )
        except OSError:
            continue
        if found.returncode == 0:
            return found.stdout.strip()
    raise Skipped(f"there is no Python {version} here")
