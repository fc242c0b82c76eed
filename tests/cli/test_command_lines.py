"""Goal: the short cut and click understand the same; what makes no sense is told with its exit status."""

import pytest
from journal.cli import application, catalogue, quick
from journal.cli.declare import ACTOR, COMMON_STATUSES, FLAG, SHARED_OPTIONS

RIGHT = [
    "get plan p1",
    "get plan p1 --json",
    "--json get plan p1",
    "-C there get plan p1 --rev 3",
    "get --at=4@k3f9x2a7b4c5d plan p1",
    "get -- plan -p1",
    "put plan p1 {} --set a=1 --set b=2 --unset c --expect-rev 0",
    "put plan p1 - --actor ana --summary=why",
    "put plan p1 --set a=-1 --merge {}",
    "put plan --set --json p1",
    "--actor ana put plan p1 {} --actor ben",
    "list",
    "list plan --where a=1 --where b<2 --limit 5 --deleted",
    "list plan --sort -priority --fields a,b --ids",
    "log -n 5 --since 2h -f --reverse",
    "--lock-timeout 0.5 stats --no-color",
    "commit -m words --no-verify -q",
    "import trace file.gz",
    "conflicts plan",
    "init --agents --fanout a --fanout b",
    "completion zsh",
    "kv put k -5",
    "kv cas k -5 -0.5e3 --local --ttl 3",
    "kv put -q -5 - --json",
    "demo there --pause",
    "version --json",
]
UNCLEAR = [
    "",
    "nonsense",
    "get plan",
    "get plan p1 p2",
    "get plan p1 --rev x",
    "completion tcsh",
    "get --help",
    "list --no",
]


@pytest.mark.parametrize("line", RIGHT)
def test_the_short_cut_and_click_understand_the_same(line):
    short, long = quick.parse(line.split()), application.parse(line.split())
    assert short is not None
    assert (short.verb, short.values, short.settings) == (long.verb, long.values, long.settings)


@pytest.mark.parametrize("name", [*catalogue.names(), *catalogue.HIDDEN])
def test_the_options_of_every_verb_are_those_of_every_verb(name):
    verb = catalogue.load(name)
    shared = [option for option in SHARED_OPTIONS if verb.writes or option is not ACTOR]
    given = [item.choices[0] if item.choices else "1" for item in verb.arguments if item.required]
    for option in shared:
        words = [option.names[-1], *([] if option.kind == FLAG else ["1"])]
        calls = [[*words, *name.split(), *given], [*name.split(), *given, *words]]
        if name.split()[0] in catalogue.GROUPS:
            calls.append([name.split()[0], *words, name.split()[1], *given])
        for line in calls:
            call = application.parse(line)
            assert list(call.settings) == [option.key], line
            assert quick.parse(line) in (None, call)


@pytest.mark.parametrize("line", UNCLEAR)
def test_what_is_not_plainly_right_is_left_to_click(line):
    assert quick.parse(line.split()) is None


def test_a_typo_is_told_with_the_nearest_verb(folder):
    assert "Did you mean list?" in folder("lst", status=2).err


@pytest.mark.parametrize("line", ["nonsense", "get plan", "get plan p1 --rev x", "list --nope", "completion tcsh"])
def test_a_call_that_makes_no_sense_ends_with_2(shell, line):
    ended = shell(*line.split(), status=2)
    assert ended.out == ""
    assert "--help" in ended.err
    assert shell(*line.split(), "--json", status=2).error["code"] == "usage"


def test_no_verb_at_all_prints_the_help(folder):
    assert folder().out == folder("--help").out


def test_help_groups_the_verbs_and_names_them_all(folder):
    text = folder("--help").out
    for title, verbs in catalogue.SECTIONS.items():
        assert f"{title}:" in text
        for name, summary in verbs.items():
            assert f"  {name}" in text
            assert summary in " ".join(text.split())


def test_verbs_that_only_programs_run_are_in_no_list(folder):
    text = folder("--help").out
    assert not [name for name in catalogue.HIDDEN if f" {name} " in text or name in catalogue.names()]


@pytest.mark.parametrize("name", [*catalogue.names(), *catalogue.HIDDEN])
def test_the_catalogue_and_the_verb_say_the_same(name):
    verb = catalogue.load(name)
    group, _, word = name.rpartition(" ")
    places = [catalogue.GROUPS[group]] if group else [*catalogue.SECTIONS.values(), catalogue.HIDDEN]
    assert [words[word] for words in places if word in words] == [verb.summary]
    assert verb.name == name


@pytest.mark.parametrize("name", [*catalogue.names(), *catalogue.HIDDEN])
def test_every_verb_has_help_with_an_example_and_its_statuses(folder, name):
    text = folder(*name.split(), "--help").out
    verb = catalogue.load(name)
    assert verb.examples
    assert all(line.strip() in text for line, _ in verb.examples)
    assert all(f"journal {name}" in line or "journal" in line for line, _ in verb.examples)
    statuses = text[text.index("Exit status:") :]
    assert all(f"\n  {status} " in statuses for status in {**COMMON_STATUSES, **verb.statuses})


@pytest.mark.parametrize("name", [*catalogue.names(), *catalogue.HIDDEN])
def test_no_value_of_a_verb_hides_a_setting_that_all_share(name):
    verb = catalogue.load(name)
    own = [argument.name for argument in verb.arguments] + [option.key for option in verb.options]
    shared = [option.key for option in verb.all_options() if option not in verb.options]
    assert len({*own, *shared}) == len(own) + len(shared)


GROUP = {"plan": {"get": "Print a plan.", "git-history": "Tell its history."}}


@pytest.fixture
def grouped(monkeypatch):
    """A verb of two words, besides those there are."""
    verb = catalogue.load("get")._replace(name="plan get", summary=GROUP["plan"]["get"])
    load = catalogue.load
    monkeypatch.setattr(catalogue, "GROUPS", GROUP)
    monkeypatch.setitem(catalogue.SECTIONS, "Read", {**catalogue.SECTIONS["Read"], "plan": "All about plans."})
    monkeypatch.setattr(catalogue, "load", lambda name: verb if name == "plan get" else load(name))


@pytest.mark.parametrize("line", ["plan get a b --json", "--json plan get -- a -b", "-C . plan get a b --rev 3"])
def test_a_verb_of_two_words_is_understood_by_the_short_cut_and_by_click(grouped, line):
    short, long = quick.parse(line.split()), application.parse(line.split())
    assert short is not None
    assert short.verb.name == "plan get"
    assert (short.verb, short.values, short.settings) == (long.verb, long.values, long.settings)


def test_the_first_of_two_words_helps_with_the_second(grouped, folder):
    assert "get          Print a plan." in folder("plan", "--help").out
    assert folder("plan").out == folder("plan", "--help").out
    assert "Print an entity" not in folder("plan", "get", "--help").out
    assert "there is no verb 'plan gte'. Did you mean get?" in folder("plan", "gte", status=2).err


def test_the_version_is_printed(folder):
    version = folder("--version").out.split()
    assert version[0] == "journal"
    assert folder("version", "--json").json["git-journal"] == version[1]


def test_color_and_no_color_exclude_each_other(shell):
    shell("list", "--color", "--no-color", status=2)


def test_an_unexpected_error_is_told_shortly_with_a_file_of_details(shell, monkeypatch):
    import os

    from journal import Journal

    monkeypatch.setattr(Journal, "list", lambda *_, **__: 1 / 0)
    ended = shell("list", status=1)
    assert "Traceback" not in ended.err
    assert "ZeroDivisionError" in ended.err
    path = ended.err.split("the details are in ")[1].strip()
    with open(path, encoding="utf-8") as file:
        assert "Traceback" in file.read()
    os.unlink(path)
    monkeypatch.setenv("JOURNAL_TRACEBACK", "1")
    ended = shell("list", status=1)
    assert "Traceback" in ended.err
    os.unlink(ended.err.split("the details are in ")[1].split()[0])


def test_a_lock_that_is_held_ends_with_5(shell):
    from journal.disk.lock import StoreLock

    lock = StoreLock(shell.store("local", "lock"))
    shell("put", "plan", "p1", "{}")
    with lock.held(1):
        shell("put", "plan", "p1", '{"a": 1}', "--lock-timeout", "0.05", status=5)
        assert shell("get", "plan", "p1").out == "{}\n"
    lock.close()


def test_a_system_error_is_told_with_its_path(shell, monkeypatch):
    from journal import Journal

    def fail(*_, **__):
        raise PermissionError(13, "Permission denied", "some/file")

    monkeypatch.setattr(Journal, "list", fail)
    assert shell("list", status=1).err == "journal: some/file: Permission denied\n"


def test_an_interrupt_ends_with_130_and_one_line(shell, monkeypatch):
    from journal import Journal

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "list", interrupt)
    assert shell("list", status=130).err == "journal: interrupted\n"
