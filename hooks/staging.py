"""The facts about a commit that is about to be made: gathered from git's index, the disk and the state."""

from collections.abc import Iterator

from journal.disk.folders import full_path
from journal.format import values
from journal.format.pointer import lfs_sha256, pointer_at
from journal.git.objects import ObjectReader, blob_id
from journal.git.safety import in_progress
from journal.git.staged import Difference, staged_differences, staged_paths
from journal.index.records import read_record
from journal.index.view import Key, View
from journal.projections.paths import entity_at, is_projected, render
from journal.projections.plan import is_wreck
from journal.segments.folders import ARCHIVE, SEGMENTS
from journal.state import vector
from journal.state.entity import fold
from journal.state.value import value
from journal.store.blobs import parked_blobs
from journal.store.engine import Engine
from journal.store.layout import CONFIG_FILE
from journal.store.lfs import git_form
from journal.upkeep.packed import packs_of
from journal.upkeep.place import Place, place_of

from .verdict import LOCAL, TRUTH, OnDisk, Problem, Shows, TruthFacts, projection_problem, truth_problem

_NOT_OURS = ("merge", "rebase", "cherry-pick", "revert", "am")


class Staged:
    """What is staged of a store, against HEAD, the disk and the state."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.place: Place = place_of(engine)
        self._repository = self.place.repository
        self._reader = ObjectReader(self._repository)
        self.differences = [
            difference._replace(path=self.place.inner(difference.path))
            for difference in staged_differences(self._repository, self.place.prefix or ".")
        ]
        self._names: set[str] | None = None

    @property
    def names(self) -> set[str]:
        """The segments and packs that are staged: paths in the store."""
        if self._names is None:
            listed = staged_paths(self._repository, self.place.outer(SEGMENTS), self.place.outer(ARCHIVE))
            self._names = {self.place.inner(path) for path in listed}
        return self._names

    def problems(self) -> list[Problem]:
        """Return all that is wrong, the truth first."""
        if self._is_farewell():
            return []
        busy = in_progress(self._repository) in _NOT_OURS
        found: list[Problem | None] = []
        shown: list[Difference] = []
        for difference in self.differences:
            if is_projected(difference.path):
                shown.append(difference)
            else:
                found.append(truth_problem(self._truth_facts(difference), in_progress=busy))
        if shown:
            found.extend(self._projection_problems(shown))
        return [problem for problem in found if problem is not None]

    def has_segment(self, name: str | None) -> bool:
        """Tell whether a segment is among what is about to be committed."""
        return name is not None and any(
            difference.new is not None and difference.path == f"{SEGMENTS}/{name}" for difference in self.differences
        )

    def _is_farewell(self) -> bool:
        if not all(difference.new is None for difference in self.differences):
            return False
        return any(difference.path == CONFIG_FILE for difference in self.differences) and not staged_paths(
            self._repository, self.place.prefix or "."
        )

    # -- the truth ------------------------------------------------------------------------------

    def _truth_facts(self, difference: Difference) -> TruthFacts:
        path, folder = difference.path, difference.path.partition("/")[0]
        disk = self._on_disk(path)
        if difference.new is None:
            is_packed = folder == SEGMENTS and self._is_packed(path)
            on_disk: OnDisk = "missing" if disk is None else "same"
            is_parked = folder == "blobs" and disk is None and self._is_parked(path)
            return TruthFacts(path, is_there=False, was_there=True, on_disk=on_disk, packed=is_packed, parked=is_parked)
        if folder == LOCAL:
            return TruthFacts(path, is_there=True, was_there=False)
        is_same = disk is not None and self._identity(disk) == difference.new
        text = disk if disk is not None and is_same else self._reader.read(difference.new, "blob")
        on_disk = "same" if is_same else "missing" if disk is None else "other"
        if on_disk == "other" and disk is not None and disk.startswith(text):
            on_disk = "longer"
        is_text = folder == SEGMENTS or folder not in TRUTH
        continues = difference.old is not None and text.startswith(self._reader.read(difference.old, "blob"))
        is_pointer = pointer_at(path, text) is not None
        return TruthFacts(
            path,
            is_there=True,
            # The bytes of a blob for git LFS may become their pointer: to every reader that is the same.
            was_there=difference.old is not None and not is_pointer,
            on_disk=on_disk,
            continues=continues,
            has_markers=is_text and _has_markers(text),
            is_unpointed=lfs_sha256(path) is not None and not is_pointer,
        )

    def _is_parked(self, path: str) -> bool:
        return any(path == parked for parked, _ in parked_blobs(self._engine.files, self._engine.root))

    def _is_packed(self, path: str) -> bool:
        packs = packs_of(self._engine, path.rpartition("/")[2])
        return any(f"{ARCHIVE}/{name}" in self.names for name in packs)

    def _on_disk(self, path: str) -> bytes | None:
        full = full_path(self._engine.root, path)
        found = self._engine.files.stat(full)
        is_file = found is not None and found.kind == "file"
        return git_form(self._engine.files, self._engine.root, path) if is_file else None

    def _identity(self, data: bytes) -> str:
        return blob_id(data, self._repository.object_format)

    # -- projections ----------------------------------------------------------------------------

    def _projection_problems(self, shown: list[Difference]) -> Iterator[Problem | None]:
        odd: list[tuple[Difference, Key]] = []
        with self._engine.reading() as view:
            for difference in shown:
                at = entity_at(difference.path)
                if at is None or at[1] is None:
                    continue  # no projection, or one whose name alone does not tell whose it is
                key = (at[0], at[1])
                if not self._is_plainly_right(view, difference, key):
                    odd.append((difference, key))
        if odd:
            with self._engine.reading(history=True) as view:
                for difference, key in odd:
                    yield projection_problem(difference.path, self._shows(view, difference, key))

    def _is_plainly_right(self, view: View, difference: Difference, key: Key) -> bool:
        """Tell whether it shows the state, all heads of which are staged: nothing of history has to be read."""
        state = view.state(key)
        if state is None or not all(self._is_staged(view, *head) for head in state.heads):
            return False
        return self._matches(difference, self._present(view, key))

    def _matches(self, difference: Difference, wanted: bytes | None) -> bool:
        if difference.new is None:
            # Another path may show it: the type's fan-out was changed.
            return wanted is None or self._is_shown_elsewhere(difference.path)
        return wanted is not None and difference.new == self._identity(wanted)

    def _is_shown_elsewhere(self, path: str) -> bool:
        at = entity_at(path)
        assert at is not None
        assert at[1] is not None
        now = self._engine.printer.path((at[0], at[1]))
        return now != path and any(other.path == now and other.new is not None for other in self.differences)

    def _present(self, view: View, key: Key) -> bytes | None:
        row = view.row(key)
        return None if row is None or row.data is None else render(key[1], row.data)

    def _shows(self, view: View, difference: Difference, key: Key) -> Shows:
        if self._matches(difference, self._by_staged_truth(view, key)):
            return "staged-truth"
        if self._matches(difference, self._present(view, key)):
            return "truth-on-disk"
        if difference.new is None:
            return "nothing"
        text = self._reader.read(difference.new, "blob")
        if is_wreck(text):
            return "markers"
        return "machine-made" if self._engine.is_machine_made(key, text) else "edit"

    def _by_staged_truth(self, view: View, key: Key) -> bytes | None:
        """Return the projection that the staged events of an entity give."""
        changes = []
        for place in view.events_of(key):
            record = read_record(view, place) if self._is_staged(view, place.seq, place.lane) else None
            if record is not None:
                changes.append((view.change_of(record, place.lane), view.past_of((place.seq, place.lane))))
        state = fold(changes)
        shown = None if state is None else value(state, view.strategies(key[0]))
        return None if shown is None else render(key[1], values.encode_trusted(shown).decode())

    def _is_staged(self, view: View, seq: int, lane: str) -> bool:
        """Tell whether a staged file holds an event; one that only a checkpoint covers is taken for staged."""
        section = view.section_at(lane, seq)
        if section is None:
            return True
        spans = dict(view.index.holders(lane, section.first))
        for (file, other, first), found in view.overlay.parts.items():
            if (other, first) == (lane, section.first):
                spans[file] = found
        holders = [file for file, found in spans.items() if vector.contains({lane: found}, seq, lane)]
        files = [view.by_id[file] for file in holders if file in view.by_id]
        return not files or any(f"{facts.folder}/{facts.name}" in self.names for facts in files)


def _has_markers(text: bytes) -> bool:
    return any(mark in b"\n" + text for mark in (b"\n<<<<<<< ", b"\n>>>>>>> "))
