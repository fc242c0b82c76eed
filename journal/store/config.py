"""``journal.toml``: the store's id and options (docs/format.md, "journal.toml")."""

import os
import re
from typing import Any, NamedTuple

from journal.disk.files import ReadFiles
from journal.errors import FormatError, NewerFormatError, StoreNotFoundError
from journal.format.limits import (
    COMPACT_BYTES_DEFAULT,
    COMPACT_SEGMENTS_DEFAULT,
    FORMAT,
    LFS_BYTES_MIN,
    ROLL_BYTES_DEFAULT,
)
from journal.state.value import STRATEGIES, Strategies
from journal.store.layout import CONFIG_FILE

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_COMPLETE = {"format": FORMAT, "store": "st_00000000"}
"""What a configuration cannot do without."""

_BYTES_MAX = 1 << 20
_ID_CHARACTERS = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")
# Compiled when they are needed: most readers of a store never are.
_FORMAT = rb"^[ \t]*format[ \t]*=[ \t]*(\d{1,9})[ \t]*(?:#.*)?\r?$"
_NEEDS = rb'^[ \t]*needs[ \t]*=[ \t]*"(\d[0-9A-Za-z.]{0,30})"'
_HINT = "mend the file in an editor"
_LINES_LOOKED_AT_MAX, _CHARACTERS_LOOKED_AT_MAX = 500, 1 << 16
_DOTS_MAX = 1000
"""In a line: each may begin a table within a table."""
DURABILITIES = ("sync", "os")
SCHEMA_MODES = ("refuse", "report")
"""What becomes of a write that does not fit its type's schema: it is refused, or doctor alone tells of it."""
PROJECTIONS = ("eager", "lazy")
STAGES = ("off", "dual", "primary")


class TypeOptions(NamedTuple):
    """What a store says of one entity type."""

    fanout: bool = False
    prefix: str | None = None
    merge: Strategies = {}  # noqa: RUF012 - never changed
    is_versioned: bool = False
    schema: str = "refuse"


class OldStoreOptions(NamedTuple):
    """The store of another tool that the journal stands beside (docs/format.md); ``path``: from the work tree."""

    kind: str
    path: str
    stage: str


class Config(NamedTuple):
    """The parsed file; sizes in bytes. ``lfs_bytes``: callers' blobs of so many go through git LFS, None: none do."""

    store: str
    format: int = FORMAT
    durability: str = "sync"
    projections: str = "eager"
    roll_bytes: int = ROLL_BYTES_DEFAULT
    auto_compact: bool = True
    compact_bytes: int = COMPACT_BYTES_DEFAULT
    compact_segments: int = COMPACT_SEGMENTS_DEFAULT
    lfs_bytes: int | None = None
    types: dict[str, TypeOptions] = {}  # noqa: RUF012 - never changed
    old_store: OldStoreOptions | None = None

    def strategies(self, type: str) -> Strategies:
        """Return the merge strategies of a type's fields."""
        options = self.types.get(type)
        return options.merge if options else {}

    def fanout(self, type: str) -> bool:
        """Tell whether a type's projections are spread over 256 folders."""
        options = self.types.get(type)
        return options is not None and options.fanout

    @property
    def versioned(self) -> tuple[str, ...]:
        """The types of which payloads have a version even if they say none."""
        return tuple(sorted(name for name, options in self.types.items() if options.is_versioned))

    def is_versioned(self, type: str) -> bool:
        """Tell whether payloads of a type have a version even if they say none: version 0."""
        options = self.types.get(type)
        return options is not None and options.is_versioned


def new_config(random_bytes: bytes, *, fanout_types: tuple[str, ...] = ()) -> bytes:
    """Return the text of a new store's configuration; the id is made of 16 random bytes.

    Raises RefusedError for what can be no type: it would make a text that nobody can read.
    """
    from journal.format.names import check_type
    from journal.format.reserved import KV_TYPE

    number = int.from_bytes(random_bytes[:16], "big")
    store = "st_" + "".join(_ID_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
    text = f"""\
# The configuration of this journal; it is committed and the same for everyone (docs/format.md).
format = {FORMAT}
store = "{store}"

[options]
# "sync": a write is acknowledged when it is on the disk. "os": when the operating system has it.
durability = "sync"
# "eager": the files under entities/ follow every write. "lazy": they follow at close, commit and the next read.
projections = "eager"

# Per type, for instance:
# [types.plan]
# prefix = "pln"          # of ids that `journal new plan` makes
# fanout = true           # 256 folders, for more than a few thousand entities
# merge = {{ tags = "union", votes = "max" }}
"""
    for type in dict.fromkeys(fanout_types):
        if type != KV_TYPE:
            check_type(type)
        text += f"\n[types.{quoted(type)}]\nfanout = true\n"
    return text.encode()


def quoted(type: str) -> str:
    """Return a type as TOML writes a key, which is as JSON writes a text."""
    from journal.format.values import encode

    return encode(type).decode()


def read_config(files: ReadFiles, root: str) -> Config:
    """Return the store's configuration. Raises NewerFormatError, and FormatError for a wrong value."""
    path = os.path.join(root, CONFIG_FILE)
    data = files.read_at(path, 0, _BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise FormatError(f"cannot be read: it has more than {_BYTES_MAX:,} bytes", path=path, hint=_HINT)
    return parse_config(data, path)


def parse_config(data: bytes, path: str) -> Config:
    """Return what the bytes of a configuration say; ``path`` is for messages. Raises as ``read_config`` does."""
    import tomllib

    try:
        text = data.decode()
        _refuse_deep(text)
        fields = tomllib.loads(text)
    except ValueError as error:  # also of an integer that Python does not read
        refuse_newer(data, path)
        raise _unreadable(path, data, error) from error
    except RecursionError as error:
        refuse_newer(data, path)
        raise _unreadable(path, data, ValueError("it is nested too deep")) from error
    try:
        return _parse(fields)
    except ValueError as error:
        refuse_newer(data, path)
        raise FormatError(f"{error}{_line_of(text, str(error))}", path=path, hint=_HINT) from error


def _refuse_deep(text: str) -> None:
    """Raise ValueError for a name of very many parts: the time that reading one takes grows with their square."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _DOTS_MAX and not line.startswith("#"):
            raise ValueError(f"more than {_DOTS_MAX:,} dots in a line (at line {number})")


def refuse_newer(text: bytes, path: str) -> None:
    """Raise NewerFormatError where the text of a configuration says a later format than this version reads.

    Only that line is looked at: nothing else need be as this version knows it.
    """
    found = re.search(_FORMAT, text, re.MULTILINE)
    if found is None or int(found[1]) <= FORMAT:
        return
    needs = re.search(_NEEDS, text, re.MULTILINE)
    who = f"git-journal {needs[1].decode()} or later" if needs is not None else "a later version of git-journal"
    raise NewerFormatError(
        f"the store has format {int(found[1])}, which needs {who}; this version reads up to format {FORMAT}",
        path=path,
        hint="upgrade git-journal; nothing was read or written",
    )


class ConfigWatch:
    """Tells an open store when another configuration arrives, with a checkout or a merge."""

    def __init__(self, files: ReadFiles, root: str) -> None:
        self._files, self._root, self._path = files, root, os.path.join(root, CONFIG_FILE)
        self._seen = files.stat(self._path)
        self.has_changed = False
        """Whether the file is another than the one that was taken last."""

    def check(self) -> None:
        """Raise NewerFormatError where the configuration that is here now says so. The cost is one stat."""
        found = self._files.stat(self._path)
        if found is None or found == self._seen:
            return
        try:
            text = self._files.read_at(self._path, 0, _BYTES_MAX)
        except OSError:
            return  # git takes it away and writes it anew; or it cannot be read: what it said before counts until then
        refuse_newer(text, self._path)
        self._seen, self.has_changed = found, True

    def news(self, ours: Config) -> Config | None:
        """Return another configuration than ours, once, if it is here and can be read.

        Raises StoreNotFoundError where it is another store's, until that of ours is back.
        """
        if not self.has_changed:
            return None
        try:
            found = read_config(self._files, self._root)
        except OSError:
            return None
        except FormatError:
            found = ours  # reading the same once more would take as long, and say the same
        if found.store != ours.store:
            raise StoreNotFoundError(
                f"another store is here now: {found.store}, not {ours.store}",
                path=self._root,
                hint="open the journal again",
            )
        self.has_changed = False
        return found if found != ours else None


def _unreadable(path: str, data: bytes, error: ValueError) -> FormatError:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.startswith((b"<<<<<<< ", b">>>>>>> ")):
            import shlex

            folder, name = os.path.split(path)
            add = shlex.join(["git", "-C", folder, "add", name])  # from wherever one is, and on a branch of its own
            hint = f"take one side of it, in an editor or with git, and then: {add}"
            return FormatError(
                f"has git's conflict markers (line {number}); nothing was read or written", path=path, hint=hint
            )
    return FormatError(f"cannot be read: {error}", path=path, hint=_HINT)


def _line_of(text: str, message: str) -> str:
    """Return where a wrong value stands: with the line that completes it, what stands so far is refused likewise.

    Empty for what is missing, and for a file so long that looking would take a while.
    """
    import tomllib

    lines = text.split("\n")
    is_short = len(lines) <= _LINES_LOOKED_AT_MAX and len(text) <= _CHARACTERS_LOOKED_AT_MAX
    for number in range(len(lines) if is_short else 0):
        try:
            _parse({**_COMPLETE, **tomllib.loads("\n".join(lines[: number + 1]))})
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value
        except ValueError as error:
            if str(error) == message:
                return f" (line {number + 1})"
    return ""


def with_old_store(text: bytes, options: OldStoreOptions) -> bytes:
    """Return the text of a configuration with these options of an old store; all else stays as it is."""
    table = f'[old_store]\nkind = "{options.kind}"\npath = {quoted(options.path)}\nstage = "{options.stage}"\n'
    lines = text.decode().splitlines(keepends=True)
    start = next((at for at, line in enumerate(lines) if re.match(r"\s*\[old_store\]", line)), None)
    if start is None:
        gap = "" if not lines or lines[-1].endswith("\n") else "\n"
        return (
            "".join(lines) + f"{gap}\n# The store of another tool, and which of the two is the truth.\n{table}"
        ).encode()
    end = next((at for at in range(start + 1, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    for at in range(start + 1, end):
        if re.match(r"\s*stage\s*=", lines[at]):
            comment = re.search(r"\s#[^\"]*$", lines[at].rstrip("\r\n"))
            lines[at] = f'stage = "{options.stage}"{comment[0] if comment else ""}\n'
    return "".join(lines).encode()


def store_id(text: bytes) -> str | None:
    """Return the store's id in the text of a configuration; None where it has none."""
    import tomllib

    try:
        found = tomllib.loads(text.decode()).get("store")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None
    return found if type(found) is str else None


def _parse(fields: dict[str, Any]) -> Config:
    version = fields.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise ValueError(f"format must be a number from 1 to {FORMAT}")
    store = fields.get("store")
    if type(store) is not str or not _is_store_id(store):
        raise ValueError("store must be an id such as st_0a1b2c3d…")
    options = _table(fields, "options")
    auto_compact = options.get("auto_compact", True)
    if type(auto_compact) is not bool:
        raise ValueError("options.auto_compact must be true or false")
    return Config(
        store=store,
        format=version,
        durability=_one_of(options, "durability", DURABILITIES),
        projections=_one_of(options, "projections", PROJECTIONS),
        roll_bytes=_number(options, "roll_bytes", ROLL_BYTES_DEFAULT, 4096),
        auto_compact=auto_compact,
        compact_bytes=_number(options, "compact_bytes", COMPACT_BYTES_DEFAULT, 4096),
        compact_segments=_number(options, "compact_segments", COMPACT_SEGMENTS_DEFAULT, 2),
        lfs_bytes=_number(options, "lfs_bytes", 0, LFS_BYTES_MIN) if "lfs_bytes" in options else None,
        types={name: _type_options(name, table) for name, table in _table(fields, "types").items()},
        old_store=_old_store(_table(fields, "old_store")),
    )


def _is_store_id(text: str) -> bool:
    return text.startswith("st_") and 8 <= len(text) - 3 <= 40 and _ID_CHARACTERS.issuperset(text[3:])


def _old_store(table: dict[str, Any]) -> OldStoreOptions | None:
    if not table:
        return None
    kind, path, stage = table.get("kind"), table.get("path"), table.get("stage")
    if kind != "brainclaw":
        raise ValueError("old_store.kind must be brainclaw")
    if type(path) is not str or not is_old_store_path(path):
        raise ValueError("old_store.path must be a folder below the one that holds the store, and not git's")
    if stage not in STAGES:
        raise ValueError(f"old_store.stage must be one of {', '.join(STAGES)}")
    return OldStoreOptions(kind, path, stage)


def is_old_store_path(path: str) -> bool:
    """Tell whether an old store may be there: below the folder that holds the store, and not git's or our own."""
    parts = path.split("/")
    is_plain = all(part not in ("", ".", "..") and not set("\\:\0") & set(part) for part in parts)
    return is_plain and not any(part.lower() in (".git", ".journal") for part in parts)


def _table(fields: dict[str, Any], name: str) -> dict[str, Any]:
    table = fields.get(name, {})
    if type(table) is not dict:
        raise ValueError(f"{name} must be a table")
    return table


def _one_of(options: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = options.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"options.{name} must be one of {', '.join(allowed)}")
    return str(value)


def _number(options: dict[str, Any], name: str, default: int, least: int) -> int:
    value = options.get(name, default)
    if type(value) is not int or value < least:
        raise ValueError(f"options.{name} must be a number of at least {least}")
    return value


def _type_options(name: str, table: Any) -> TypeOptions:
    if type(table) is not dict:
        raise ValueError(f"types.{name} must be a table")
    fanout, prefix, merge = table.get("fanout", False), table.get("prefix"), table.get("merge", {})
    if type(fanout) is not bool:
        raise ValueError(f"types.{name}.fanout must be true or false")
    if prefix is not None and (type(prefix) is not str or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,20}", prefix)):
        raise ValueError(f"types.{name}.prefix must be a short word")
    if type(merge) is not dict:
        raise ValueError(f"types.{name}.merge must map fields to one of {', '.join(STRATEGIES)}")
    for of, strategy in merge.items():
        if strategy not in STRATEGIES:
            raise ValueError(f"types.{name}.merge.{of} must be one of {', '.join(STRATEGIES)}, not {strategy!r}")
    versioned = table.get("versioned", False)
    if type(versioned) is not bool:
        raise ValueError(f"types.{name}.versioned must be true or false")
    schema = table.get("schema", SCHEMA_MODES[0])
    if schema not in SCHEMA_MODES:
        raise ValueError(f"types.{name}.schema must be one of {', '.join(SCHEMA_MODES)}")
    return TypeOptions(fanout, prefix, merge, versioned, schema)
