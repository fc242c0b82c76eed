"""The rows of the tables in docs/doctor.md, made from what doctor finds and does.

``python tests/upkeep/doctor_table.py`` prints both tables anew; the tests compare each row with the page.
"""

import pathlib
import re
import sys
import tempfile

PAGE = pathlib.Path(__file__).parent.parent.parent / "docs" / "doctor.md"
HEAD = "| what is broken | found | what `--fix` does | left | status |\n|---|---|---|---|---|"
_NAMES = (
    (r"what it lacked: .*", "what it lacked"),
    (r"\S+\.journal-tmp", "a leftover"),
    (r"; what stood there is now local/parked/\S+", ""),
    (r", as local/parked/\S+", ""),
    (r"\b(segments|archive|checkpoints)/\S+", r"a file of \1"),
    (r"blobs/\S+", "a blob"),
    (r"entities/\S+", "a projection"),
)


def row(breakage, report, fixed):
    """Return the line of the table for one way of breaking a store, with what was found before and after ``--fix``."""
    name = breakage.__name__.replace("_", " ")
    done = "; ".join(dict.fromkeys(map(_plain, fixed.fixed))) or "–"
    status = f"{_status(report)} → {_status(fixed)}"
    return f"| {name} | {_codes(report)} | {done} | {_codes(fixed)} | {status} |"


def _codes(report):
    worse = dict.fromkeys(item.code for item in report.findings if item.severity != "info")
    remarks = dict.fromkeys(item.code for item in report.findings if item.severity == "info")
    return ", ".join([*(f"`{code}`" for code in sorted(worse)), *(f"({code})" for code in sorted(remarks))]) or "–"


def _status(report):
    return 0 if report.ok else 20


def _plain(sentence):
    for pattern, name in _NAMES:
        sentence = re.sub(pattern, name, sentence)
    return sentence.replace("|", "\\|")


def rows_of_page():
    """Return the rows that the page has."""
    text = PAGE.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if re.match(r"\| .* \| \S+ → \S+ \|$", line)]


def main():
    """Print the tables."""
    import shutil

    import test_doctor
    from doctored import copy_of, make_template

    folder = pathlib.Path(tempfile.mkdtemp())
    for kind, table in (("git", test_doctor.IN_GIT), ("plain", test_doctor.WITHOUT_GIT)):
        template = make_template(folder / kind, with_git=kind == "git")
        print(f"\n{HEAD}")
        for breakage, *_ in table:
            store = copy_of(template, folder / "store")
            breakage(store)
            verify = kind == "git"
            print(row(breakage, store.doctor(verify=verify), store.doctor(verify=verify, fix=True)))
            shutil.rmtree(folder / "store")
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parent.parent))
    main()
