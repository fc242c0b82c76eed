"""The tail of the open segment: what was read there and may not be durable yet. It is made durable before it is shown.

A writer may be killed between its append and its sync, and on Linux it leaves the lock before the sync
(``store.writing``). So whoever reads bytes behind the mark syncs the file itself, and moves the mark on for all.
"""

import os

from journal.disk.files import Files
from journal.index.bounds import Bounds
from journal.index.view import View
from journal.segments.folders import SEGMENTS, Listing
from journal.segments.tip import Mark
from journal.store.opening import note_lost, read_opening
from journal.store.tip_file import Standing, Tips


class Tail:
    """What one open store knows of the tail."""

    def __init__(self, files: Files, root: str, local: str, tips: Tips) -> None:
        self._files, self._tips = files, tips
        self._segments, self._local = os.path.join(root, SEGMENTS), local
        self.standing: Standing | None = None
        """How far the open segment was written and is durable, as of the last look."""
        self._is_unsynced = False
        """There is what was seen and is not known to be durable."""
        self.lost = ""
        """A segment that was begun and is lost, as of the last look; who holds the lock is to remove it."""
        self._synced = ""
        """The segment that was synced here for that, of which nobody was told yet how far it is durable."""

    def look(self) -> str | None:
        """Look how far the open segment was written, and return its name."""
        self.standing = self._tips.look()
        return self.standing.tip.segment if self.standing is not None else None

    def take_note(self, listing: Listing) -> None:
        """Take note of what was just seen in the files, for ``sync``."""
        self._is_unsynced = self._is_unsynced or self._is_behind_mark(listing)

    def settled(self) -> None:
        """Take note that all that was seen is durable by now, or is shown to nobody."""
        self._is_unsynced = False

    def _is_behind_mark(self, listing: Listing) -> bool:
        standing = self.standing
        found = listing.get((SEGMENTS, standing.tip.segment)) if standing is not None else None
        if standing is None or found is None or found.inode != standing.tip.inode:
            return False
        end = found.size if standing.cut is None else standing.cut.size
        return end > standing.mark.size

    def sync(self) -> bool:
        """Sync what was seen; False where some of it may be lost, and is cut off.

        On a read-only disk, where nothing can be cut off either, it is shown as it is.
        """
        before = self.standing
        if not self._is_unsynced or before is None:
            return True
        self._is_unsynced = False
        name = before.tip.segment
        try:
            self._files.sync(os.path.join(self._segments, name))
        except OSError:
            self._tips.cut_off(name)
            self._take_cut(before)
            return False
        self._synced = name
        # Another process may just have been told that its bytes were lost: then this sync could not tell.
        return self._take_cut(before).cut == before.cut

    def _take_cut(self, before: Standing) -> Standing:
        """Heed a cut that came since the files were listed, and nothing else, for ``bounds``.

        What was written and acknowledged since is not in what was listed, and so is not missing there.
        """
        now = self._tips.look() or before
        self.standing = before._replace(last_cut=now.last_cut)
        return self.standing

    def tell_synced(self, view: View) -> bool:
        """Tell all how far the segment that was synced is durable, as far as the view holds it.

        False where it was cut off before that.
        """
        name, self._synced = self._synced, ""
        facts = view.facts.get((SEGMENTS, name)) if name else None
        return facts is None or self._tips.acknowledge(Mark(name, facts.applied, facts.last)) is not False

    def sync_opening(self, listing: Listing) -> None:
        """Sync a segment that its writer has begun and not acknowledged: killed, or just about to.

        One that is lost is taken out of the listing (``store.opening``).
        """
        was_lost, self.lost = self.lost, ""
        opening = read_opening(self._files, self._local)
        is_open = self.standing is not None and opening is not None and self.standing.tip.segment == opening.segment
        if opening is None or is_open:
            return
        key = (SEGMENTS, opening.segment)
        if key in listing and (opening.is_lost or self._is_lost(opening.segment)):
            self.lost = opening.segment
            del listing[key]
        elif opening == (was_lost, True):
            self.lost = was_lost  # taken out of the listing before, and still to be removed

    def _is_lost(self, segment: str) -> bool:
        try:
            self._files.sync(os.path.join(self._segments, segment))
            self._files.sync_folder(self._segments)
        except FileNotFoundError:
            return False  # its writer has removed it
        except OSError:
            return note_lost(self._files, self._local, segment)
        return False

    def bounds(self, name: str) -> Bounds:
        """What this work tree remembers of a segment's end: nothing acknowledged may be missing before it."""
        standing = self.standing
        cut = standing.cut_of(name) if standing is not None else None
        limit = None if cut is None else cut.seq
        if standing is None or standing.tip.segment != name:
            return Bounds(limit_seq=limit)
        found = self._files.stat(os.path.join(self._segments, name))
        if found is None or found.inode != standing.tip.inode:
            return Bounds()
        return Bounds(standing.mark.seq, limit)
