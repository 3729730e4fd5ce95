"""Paths from a sample of sources stay within their own errors of the exact ones."""

import igraph as ig
import pytest

from graphgrow.measure import paths as module
from graphgrow.measure.chance import seeded
from graphgrow.measure.paths import SAMPLE, betweenness, paths, sample


@pytest.fixture
def hubs() -> ig.Graph:
    """Return a connected graph of 3,000 concepts with hubs."""
    with seeded(5):
        return ig.Graph.Barabasi(3000, 3)


def test_a_sample_is_near_the_exact_values(hubs: ig.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean path and largest betweenness from 256 sources lie within four standard errors, and their size is stated."""
    exact = paths(hubs, sample(hubs, 1)) | betweenness(hubs, [])
    assert exact["sampled_sources"] == 0
    assert exact["average_path_length_error"] == exact["betweenness_max_error"] == 0
    monkeypatch.setattr(module, "EXACT", 100)
    sources = sample(hubs, 1)
    found = paths(hubs, sources) | betweenness(hubs, sources)
    assert found["sampled_sources"] == SAMPLE == len(set(sources))
    for name in ("average_path_length", "betweenness_max"):
        error = found[f"{name}_error"]
        assert isinstance(error, float)
        assert error > 0
        assert found[name] == pytest.approx(exact[name], abs=4 * error)
    assert found["diameter"] <= exact["diameter"]  # type: ignore[operator]  # both are numbers
    assert found["global_efficiency"] == pytest.approx(exact["global_efficiency"], rel=0.03)


def test_the_same_seed_draws_the_same_sources(hubs: ig.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampled panel can be repeated, and another seed gives another sample."""
    monkeypatch.setattr(module, "EXACT", 100)
    assert sample(hubs, 3) == sample(hubs, 3) != sample(hubs, 4)


@pytest.mark.parametrize("nodes", [0, 1, 2])
def test_small_graphs_have_no_paths_or_no_middle(nodes: int) -> None:
    """Nothing is undefined by accident: None, not an exception."""
    graph = ig.Graph.Full(nodes)
    assert paths(graph, [])["diameter"] == {0: None, 1: 0, 2: 1}[nodes]
    assert betweenness(graph, [])["betweenness_mean"] is None
