"""What the agent keeps on disk: how often it lived, and its conversations."""

import fcntl
import json
import os


class Store:
    """A folder. Everything is written before it is answered, so it survives any death."""

    def __init__(self, folder):
        self._folder = folder
        os.makedirs(self._path("conversations"), exist_ok=True)
        self._lock = os.open(self._path("lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self.life = self._count_life()

    def _path(self, *parts):
        return os.path.join(self._folder, *parts)

    def _count_life(self):
        with self._locked(), open(self._path("lives"), "ab") as lives:
            lives.write(b".")
            return lives.tell()

    def _locked(self):
        return _Lock(self._lock)

    @property
    def gate(self):
        """A FIFO at which the agent waits until a test opens it."""
        path = self._path("gate")
        if not os.path.exists(path):
            os.mkfifo(path)
        return path

    def create(self, cwd, is_kept=True, unkept=0):
        """A conversation; `unkept` others have names and are not here."""
        with self._locked():
            number = len(os.listdir(self._path("conversations"))) + 1 + unkept
            conversation = Conversation(self, {"id": f"sess-{number}", "cwd": cwd}, is_kept)
            conversation.save()
            return conversation

    def copy(self, original):
        copy = self.create(original.cwd)
        copy.word, copy.history = original.word, list(original.history)
        copy.save()
        return copy

    def load(self, name):
        """The conversation, or nothing where there is none of that name."""
        if "/" in name:
            return None
        try:
            with open(self._path("conversations", name), encoding="utf-8") as file:
                return Conversation(self, json.load(file))
        except FileNotFoundError:
            return None

    def names(self):
        return sorted(os.listdir(self._path("conversations")), key=lambda name: int(name.rpartition("-")[2]))

    def write(self, name, value):
        temporary = self._path(f".{name}.{os.getpid()}")
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(value, file)
        os.replace(temporary, self._path("conversations", name))


class _Lock:
    def __init__(self, descriptor):
        self._descriptor = descriptor

    def __enter__(self):
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __exit__(self, *_):
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)


class Conversation:
    def __init__(self, store, state, is_kept=True):
        self._store = store
        self.is_kept = is_kept
        self.name = state["id"]
        self.cwd = state["cwd"]
        self.word = state.get("word")
        self.history = state.get("history", [])
        self.prompt_ids = state.get("promptIDs", [])

    @property
    def prompts(self):
        return sum(1 for role, _ in self.history if role == "user")

    def add(self, role, text):
        """Appends an entry; returns its number, from 1."""
        self.history.append([role, text])
        self.save()
        return len(self.history)

    def save(self):
        if not self.is_kept:
            return
        state = {
            "id": self.name,
            "cwd": self.cwd,
            "word": self.word,
            "history": self.history,
            "promptIDs": self.prompt_ids,
        }
        self._store.write(self.name, state)
