"""Where the old store is, which stage it is in, and whether this checkout may write into it.

The stage stands in ``journal.toml``, which is committed: it is the same in every clone. That a *checkout* writes files
outside of its ``.journal`` folder is another matter: a repository that somebody else made must not be able to bring
that about. So a checkout writes old files only once its user has run ``journal migrate dual`` (or ``primary``) in it;
that is remembered in ``local/old-store``, which counts only where it was made.
"""

import os

from journal.disk.files import write_whole
from journal.disk.folders import checked
from journal.store.config import OldStoreOptions, read_config, with_old_store
from journal.store.engine import Engine
from journal.store.home import CONSENT_FILE, is_made_here
from journal.store.layout import CONFIG_FILE, ensure_local


def top_of(engine: Engine) -> str:
    """Return the folder that holds the store, from which the old store's path goes."""
    return os.path.dirname(engine.root)


def base_of(engine: Engine, options: OldStoreOptions) -> str:
    """Return the folder of the old store. Raises UnsafePathError where a link leads there."""
    top = top_of(engine)
    full = os.path.join(top, *options.path.split("/"))
    checked(engine.files, top, os.path.join(full, "x"))
    return full


def may_write(engine: Engine, options: OldStoreOptions) -> bool:
    """Tell whether somebody said, in this very checkout, that the journal writes this old store's files."""
    path = os.path.join(engine.local, CONSENT_FILE)
    found = engine.files.stat(path)
    if found is None or found.kind != "file" or not is_made_here(engine.files, engine.local):
        return False
    return engine.files.read_at(path, 0, 4096) == _consent(options)


def allow_writing(engine: Engine, options: OldStoreOptions) -> None:
    """Under the lock: remember that this checkout writes the old store's files."""
    ensure_local(engine.files, engine.root)
    if not may_write(engine, options):
        write_whole(engine.files, os.path.join(engine.local, CONSENT_FILE), _consent(options), durable=True)


def forbid_writing(engine: Engine) -> None:
    """Under the lock: forget that this checkout writes old files."""
    engine.files.remove(os.path.join(engine.local, CONSENT_FILE))


def set_options(engine: Engine, options: OldStoreOptions) -> None:
    """Under the lock: write the stage down in ``journal.toml``, replaced whole, and go by it from now on."""
    path = os.path.join(engine.root, CONFIG_FILE)
    text = engine.files.read(path)
    changed = with_old_store(text, options)
    if changed != text:
        write_whole(engine.files, path, changed, durable=True)
    engine.config = read_config(engine.files, engine.root)


def _consent(options: OldStoreOptions) -> bytes:
    return f"{options.kind}\n{options.path}\n".encode()
