"""Whether git would really run the hooks and the merge driver that are installed; a store without any is fine."""

from collections.abc import Iterator

from journal.errors import GitError
from journal.git.hook_survey import RUNS, Survey, survey_hooks
from journal.git.program import is_installed
from journal.upkeep.checks.copies import Copies
from journal.upkeep.checks.unreadable import git_unreadable
from journal.upkeep.findings import Finding

_INSTALL = "journal hooks install puts it right; journal hooks status shows more"
_WHY = {
    "missing": "is not there, and others of ours are",
    "foreign": "is another hook, which does not run ours, and others of ours are there",
    "not-executable": "may not be executed, so git passes over it",
    "before-gone": "is to run the hook that was there before, and that is gone or may not be executed",
    "not-looked-at": "is in the repository's own folder, and core.hooksPath sends git elsewhere",
}


def hook_findings(copies: Copies) -> Iterator[Finding]:
    """Yield what is wrong with the hooks and the driver that are installed."""
    if not is_installed():
        return
    try:
        survey = survey_hooks(copies.repository, copies.settings)
    except (GitError, OSError) as error:
        yield git_unreadable("hooks", error)
        return
    if survey.driver == "broken":
        message = "git's settings have a section merge.journal without a command, which stops every merge"
        yield Finding("driver-broken", "error", None, message, _INSTALL)
    if any(hook.state not in ("missing", "foreign") for hook in survey.hooks):
        yield from _findings(survey)


def _findings(survey: Survey) -> Iterator[Finding]:
    for hook in survey.hooks:
        if hook.state == "edited":
            message = "somebody changed this script of ours; git runs it as it is"
            yield Finding("hook-edited", "info", hook.path, message, "journal hooks install keeps a copy and renews it")
        elif hook.state not in RUNS:
            yield Finding("hook-not-run", "warning", hook.path, _WHY[hook.state], _INSTALL)
    if not survey.is_program_here:
        message = f"the hooks call {survey.program}, which is not there: they do nothing"
        yield Finding("hook-program-missing", "warning", None, message, _INSTALL)
    if survey.driver == "none":
        message = "the hooks are installed, and the merge driver is not"
        yield Finding("driver-missing", "warning", None, message, _INSTALL)
