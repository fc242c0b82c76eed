"""A writer is killed between its write and its sync: what others are shown then survives a later power cut."""

import os
from unittest.mock import patch

import pytest

from journal import Journal
from tests.support.inodes import Policy
from tests.support.outages import LOST, bury, restarted
from tests.support.power import SimulatedDisk, SimulatedOpenFile
from tests.support.stores import documents, new_store


class KilledError(BaseException):
    """The end of a process, in the middle of a call."""


def killed(_: SimulatedOpenFile) -> None:
    raise KilledError


@pytest.mark.parametrize(
    "policy", [LOST, Policy("dropped", "kept"), Policy("zeros", "kept"), Policy("kept", "dropped")]
)
@pytest.mark.parametrize("where", ["first segment", "same segment", "next segment"])
@pytest.mark.parametrize("then", ["read", "write"])
def test_what_is_shown_after_a_kill_is_durable(tmp_path, policy, where, then):
    root = new_store(tmp_path, options='durability = "sync"')
    disk = SimulatedDisk(str(tmp_path))
    journal = Journal.open(store=root, files=disk)
    if where != "first segment":
        journal.put("t", "a", {"n": 1})
    if where == "next segment":
        journal._engine.lanes.end_segment()
    with patch.object(SimulatedOpenFile, "sync", killed), pytest.raises(KilledError):
        journal.put("t", "b", {"n": 2})
    bury(journal)
    journal = Journal.open(store=root, files=disk)
    if then == "write":
        journal.put("t", "c", {"n": 3})
    shown = documents(journal)
    assert ("t", "b") in shown
    rebooted = disk.reboot(policy)
    bury(journal)
    with restarted(), Journal.open(store=os.path.join(rebooted.root, ".journal"), files=rebooted) as journal:
        assert documents(journal) == shown
