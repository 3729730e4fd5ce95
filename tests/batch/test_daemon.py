"""The daemon: killed at random moments under a fast clock, told to reload, pause, trigger and stop."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from graphgrow.batch.daemon import Daemon
from graphgrow.batch.schedule import Interval
from graphgrow.batch.state import State, state_path
from graphgrow.errors import BadInput
from graphgrow.stores import open_store
from graphgrow.stores.projection import differences, project
from tests.batch_runs import asked, between, jobs_file, tick, utc, working
from tests.conftest import ROOT
from tests.processes import LONGEST, heard, started
from tests.servers import PATIENCE

ROUNDS = int(os.environ.get("GRAPHGROW_KILLS", "8"))
SPEED = 200.0  # ten minutes in three seconds
START = utc("2026-10-24T20:00:00")
JOB = (
    '[[job]]\nname = "{name}"\ntopic = "spider silk"\nstore = "{name}.db"\nrun = {{ steps = 2 }}\nwidth = {width}\n'
    'schedule = {{ every = "10m", missed = "all", overlap = "wait" }}\n'
)
NURSERY = """
import os, sys, time
from pathlib import Path
from uuid import uuid4
from graphgrow.batch.daemon import Daemon
from graphgrow.llm.scripted import Scripted
from tests.batch_runs import working
from tests.conftest import triples
from tests.batch.test_daemon import START, FastClock

class Slow(Scripted):
    def ask(self, prompt):
        time.sleep(0.05)
        protein = f"protein {uuid4().int % 10**6}"
        return Scripted([triples(("spider silk", "contains", protein), (protein, "forms", "sheet"))]).ask(prompt)

def log(what, **about):
    print(what, about, flush=True)

path, real, speed = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
for line in sys.stdin:  # a daemon for each, begun with all that a new process has to import first
    child = os.fork()
    if not child:
        print(os.getpid(), flush=True)
        with working(path, FastClock(START, real, speed), lambda _: Slow([])) as dispatcher:
            dispatcher.log = log
            Daemon(path, dispatcher, beat=0.2).serve()
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that runs `speed` times as fast as the machine's since `start` (its own time) at `real` (epoch)."""

    start: datetime
    real: float
    speed: float

    def __call__(self) -> datetime:
        """Return the time in UTC, by this clock."""
        return self.start + timedelta(seconds=(time.time() - self.real) * self.speed)


def kill_while_serving(nursery: subprocess.Popen[str], seconds: float) -> None:
    """Let a daemon serve for some time after its first word, and kill it."""
    assert nursery.stdin is not None
    nursery.stdin.write("serve\n")
    nursery.stdin.flush()
    number = int(heard(nursery))
    assert "serving" in heard(nursery)
    time.sleep(seconds)
    os.kill(number, signal.SIGKILL)
    heard(nursery, "killed\n")


@pytest.mark.slow
def test_kill_9_loses_no_schedule_and_doubles_no_run(tmp_path: Path) -> None:
    """After all kills every due moment was run once, each run has the steps that it may, and graphs verify equal."""
    jobs = "".join(JOB.format(name=name, width=width) for name, width in (("one", 1), ("two", 2)))
    path = jobs_file(tmp_path, f'[limits]\nlease = "1s"\n{jobs}')
    rng, real = random.Random(11), time.time()
    command = [sys.executable, "-c", NURSERY, str(path), str(real), str(SPEED)]
    with started(command, LONGEST, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as nursery:
        for _ in range(ROUNDS):
            kill_while_serving(nursery, rng.uniform(0, 1.2))
    stood_still = FastClock(FastClock(START, real, SPEED)(), time.time(), 0.0)
    with working(path, stood_still) as dispatcher:
        tick(dispatcher)
        for name in ("one", "two"):
            rows = dispatcher.state.runs(name, 1000)
            due = Interval(timedelta(minutes=10))
            assert [row.due for row in rows[::-1]] == list(between(due, START, rows[0].due))[-len(rows) :]
            assert stood_still() - rows[0].due < due.span
            assert {(row.status, row.outcome) for row in rows} == {("ended", "steps")}
            steps = Counter(event.run for event in asked(tmp_path / f"{name}.db"))
            assert steps == {row.name: 2 for row in rows}
            with closing(open_store(str(tmp_path / f"{name}.db"))) as store:
                assert differences(project(store.graph()), store.projection()) == []
    assert any(row.tries > 1 for row in rows) or ROUNDS < 5


@contextmanager
def serving(path: Path, told: list[tuple[str, dict[str, object]]]) -> Iterator[Callable[[str], dict[str, object]]]:
    """Yield a function that waits until a daemon in a thread has told something, and returns it."""
    over: list[int] = []

    def log(what: str, **about: object) -> None:
        told.append((what, about))

    def heard(what: str) -> dict[str, object]:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = next((about for said, about in told if said == what), None)
            if found is not None:
                told.remove((what, found))
                return found
            time.sleep(0.02)
        raise AssertionError(f"never heard {what!r}, but {told}")

    clock = FastClock(START, time.time(), 3600.0)
    with working(path, clock, log=log, stop=lambda: bool(over)) as dispatcher:
        thread = Thread(target=Daemon(path, dispatcher, beat=0.1).serve)
        thread.start()
        try:
            yield heard
        finally:
            over.append(1)
            thread.join(PATIENCE)


def test_the_daemon_reloads_pauses_resumes_and_is_triggered(tmp_path: Path) -> None:
    """What is asked of it from outside is done at the next beat; a broken file is told, and the last good one holds."""
    good = JOB.format(name="one", width=1).replace("10m", "1h")
    path, told = jobs_file(tmp_path, good), list[tuple[str, dict[str, object]]]()
    with serving(path, told) as heard, closing(State(state_path(path))) as state:
        assert heard("ended")["outcome"] == "steps"  # the clock does an hour a second
        path.write_text(f"{good}\nstpes = 3\n")
        assert ":9: stpes: there is no such setting, did you mean steps?" in str(heard("not reloaded")["why"])
        path.write_text(good + JOB.format(name="two", width=1).replace("10m", "52w"))
        assert heard("reloaded") == {"jobs": 2}
        state.trigger("two")
        assert heard("triggered") == {"job": "two"}
        while heard("ended")["job"] != "two":
            pass
        state.pause("one", paused=True)
        while "paused" not in str(heard("skipped")["why"]):
            pass
        state.pause("one", paused=False)
        told.clear()
        assert heard("ended")["job"] == "one"
        with pytest.raises(BadInput, match="another process works"), state.alone():
            pass
    assert told[-1][0] == "stopped"


def test_a_daemon_that_is_terminated_saves_and_ends(tmp_path: Path) -> None:
    """SIGTERM lets the run that is under way end early, and it goes on with the next start; lines are JSON."""
    job = (
        JOB.format(name="one", width=1)
        .replace("10m", "2s")
        .replace("schedule", 'llm = "world:scale-free?size=200"\nschedule')
    )
    path = jobs_file(tmp_path, job.replace("spider silk", "impact resistant materials"))
    command = [sys.executable, "-m", "graphgrow", "batch", "serve", str(path), "--json"]
    with started(command, LONGEST, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(json.loads(line))
            if lines[-1]["what"] == "ended":
                child.send_signal(signal.SIGTERM)
        assert child.wait(PATIENCE) == 0
    assert [line["what"] for line in lines][:2] == ["serving", "due"]
    assert lines[-1]["what"] == "stopped"
    assert all(line["at"].endswith("+00:00") for line in lines)
