"""``journal hooks``."""

from typing import TYPE_CHECKING

from journal.errors import GitError, UsageError

from ..declare import ALL_STATUSES, FLAG, Argument, Option, Verb
from ..output import shown
from ..session import DAMAGED, Session

if TYPE_CHECKING:
    from journal.hooks.installing import Outcome

    from journal.git.hook_survey import Survey
    from journal.git.repository import Repository


def run(session: Session, *, what: str, shared: bool) -> int:
    """Install or uninstall the hooks and the merge driver, or tell where they stand."""
    from journal.disk.files import OsFiles

    repository, store = _place(session)
    if what == "status":
        if shared:
            raise UsageError("--shared goes with install and uninstall")
        return _status(session, repository)
    from journal.hooks.installing import install, uninstall

    if what == "install":
        outcome = install(repository, store, OsFiles(), shared=shared)
    else:
        outcome = uninstall(repository, OsFiles(), shared=shared)
    if session.output.is_json:
        session.output.json(_outcome_form(outcome))
    else:
        _print_outcome(session, outcome)
    return 0 if outcome.is_whole else DAMAGED


def _place(session: Session) -> "tuple[Repository, str]":
    """Return the repository, and the store's path below its work tree."""
    import os

    from journal.disk.files import OsFiles
    from journal.store.layout import check_store, find_store
    from journal.upkeep.place import repository_of

    files = OsFiles()
    root = os.path.realpath(session.store or find_store(files, "."))
    check_store(files, root)
    repository = repository_of(root)
    if repository is None:
        raise GitError("the store is not in a git work tree, so there are no hooks", path=root)
    return repository, os.path.relpath(root, repository.work_tree).replace(os.sep, "/")


def _status(session: Session, repository: "Repository") -> int:
    from journal.git.hook_survey import survey_hooks

    survey = survey_hooks(repository)
    if session.output.is_json:
        session.output.json(_status_form(survey))
    else:
        _print_status(session, survey)
    return 0 if survey.is_whole or not survey.is_installed else DAMAGED


def _status_form(survey: "Survey") -> dict[str, object]:
    return {
        "folder": survey.folder.path,
        "place": survey.folder.place,
        "hooks_path": survey.folder.setting,
        "installed": survey.is_installed,
        "ok": survey.is_whole or not survey.is_installed,
        "hooks": [
            {"name": hook.name, "state": hook.state, "path": hook.path, "before": hook.before} for hook in survey.hooks
        ],
        "driver": survey.driver,
        "program": survey.program,
        "program_found": survey.is_program_here,
    }


def _print_status(session: Session, survey: "Survey") -> None:
    output = session.output
    why = f"  (core.hooksPath is {shown(survey.folder.setting)})" if survey.folder.setting else ""
    output.line(f"git looks in  {shown(survey.folder.path)}{why}")
    for hook in survey.hooks:
        after = f"  after {shown(hook.before)}" if hook.before else ""
        output.line(f"{hook.name:<17} {hook.state}{after}")
    output.line(f"{'merge driver':<17} {survey.driver}")
    if survey.program is not None:
        output.line(f"{'program':<17} {shown(survey.program)}{'' if survey.is_program_here else '  (not there)'}")
    if not survey.is_installed:
        output.done("not installed: journal hooks install")
    elif not survey.is_whole:
        output.note("journal hooks install puts it right, as far as it may")


def _outcome_form(outcome: "Outcome") -> dict[str, object]:
    return {
        "folder": outcome.folder.path,
        "place": outcome.folder.place,
        "hooks_path": outcome.folder.setting,
        "ok": outcome.is_whole,
        "hooks": [
            {"name": change.name, "done": change.done, "path": change.path, "notes": list(change.notes)}
            for change in outcome.changes
        ],
        "driver_changed": outcome.driver_changed,
    }


def _print_outcome(session: Session, outcome: "Outcome") -> None:
    output = session.output
    said: set[str] = set()
    for change in outcome.changes:
        output.done(f"{change.name:<17} {change.done}")
        for note in change.notes:
            if note not in said:
                output.done(f"    {shown(note)}")
            said.add(note)
    output.done(f"{'merge driver':<17} {'changed' if outcome.driver_changed else 'unchanged'}")
    output.done(f"git looks in      {shown(outcome.folder.path)}")


VERB = Verb(
    name="hooks",
    summary="Install git's hooks and the merge driver, take them out, or check them.",
    run=run,
    text="""\
The hooks check a commit and a push for mistakes with the journal's files, and bring the readable files up to date
after git has moved something. None is needed for correctness. A hook that is there already is set aside beside ours,
runs first, and is put back by `uninstall`. core.hooksPath is never set.

Where core.hooksPath leads into the work tree, as with husky, the files are other people's too, and where it leads out
of the repository, other repositories use them: nothing is written there without --shared. In the work tree that adds
marked lines to the files.""",
    arguments=(Argument("what", "What to do.", choices=("install", "uninstall", "status")),),
    options=(Option(("--shared",), "Also where the folder of hooks is not this repository's alone.", FLAG),),
    examples=(
        ("journal hooks install", ""),
        ("journal hooks status --json | jq -r '.hooks[] | select(.state != \"installed\") | .name'", ""),
        ("journal hooks install --shared", "with husky, or a core.hooksPath of your own"),
    ),
    statuses={
        7: ALL_STATUSES[7],
        20: "a hook was left out (install, uninstall), or git would not run one that is installed (status)",
    },
)
