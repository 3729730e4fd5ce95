"""A fixed panel of pairs over a growing graph: chosen once, never longer, equal to the panel where it is everything."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure.panel import panel
from graphgrow.measure.shortening import PairRow, pair_paths
from tests.conftest import RECORDED
from tests.measure.test_history import edits

CHAIN = [(f"c{i}", f"c{i + 1}") for i in range(19)]
LATER = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20)


def test_a_shortcut_shortens_the_pairs_that_it_serves() -> None:
    """All pairs of a chain of 20 are 7 apart on average; closed to a ring they are 5.26 apart."""
    rows = pair_paths(edits([*CHAIN, ("c19", "c0")]), pairs=1000, every=1)
    assert rows == [PairRow(19, 190, 190, 7.0), PairRow(20, 190, 190, 1000 / 190)]


def test_pairs_that_join_later_do_not_count_among_the_lengths() -> None:
    """Two concepts beside the chain add pairs to the panel; when a path joins them, the mean stays as it was."""
    rows = pair_paths(edits([("x", "y"), *CHAIN, ("c19", "x")]), pairs=1000, every=1)
    assert rows == [PairRow(20, 231, 191, 1331 / 191), PairRow(21, 231, 231, rows[0].mean_length)]


@given(LATER, st.integers(1, 60), st.integers(0, 3))
def test_no_length_grows(later: list[tuple[int, int]], pairs: int, seed: int) -> None:
    """As relations arrive the mean never rises, no pair comes apart, and the panel keeps its size."""
    events = edits([*CHAIN, *((f"c{a}", f"c{b}") for a, b in later)])
    rows = pair_paths(events, pairs=pairs, every=3, seed=seed)
    assert {row.pairs for row in rows} == {min(pairs, rows[0].pairs)}
    for before, now in pairwise(rows):
        assert before.connected <= now.connected <= now.pairs
        assert (now.mean_length or 0) <= (before.mean_length or 0)


def test_all_pairs_of_the_recorded_run_are_its_average_path() -> None:
    """At the first snapshot a panel of all pairs has the mean shortest path of the whole table; later it shortens."""
    events = list(read_events(RECORDED))
    graph = fold(events[:25])
    rows = pair_paths(events, pairs=10**9)
    assert rows[0].pairs == rows[0].connected == math.comb(len(graph.concepts), 2)
    assert rows[0].mean_length == pytest.approx(panel(list(graph.concepts), graph.triples())["average_path_length"])
    assert len(rows) == 12
    assert (rows[-1].mean_length or 0) < 0.8 * (rows[0].mean_length or 0)


def test_the_panel_follows_the_seed() -> None:
    """The same seed draws the same pairs, another seed others, and 500 of them speak for all."""
    events = list(read_events(RECORDED))
    first, again, other = (pair_paths(events, every=150, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    everything = pair_paths(events, every=150, pairs=10**9)
    assert first[-1].mean_length == pytest.approx(everything[-1].mean_length, rel=0.05)


def test_a_panel_that_no_path_connects_has_no_length() -> None:
    """One pair between two parts is followed, but has no length to compare."""
    rows = [
        pair_paths(edits([("x", "y"), *CHAIN, ("c19", "x")]), pairs=1, every=20, seed=seed)[-1] for seed in range(20)
    ]
    assert PairRow(21, 1, 1, None) in rows


def test_small_graphs_have_no_panel() -> None:
    """Nothing, and a component of fewer than twenty concepts, have no row."""
    assert pair_paths([]) == []
    assert pair_paths(edits(CHAIN[:-1]), every=1) == []


@pytest.mark.parametrize(("pairs", "every"), [(0, 25), (500, 0)])
def test_a_panel_of_nothing_is_refused(pairs: int, every: int) -> None:
    """No pair and no snapshot are errors of the caller."""
    with pytest.raises(BadInput, match="give 1 or more"):
        pair_paths(edits(CHAIN), pairs=pairs, every=every)
