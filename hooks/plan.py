"""What to do with one file of a hook: decision tables, apart from the doing. Pure.

``before`` is the hook that was there before ours, set aside under its name and ``BEFORE``; ``legacy`` is what
pre-commit (the framework) found when it was installed, and runs itself.

Install:

===========================  ======================  ==================================================
what stands there            and                     so
===========================  ======================  ==================================================
nothing                      -                       write; it runs a hook set aside, if there is one
ours                         as it would be written  keep
ours                         otherwise               write
ours, changed by somebody    -                       keep a copy, write
another hook                 ``legacy`` is ours      that hook runs ours: bring ``legacy`` up to date
another hook                 asks for its own name   leave it: under another name it would not work
another hook                 ``before`` exists       set both aside, write
another hook                 -                       set it aside, write
no file                      -                       leave it
===========================  ======================  ==================================================

Uninstall:

===========================  ======================  ==================================================
ours                         ``before`` exists       put it back
ours                         -                       remove
ours, changed by somebody    -                       keep a copy, then as ours
nothing                      ``before`` exists       put it back
another hook                 ``legacy`` is ours      ``before`` becomes ``legacy`` again
another hook                 ``legacy`` is ours,     remove ``legacy``; a ``before`` that is the other tool's own
                             no such ``before``      stays, and is not run
another hook                 -                       leave it
===========================  ======================  ==================================================
"""

import re
from enum import Enum
from typing import NamedTuple

from journal.git.hook_files import HookFile

_OWN_NAME = re.compile(rb"basename|\$\{0##|\$0\"?\.d\b|\$PROGRAM_NAME|__FILE__|argv\[0\]")
_FRAMEWORK = b"pre-commit.com"
"""Stands in every script of pre-commit (the framework)."""


class Step(Enum):
    """What to do with the file of one hook."""

    KEEP = "keep"
    WRITE = "write"
    WRITE_AFTER_COPY = "write-after-copy"
    SET_ASIDE = "set-aside"
    REFRESH_LEGACY = "refresh-legacy"
    LEAVE = "leave"
    REMOVE = "remove"
    REMOVE_AFTER_COPY = "remove-after-copy"
    PUT_BACK = "put-back"
    PUT_BACK_AFTER_COPY = "put-back-after-copy"
    DROP_LEGACY = "drop-legacy"
    PUT_BACK_LEGACY = "put-back-legacy"


class Found(NamedTuple):
    """What stands at the three paths of one hook."""

    hook: HookFile
    before: HookFile
    legacy: HookFile


def asks_for_its_name(hook: HookFile) -> bool:
    """Tell whether a hook may go by the name that it was called by, so that it must keep it."""
    return hook.kind == "foreign" and _OWN_NAME.search(hook.text) is not None


def chains(found: Found) -> bool:
    """Tell whether our script at the hook's own path has another hook to run first; git runs executables only."""
    return found.hook.is_executable if found.hook.kind == "foreign" else found.before.is_executable


def to_install(found: Found, wanted: bytes, wanted_legacy: bytes) -> Step:
    """Return how our script comes to be run; ``wanted_legacy``: its bytes where another hook runs it."""
    hook = found.hook
    if hook.kind == "missing":
        return Step.WRITE
    if hook.kind == "ours":
        return Step.KEEP if hook.text == wanted and hook.is_executable else Step.WRITE
    if hook.kind == "edited":
        return Step.WRITE_AFTER_COPY
    if hook.kind == "odd":
        return Step.LEAVE
    if found.legacy.kind == "ours":
        is_current = found.legacy.text == wanted_legacy and found.legacy.is_executable
        return Step.KEEP if is_current else Step.REFRESH_LEGACY
    return Step.LEAVE if asks_for_its_name(hook) else Step.SET_ASIDE


def to_uninstall(found: Found) -> Step:
    """Return how things come to be as they were without us."""
    hook, has_before = found.hook, found.before.kind != "missing"
    if hook.kind == "missing":
        return Step.PUT_BACK if has_before else Step.KEEP
    if hook.kind == "ours":
        return Step.PUT_BACK if has_before else Step.REMOVE
    if hook.kind == "edited":
        return Step.PUT_BACK_AFTER_COPY if has_before else Step.REMOVE_AFTER_COPY
    if found.legacy.kind != "ours":
        return Step.KEEP
    # The framework's own script must not become what the framework runs.
    is_own = _FRAMEWORK in found.before.text
    return Step.PUT_BACK_LEGACY if has_before and not is_own else Step.DROP_LEGACY
