"""Which verbs there are, by purpose, with a line on each; their modules load when they are invoked."""

from .declare import Verb

SECTIONS: dict[str, dict[str, str]] = {
    "Start": {
        "init": "Make a store, in a git work tree or a plain folder.",
        "demo": "A guided run of it all in a scratch repository.",
    },
    "Write": {
        "put": "Write an entity, whole or by fields.",
        "new": "Write an entity under a fresh id, and print the id.",
        "edit": "Open an entity in your editor and write what changed.",
        "delete": "Delete an entity; its history stays.",
        "revert": "Undo an event, or its whole transaction, by a new event.",
        "resolve": "Settle what concurrent edits left open.",
        "absorb": "Turn hand edits of projections into events.",
        "restore": "Put hand-edited projections back; the edits are kept.",
    },
    "Read": {
        "get": "Print an entity.",
        "list": "List entities, filtered and sorted.",
        "conflicts": "List what concurrent edits left open.",
    },
    "Streams": {
        "append": "Append an event to a stream.",
        "read": "Print the events of a stream, or the whole journal from a token on.",
        "streams": "List the streams.",
        "truncate": "Hide a stream's events up to a position.",
        "position": "Print the position token of now.",
    },
    "Keys and blobs": {
        "kv": "Keep keys and values: what a key holds now.",
        "blob": "Keep bytes beside the journal, named by their hash.",
    },
    "Look back": {
        "history": "List an entity's events and what each changed.",
        "blame": "For each field of an entity: value, event, who, when.",
        "log": "List all events, newest first.",
        "show": "Print one event, whole.",
        "diff": "Compare events, commits or branches: entities and fields.",
    },
    "Be told": {
        "watch": "Print events as they come, or run a program for each.",
        "cursors": "Look after durable cursors: where they stand, and what they parked.",
    },
    "Git": {
        "status": "Tell where the store stands.",
        "stage": "Add the store's files to git's index.",
        "commit": "Commit the store's files to git, and nothing else.",
        "hooks": "Install git's hooks and the merge driver, take them out, or check them.",
        "sync": "Exchange with a remote: fetch, merge, push, until it lands.",
    },
    "Look after": {
        "doctor": "Check the store; verify and repair it.",
        "reconcile": "Bring index and projections up to date now.",
        "checkpoint": "Write a checkpoint of the present state.",
        "compact": "Pack old segments that two checkpoints cover.",
        "redact": "Take a value out of the store, everywhere, with a record of who and why.",
        "stats": "Print sizes and counts, by type.",
        "schema": "JSON Schemas that check payloads, and that editors use.",
    },
    "Exchange": {
        "migrate": "Bring in what other kinds of stores hold, and back.",
        "import": "Import many events from a file.",
        "export": "Print everything in one of several formats.",
    },
    "Help": {
        "completion": "Print a shell's completion script.",
        "version": "Print the versions of everything involved.",
    },
}

HIDDEN = {
    "hook": "Do the journal's part of a git hook; the installed scripts run this.",
    "merge-driver": "Merge three versions of a projection; git runs this.",
}
"""Verbs that other programs run: in no list, but they work and have help."""

GROUPS: dict[str, dict[str, str]] = {
    "cursors": {
        "list": "List durable cursors, and where they stand.",
        "parked": "List the events that a cursor has parked.",
        "replay": "Have parked events delivered again, all or some.",
        "drop": "Remove a cursor; one of its name begins anew.",
        "adopt": "Go on with a cursor that was copied or put back.",
    },
    "blob": {
        "put": "Keep the bytes of a file, and print the reference.",
        "get": "Print the bytes of a blob, or save them to a file.",
        "list": "List the blobs that are there.",
        "verify": "Read blobs through, and say which are not what their names say.",
    },
    "kv": {
        "get": "Print what a key holds.",
        "put": "Make a key hold a value.",
        "cas": "Compare and set: write only if a key holds what you expect.",
        "delete": "Let a key go.",
        "list": "List keys and values, by prefix.",
    },
    "schema": {
        "put": "Give a type a JSON Schema.",
        "delete": "Take a type's schema away.",
        "list": "List the types that have a schema.",
        "check": "Tell which entities do not fit their schema.",
        "editors": "Tell editors of the schemas: completion and red lines in projections.",
    },
    "migrate": {
        "folder": "Bring in a folder of JSON files.",
        "git-history": "Bring in JSON files with their git history.",
        "jsonl": "Bring in a file of JSON Lines, an entity a line.",
        "sqlite": "Bring in the rows of a query on a SQLite database.",
        "runs": "List the runs of migrations.",
        "undo": "Take back what a run of a migration wrote.",
        "format": "Move the store up to the newest format.",
        "payloads": "Write payloads of old schema versions anew, lifted.",
        "brainclaw": "Bring in what a brainclaw store holds; its files stay the truth.",
        "status": "Tell where the old store beside the journal stands.",
        "dual": "Let each change go to the journal first, then to the old files.",
        "primary": "Make the journal the truth; the old files are its projections.",
        "off": "Make the old files the truth again.",
    },
}
"""Words of ``SECTIONS`` that take another word, as in ``journal kv get``: which ones, with a line on each.

Such a verb is named by both words; its module is ``verbs/kv/get.py``.
"""

_MODULES = {"import": "importing"}


def names() -> list[str]:
    """Return the names of all verbs, in the order of the help; those of a group have two words."""
    words = [word for verbs in SECTIONS.values() for word in verbs]
    return [name for word in words for name in ([f"{word} {second}" for second in GROUPS.get(word, ())] or [word])]


def load(name: str) -> Verb | None:
    """Return a verb's declaration, None for a name that is none."""
    word, _, second = name.partition(" ")
    if not any(word in verbs for verbs in (*SECTIONS.values(), HIDDEN)) or (second or None) not in GROUPS.get(
        word, [None]
    ):
        return None
    import importlib

    path = ".".join(_MODULES.get(part, part).replace("-", "_") for part in name.split())
    verb: Verb = importlib.import_module(f".verbs.{path}", __package__).VERB
    return verb
