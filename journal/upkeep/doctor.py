"""``doctor``: look at everything, say what is wrong, repair what can be repaired.

=====================  ===============================================================================
code                   what was found
=====================  ===============================================================================
damaged                bytes of the truth do not verify, or lines are gone; says which events that costs
conflict-markers       a segment holds git's conflict markers
line-endings           the truth was rewritten with CR LF, or git is about to do that
duplicate-id           one id, two records
unredacted             a file holds what is redacted: an old copy, of which nothing is shown
history-missing        a segment that a later one refers to is not here
blob-missing           a line refers to a blob that is gone
blob-damaged           a blob is not what its name says
lfs-copy-damaged       git LFS's own copy of a blob is damaged, and the only one here
reference-missing      an entity or a key refers to a blob that is not here
truth-missing          git lists a file of the truth that is gone from the disk
truth-changed          a file of the truth is not what git has under its name
checkpoint-damaged     a checkpoint does not verify: it costs time only
checkpoint-differs     a checkpoint says other than the events that it covers (``verify``)
foreign-store          a segment belongs to another store
misnamed, bad-header   the header of a segment is not what its name says, or cannot be read
newer-format           written by a later version
strange-file           something that has no business there
unsafe-path            a link, or no folder, where the store has its own
unreadable             something cannot be read at all; nothing is concluded from that, and it is left as it is
index-corrupt          SQLite cannot read the index
index-differs          the index has other events than the files
state-differs          an entity or a stream is not what a rebuild gives (``verify``)
projection-missing     and -stale, -leftover, -strange: a file under ``entities/`` does not show the state
edited                 a person edited a projection; it is left alone
local-not-ignored      git would commit what belongs to this checkout alone
local-tracked          git has it already
ignored-truth          an ignore rule keeps the truth out of commits; ignored-projections: likewise
filtered-truth         git add would keep other bytes of the truth; filtered-projections: likewise
own-file-missing       .gitignore, .gitattributes or README.md; own-file-altered: a rule is missing from it
git-unreadable         git's side could not be checked
hook-not-run           a hook of ours is installed, and git would not run it; hook-program-missing: nor its program
driver-missing         the hooks are installed without the merge driver; driver-broken: git's settings have half of it
network-file-system    the store is on one
old-changed            a document of the old store was changed by somebody else; -new, -missing: added, removed
old-lagging            the journal has not written it yet; old-store-unsafe: a link leads to the old store
package-clash          another distribution installs a package ``journal``
payload-no-path        no upcaster leads on from a schema version; payload-not-lifted: one fails
plugin-broken          an installed package with upcasters cannot be used
schema-violated        an entity does not fit its type's schema; schema-broken: a schema is none
=====================  ===============================================================================

Only information, and no reason to worry: redact-again, torn-tail, leftover, parked, lock-busy, uncommitted,
index-foreign, local-foreign, checkpoint-due, conflicts-open, busy, not-compared, hook-edited, payload-versions,
old-unreadable, old-store-gone, old-store-idle, old-store-ahead, schema-unchecked, blob-not-fetched, lfs-not-set-up,
lfs-left-behind, lfs-bytes-in-git, ends-early (git left an early version of a segment beside the pack that has all of
it); and any loss that was accepted.

Without ``fix`` nothing is written and no lock is taken. Every file of the truth is read once; ``verify`` builds the
state anew in two ways besides, and reads for that what each of them reads.
"""

from journal.errors import UsageError
from journal.store.engine import Engine
from journal.upkeep.findings import Report
from journal.upkeep.found import Look
from journal.upkeep.looking import look

_ROUNDS_MAX = 3


def examine(engine: Engine, *, verify: bool, fix: bool, accept_loss: bool, actor: str | None = None) -> Report:
    """Examine a store. ``verify`` builds everything anew in memory and compares; ``fix`` repairs, under the lock.

    ``accept_loss`` (with ``fix``) notes once what is lost for good, and that ``actor`` said so. Raises
    LockTimeoutError where ``fix`` has to wait too long.
    """
    if accept_loss and not fix:
        raise UsageError("accepting a loss goes with fixing: what can be repaired is, first")
    if not fix:
        engine.config_now()  # all is compared with what one that came meanwhile says
        return _report(look(engine, verify=verify), [])
    from journal.upkeep.repairing import accept, repair

    with engine.locked():
        found = look(engine, verify=verify)
        if found.is_newer():
            return _report(found, [])
        done: list[str] = []
        for _ in range(_ROUNDS_MAX):
            repaired = repair(engine, found)
            if not repaired:
                break
            done.extend(repaired)
            # A segment that is whole again may refer to a blob that is not.
            found = look(engine, verify=verify)
        # What cannot be read is not lost, and may hold what the rest seems to lack.
        accepted = accept(engine, found, actor) if accept_loss and not found.unread.is_blind else []
        if accepted:
            found = look(engine, verify=verify)
    return _report(found, [*done, *accepted])


def _report(found: Look, done: list[str]) -> Report:
    return Report(tuple(found.findings), found.counts(), tuple(done))
