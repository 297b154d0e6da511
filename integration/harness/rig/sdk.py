"""The official SDK of ACP for Python, in a virtual environment that is made once and kept."""

import os
import shutil
import sys
import tarfile
import tempfile

from . import venv

PACKAGE = "agent-client-protocol==0.12.1"


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
        version = PACKAGE.partition("==")[2]
        return cls(venv.kept(f"acp-sdk-{version}-python{sys.version_info.major}.{sys.version_info.minor}", _make))


def _make(folder):
    python = venv.install(os.path.join(folder, "venv"), PACKAGE)
    _fetch_examples(python, folder)


def _fetch_examples(python, folder):
    """Its examples are in its source distribution alone."""
    name = PACKAGE.partition("==")[0]
    with tempfile.TemporaryDirectory() as temporary:
        venv.run(python, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary",
                 name, "--dest", temporary, PACKAGE)  # fmt: skip
        (archive,) = os.listdir(temporary)
        with tarfile.open(os.path.join(temporary, archive)) as tar:
            tar.extractall(temporary, filter="data")
        (source,) = (entry.path for entry in os.scandir(temporary) if entry.is_dir())
        shutil.copytree(os.path.join(source, "examples"), os.path.join(folder, "examples"))
