"""Goal: a Ctrl-C while the libraries load is a Ctrl-C, and no crash of the process."""

import subprocess
import sys

import pytest

CODE = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, *rest):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
try:
    import journal.format.values
except KeyboardInterrupt:
    assert "orjson" in sys.modules
    print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be held back there")
@pytest.mark.parametrize("module", ["uuid", "dataclasses", "datetime"])
def test_an_interrupt_while_orjson_loads_waits_for_the_end_of_it(module):
    """Each is a module that it loads on its way, and where it would take the process down."""
    ended = subprocess.run([sys.executable, "-c", CODE, module], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr
