"""A small vocabulary for tests that drive the command line."""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from journal.cli import main


@dataclass
class Ended:
    """How a command line ended."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self):
        return json.loads(self.err.splitlines()[-1])["error"]


class Stream(io.TextIOWrapper):
    """A stream that says whether it is a terminal."""

    def __init__(self, data=b"", is_terminal=False):
        self.raw_bytes = io.BytesIO(data)
        self.is_terminal = is_terminal
        super().__init__(self.raw_bytes, encoding="utf-8", write_through=False)

    def isatty(self):
        return self.is_terminal

    @property
    def text(self):
        self.flush()
        return self.raw_bytes.getvalue().decode()


def until(is_so, seconds=30):
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends, "it did not come to be"
        time.sleep(0.01)


class Shell:
    """Runs command lines in this process, in a folder."""

    def __init__(self, folder, monkeypatch):
        self.folder = str(folder)
        self._monkeypatch = monkeypatch

    def __call__(self, *words, input="", terminal=False, status=0):
        """Run one; ``status`` None: any will do."""
        streams = {"stdin": Stream(input.encode()), "stdout": Stream(b"", terminal), "stderr": Stream(b"", terminal)}
        with self._monkeypatch.context() as patch:
            for name, stream in streams.items():
                patch.setattr(sys, name, stream)
            patch.chdir(self.folder)
            ended = Ended(main([str(word) for word in words]), "", "")
        ended.out, ended.err = streams["stdout"].text, streams["stderr"].text
        assert status is None or ended.status == status, (words, ended)
        return ended

    def git(self, *words):
        return subprocess.run(["git", *words], cwd=self.folder, capture_output=True, check=True, text=True).stdout

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def store(self, *parts):
        return os.path.join(self.folder, ".journal", *parts)

    @contextlib.contextmanager
    def started(self, *words, **options):
        """Start it as a process of its own, which ends with the block at the latest."""
        command = [sys.executable, "-m", "journal.cli", *words]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(command, cwd=self.folder, **(pipes | options)) as process:
            try:
                yield process
            finally:
                process.kill()

    def process(self, *words, **options):
        """Run it as a process of its own."""
        with self.started(*words, **options) as process:
            out, err = process.communicate(timeout=30)
        return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())
