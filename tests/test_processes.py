"""The harness: whatever a process does, a test that waits for it fails, and says for what."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import processes
from tests.processes import finished, heard, started, stopped
from tests.servers import waited_for

STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # it keeps the pipe open
print(child.pid, flush=True)
time.sleep(600)
"""


def is_alive(number: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_in_vain(words: list[str], patience: float, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return why a test fails that waits for a process to say what it never says."""
    with started(words, 60, stdout=subprocess.PIPE, text=True) as process:
        monkeypatch.setattr(processes, "PATIENCE", patience)
        with pytest.raises(AssertionError) as failure:
            heard(process, "this")
        return str(failure.value)


def test_a_process_that_does_not_end_is_killed_with_its_own_and_says_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a signal that is ignored nor a pipe that a grandchild keeps open holds up a test."""
    env, words = os.environ | {"PYTHONFAULTHANDLER": "1"}, [sys.executable, "-c", STUBBORN]
    with (
        (tmp_path / "said").open("wb") as said,
        started(words, 60, stdout=subprocess.PIPE, stderr=said, env=env) as process,
    ):
        numbers = [process.pid, int(heard(process))]
        monkeypatch.setattr(processes, "PATIENCE", 0.5)
        with pytest.raises(AssertionError, match=r"had to be killed after 0\.5 s"):
            stopped(process)
        assert waited_for(lambda: not any(map(is_alive, numbers)))
        assert process.communicate() == (b"", None)
    assert "most recent call first" in (tmp_path / "said").read_text(encoding="utf-8")


def test_what_is_never_said_is_a_failure_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where the process has ended nor where it goes on in silence."""
    quick, slow = ([sys.executable, "-c", code] for code in ("print('that')", "import time; time.sleep(600)"))
    assert "never said 'this', but ['that" in wait_in_vain(quick, 60, monkeypatch)
    assert "had to be killed after 0.2 s" in wait_in_vain(slow, 0.2, monkeypatch)
    with pytest.raises(AssertionError, match=r"had to be killed after 0\.2 s"):
        finished(slow, 0.2, capture_output=True)


def test_a_process_that_does_as_it_should_is_left_to_itself() -> None:
    """Its exit code and what it said come as they are; one that a block leaves behind ends with it."""
    done = finished([sys.executable, "-c", "import sys; print('well'); sys.exit(3)"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "well\n")
    with pytest.raises(AssertionError, match="ended with 3"):
        finished([sys.executable, "-c", "import sys; sys.exit(3)"], check=True)
    with started([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        pass
    assert process.returncode == -signal.SIGKILL
