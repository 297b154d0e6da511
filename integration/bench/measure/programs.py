"""What is measured, and what it is measured with: both built here."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
ROOT = os.path.dirname(os.path.dirname(HERE))


def pinfold():
    """The release build, made now, or what PINFOLD names."""
    named = os.environ.get("PINFOLD")
    if named:
        return os.path.realpath(named)
    # A virtual machine has the files of the machine that it was started on, where this was done.
    if "PINFOLD_VM" not in os.environ:
        subprocess.run(["swift", "build", "-c", "release", "--product", "pinfold", "--quiet"], cwd=ROOT, check=True)
    return os.path.join(ROOT, ".build", "release", "pinfold")


def program(name):
    """One of the C programs beside this."""
    sources = [os.path.join(HERE, "programs", file) for file in (f"{name}.c", "clock.h")]
    built = os.path.join(ROOT, ".build", "programs", name)
    if not os.path.exists(built) or os.path.getmtime(built) < max(map(os.path.getmtime, sources)):
        os.makedirs(os.path.dirname(built), exist_ok=True)
        compiler = next(filter(shutil.which, ("clang", "gcc", "cc")))
        subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", f"{built}.new", sources[0]], check=True)
        os.replace(f"{built}.new", built)
    return built


def prepare(*names):
    """Builds all of it; for a virtual machine that is about to be started."""
    pinfold()
    for name in names:
        program(name)
