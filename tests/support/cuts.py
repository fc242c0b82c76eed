"""Files that stop working at a chosen call, as a kill or a full disk has it."""

from journal.disk.files import OsFiles


class Cut(BaseException):
    """The power is gone."""


class CutFiles:
    """Files that work until the n-th changing call and raise at it and at every call after."""

    CHANGING = frozenset(
        [
            "create",
            "overwrite",
            "sync",
            "sync_folder",
            "make_folder",
            "replace",
            "remove",
            "remove_folder",
            "open_append",
            "open_note",
        ]
    )

    def __init__(self, calls_left, *, error=Cut, dead=True, files=None):
        self.files = files or OsFiles()
        self.calls_left = calls_left
        self.error = error
        self.dead = dead
        self.log = []

    def _call(self, name):
        if self.calls_left == 0:
            if self.dead:
                raise self.error()
            self.calls_left = -1
            raise self.error()
        if self.calls_left > 0:
            self.calls_left -= 1
        self.log.append(name)

    def __getattr__(self, name):
        target = getattr(self.files, name)
        if name not in self.CHANGING:
            return target

        def call(*arguments, **options):
            self._call(name)
            result = target(*arguments, **options)
            if name == "open_append":
                return CutOpenFile(self, result)
            return CutNote(self, result) if name == "open_note" else result

        return call


class CutOpenFile:
    def __init__(self, owner, file):
        self.owner, self.file = owner, file

    def write(self, data):
        self.owner._call("write")
        self.file.write(data)

    def sync(self):
        self.owner._call("sync")
        self.file.sync()

    def __getattr__(self, name):
        return getattr(self.file, name)


class CutNote:
    def __init__(self, owner, note):
        self.owner, self.note = owner, note

    def write(self, offset, data):
        self.owner._call("write")
        self.note.write(offset, data)

    def __getattr__(self, name):
        return getattr(self.note, name)
