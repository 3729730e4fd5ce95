"""Runs side by side: which are repeats of one setup, and what mean and interval over them are."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from graphgrow.graph.events import write_events
from graphgrow.graph.model import Budget, Event
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.measure.comparison import run, setups, shared, spread
from graphgrow.measure.history import history
from graphgrow.stores.memory import MemoryStore
from tests.cli.test_cli import graphgrow
from tests.conftest import chatter


def grown(steps: int, *, seed: int = 0, policy: str = "frontier") -> list[Event]:
    """Return the events of a scripted run."""
    store = MemoryStore()
    list(grow("spider silk", store, Scripted(chatter(steps)), policy=policy, budget=Budget(steps=steps), seed=seed))
    return list(store.events())


def test_runs_that_differ_in_chance_alone_are_repeats() -> None:
    """The seed makes no new setup, another strategy does; snapshots in common are those of the shorter run."""
    one, other, third = (run(name, events, every=2) for name, events in (
        ("one", grown(6)), ("other", grown(9, seed=1)), ("third", grown(6, policy="bfs"))))  # fmt: skip
    assert [[member.name for member in members] for members in setups([one, other, third]).values()] == [
        ["one", "other"],
        ["third"],
    ]
    assert (one.seeds, other.seeds) == ((0,), (1,))
    assert shared([one, other]) == [2, 4, 6]
    assert shared([]) == []


def test_a_run_holds_the_history_at_its_snapshots() -> None:
    """The values that are compared are those of `history`, the last event included."""
    events = grown(7)
    table = history(events, every=3)
    taken = run("one", events, every=3)
    assert list(taken.snapshots) == [3, 6, 7]
    assert [row["nodes"] for row in taken.snapshots.values()] == table["nodes"].loc[[3, 6, 7]].tolist()
    assert taken.snapshots[7]["lr_lognormal.p"] is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9).filter(lambda v: max(v) - min(v) > 1e-3))
def test_interval_is_students(values: Sequence[float]) -> None:
    """Mean, low and high are those of scipy's one-sample t interval."""
    found = spread(values)
    truth = ttest_1samp(values, 0).confidence_interval(0.95)
    assert [found.low, found.high] == pytest.approx([truth.low, truth.high], abs=1e-6)


def test_one_number_has_no_interval() -> None:
    """Nothing, one number and words have neither mean nor interval; what is missing does not count."""
    assert spread([]).mean is spread([4.0, None]).mean is spread(["lognormal", "undecided"]).low is None
    assert spread([1, None, 3]).mean == 2.0


def test_compare_prints_curves_panels_and_intervals(tmp_path: Path) -> None:
    """The command takes run files and stores, prints both tables, and the same values as JSON."""
    write_events(tmp_path / "one.jsonl", grown(6))
    write_events(tmp_path / "other.jsonl.gz", grown(8, seed=1))
    graphgrow("replay", "one.jsonl", "--store", "copy.db", cwd=tmp_path)
    words = ("compare", "one.jsonl", "other.jsonl.gz", "copy.db", "--every", "2")
    shown = graphgrow(*words, cwd=tmp_path).stdout
    assert "A1 and A3 are the same run" in shown
    assert "the runs differ in length" in shown
    assert "A mean" in shown
    found = json.loads(graphgrow(*words, "--json", cwd=tmp_path).stdout)
    assert [one["seeds"] for one in found["runs"]] == [[0], [1], [0]]
    (setup,) = found["setups"]
    assert [row["seq"] for row in setup["spread"]] == [2, 4, 6]
    nodes = [one["snapshots"]["6"]["nodes"] for one in found["runs"]]
    assert setup["spread"][-1]["nodes"]["mean"] == pytest.approx(sum(nodes) / 3)


def test_what_cannot_be_compared_is_said(tmp_path: Path) -> None:
    """One run alone, an empty file and runs without a common snapshot each get their sentence."""
    write_events(tmp_path / "one.jsonl", grown(3))
    write_events(tmp_path / "two.jsonl", grown(2))
    (tmp_path / "none.jsonl").write_text("")
    assert "nothing to be compared with" in graphgrow("compare", "one.jsonl", cwd=tmp_path, code=1).stderr
    assert "holds no step yet" in graphgrow("compare", "one.jsonl", "none.jsonl", cwd=tmp_path, code=1).stderr
    shown = graphgrow("compare", "one.jsonl", "two.jsonl", cwd=tmp_path).stdout
    assert "no snapshot in common" in shown
