"""The critical state against spectra known by hand, and the sparse estimate against the exact value."""

import json
import math
import random

import igraph as ig
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphgrow.errors import BadInput
from graphgrow.measure import critical as module
from graphgrow.measure.critical import (
    EXACT,
    MISSING,
    Entropy,
    Surprise,
    critical,
    discovery,
    semantic_entropy,
    structural_entropy,
    surprising_edges,
)

NAMES = {
    "structural_entropy", "structural_entropy_error", "semantic_entropy", "discovery_parameter", "surprising_share",
    "missing",
}  # fmt: skip
edges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


def entropy(graph: ig.Graph) -> float:
    """Return the structural entropy of a graph that has an edge."""
    found = structural_entropy(graph)
    assert found is not None
    return found.value


def shannon(*eigenvalues: float) -> float:
    """Return -sum p ln p of a spectrum written out by hand."""
    total = sum(eigenvalues)
    return -sum(x / total * math.log(x / total) for x in eigenvalues if x)


def estimate(graph: ig.Graph, seed: int = 0) -> Entropy:
    """Return the sparse estimate, however small the graph."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "EXACT", 0)
        found = structural_entropy(graph, seed=seed)
    assert found is not None
    return found


def web(size: int, seed: int = 7) -> ig.Graph:
    """Return a random graph with hubs, leaves and triangles: one edge to a popular concept, one to any."""
    chance = random.Random(seed)
    ends = [0]
    for new in range(1, size):
        ends += [chance.choice(ends), new, chance.randrange(new), new]
    return ig.Graph(size, list(zip(ends[1::2], ends[2::2], strict=True)))


def blobs() -> NDArray[np.float64]:
    """Return four embeddings: two alike, one at a right angle to them, one opposite to the first two."""
    return np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])


@settings(max_examples=20)
@given(st.integers(2, 60))
def test_a_complete_graph_has_the_entropy_of_all_but_one_concept(size: int) -> None:
    """S(K_n) = ln(n - 1): the eigenvalues are 0 once and n / (n - 1) otherwise."""
    found = structural_entropy(ig.Graph.Full(size))
    assert found is not None
    assert found.value == pytest.approx(math.log(size - 1))
    assert (found.standard_error, found.probes) == (0.0, 0)


@settings(max_examples=20)
@given(st.integers(2, 60))
def test_a_star_has_its_known_eigenvalues(size: int) -> None:
    """The normalised Laplacian of a star has 0, n - 2 times 1, and 2."""
    assert entropy(ig.Graph.Star(size)) == pytest.approx(shannon(*[1.0] * (size - 2), 2.0))


def test_two_stars_have_both_their_spectra() -> None:
    """A graph in two parts has the eigenvalues of both, over the sum of both."""
    stars = ig.Graph.Star(5) + ig.Graph.Star(9)
    assert entropy(stars) == pytest.approx(shannon(*[1.0] * 3, 2.0, *[1.0] * 7, 2.0))


@given(edges, st.integers(1, 5))
def test_isolated_concepts_do_not_change_the_structure(pairs: list[tuple[int, int]], lonely: int) -> None:
    """Concepts without an edge, wherever they stand, leave the entropy as it was."""
    apart = ig.Graph(10 + lonely, [(a + lonely, b + lonely) for a, b in pairs])
    assert structural_entropy(apart) == structural_entropy(ig.Graph(10, pairs))


@given(edges)
def test_only_the_simple_undirected_projection_counts(pairs: list[tuple[int, int]]) -> None:
    """Loops, directions and parallel edges change neither entropy nor surprise, and no spectrum exceeds ln(n - 1)."""
    simple = ig.Graph(10, pairs).simplify()
    directed = ig.Graph(10, [*pairs, *((b, a) for a, b in pairs)], directed=True)
    embeddings = np.random.default_rng(1).normal(size=(10, 3))
    assert critical(directed, embeddings) == critical(simple, embeddings)
    if simple.ecount():
        assert 0 <= entropy(simple) <= math.log(9) + 1e-12


def test_the_estimate_agrees_with_the_exact_value() -> None:
    """On 1,500 concepts the estimate is within four standard errors of the dense spectrum, and within 1 %."""
    graph = web(1500)
    exact, guess = entropy(graph), estimate(graph)
    assert guess.probes == 20
    assert 0 < guess.standard_error < 0.01 * exact
    assert abs(guess.value - exact) < min(4 * guess.standard_error, 0.01 * exact)


@pytest.mark.parametrize("graph", [ig.Graph.Star(400), ig.Graph.Full(50), ig.Graph.Ring(400), ig.Graph.Full(2)])
def test_the_estimate_stands_few_different_eigenvalues(graph: ig.Graph) -> None:
    """Lanczos ends early where two or three eigenvalues are all there are, and the estimate still holds."""
    guess = estimate(graph)
    assert guess.value == pytest.approx(entropy(graph), abs=4 * guess.standard_error + 1e-3)


def test_a_large_graph_is_estimated_and_repeats() -> None:
    """Beyond the exact size the same seed gives the same estimate, another seed another one close by."""
    graph = web(EXACT + 1)
    first, again, other = (structural_entropy(graph, seed=seed) for seed in (3, 3, 4))
    assert first is not None
    assert other is not None
    assert first == again != other
    assert first.value == pytest.approx(other.value, abs=6 * first.standard_error)


@given(st.integers(1, 12), st.integers(0, 20))
def test_orthogonal_embeddings_have_all_the_entropy(size: int, more: int) -> None:
    """N orthogonal embeddings of any length, in n or more dimensions, give ln n."""
    embeddings = np.eye(size, size + more) * np.arange(1, size + 1)[:, None]
    assert semantic_entropy(embeddings) == pytest.approx(math.log(size))


@given(st.integers(1, 40), st.integers(1, 12))
def test_identical_embeddings_have_no_entropy(size: int, dimensions: int) -> None:
    """The same direction, however often and however long, gives 0."""
    row = np.arange(1.0, dimensions + 1)
    assert semantic_entropy(np.outer(np.arange(1, size + 1), row)) == pytest.approx(0, abs=1e-12)


def test_semantic_entropy_is_that_of_the_similarity_matrix() -> None:
    """More rows than dimensions or fewer, with zero rows: the same as from the n x n matrix of cosines over n."""
    for shape in ((30, 4), (4, 30)):
        rows = np.random.default_rng(0).normal(size=shape)
        unit = rows / np.linalg.norm(rows, axis=1)[:, None]
        spectrum = np.clip(np.linalg.eigvalsh(unit @ unit.T), 0, None)
        assert semantic_entropy(np.vstack([rows, 0 * rows])) == pytest.approx(shannon(*spectrum))


@pytest.mark.parametrize("embeddings", [np.zeros((0, 3)), np.zeros((4, 3)), np.zeros((4, 0))])
def test_no_embedding_has_no_entropy(embeddings: NDArray[np.float64]) -> None:
    """No row, only zero rows, or no dimension: None."""
    assert semantic_entropy(embeddings) is None


def test_discovery_compares_the_entropies() -> None:
    """D is 0 for equals, -1 where all is meaning, 1 where all is structure, and None for nothing at all."""
    assert [discovery(*pair) for pair in ((2, 2), (0, 3), (3, 0), (3, 1))] == [0, -1, 1, 0.5]
    assert discovery(0.0, 0.0) is None


def test_surprising_edges_are_the_distant_ones() -> None:
    """The mean cosine of the four embeddings is -1/6: of four edges only that between opposites lies below."""
    graph = ig.Graph(4, [(3, 0), (0, 1), (1, 2), (2, 3)])
    found = surprising_edges(graph, blobs())
    assert found.threshold == pytest.approx(-1 / 6)
    assert (found.share, found.edges) == (0.25, ((0, 3, -1.0),))


def test_surprising_edges_start_with_the_most_distant() -> None:
    """Below a threshold of our own: the opposites first, then the right angles in order of their concepts."""
    graph = ig.Graph(4, [(2, 3), (1, 2), (0, 1), (3, 0)])
    found = surprising_edges(graph, blobs(), threshold=0.5)
    assert found == Surprise(0.75, 0.5, ((0, 3, -1.0), (1, 2, 0.0), (2, 3, 0.0)))


def test_nothing_surprises_among_the_same() -> None:
    """Identical embeddings are as similar as the mean: rounding makes no edge surprising."""
    assert surprising_edges(ig.Graph.Full(30), np.full((30, 7), 0.3)).share == 0


def test_an_edge_to_a_zero_embedding_is_not_counted() -> None:
    """One of two edges has an end without an embedding: the share is over the other."""
    embeddings = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 0.1]])
    found = surprising_edges(ig.Graph(4, [(0, 1), (1, 2)]), embeddings)
    assert (found.share, found.edges) == (1.0, ((0, 1, -1.0),))


def test_the_row_holds_what_its_parts_return() -> None:
    """Every name of the row is the value of the function that measures it; JSON takes it."""
    graph, embeddings = web(60), np.random.default_rng(2).normal(size=(60, 8))
    row = critical(graph, embeddings)
    semantic = semantic_entropy(embeddings)
    assert semantic is not None
    assert row["structural_entropy"] == entropy(graph)
    assert row["semantic_entropy"] == semantic
    assert row["discovery_parameter"] == discovery(entropy(graph), semantic)
    assert row["surprising_share"] == surprising_edges(graph, embeddings).share
    assert (row["structural_entropy_error"], row["missing"]) == (0.0, "")
    assert set(row) == NAMES
    json.dumps(row, allow_nan=False)


def test_without_embeddings_the_row_says_so() -> None:
    """Only the structure is measured, and a sentence says what is missing."""
    row = critical(web(60))
    assert [name for name in row if row[name] is None] == [
        "semantic_entropy", "discovery_parameter", "surprising_share",
    ]  # fmt: skip
    assert row["missing"] == MISSING


@pytest.mark.parametrize("size", [0, 1, 3])
def test_a_graph_without_an_edge_has_a_row(size: int) -> None:
    """Nothing, one concept, concepts without an edge: what needs an edge is None, with embeddings or without."""
    for embeddings in (None, np.eye(size, 5)):
        row = critical(ig.Graph(size), embeddings)
        assert set(row) == NAMES
        names = "structural_entropy", "structural_entropy_error", "discovery_parameter", "surprising_share"
        assert [row[name] for name in names] == [None] * 4
    assert surprising_edges(ig.Graph(size), np.eye(size, 5)).edges == ()


def test_one_relation_between_synonyms_has_no_discovery_parameter() -> None:
    """Both entropies of two linked concepts of one meaning are 0, so D is None."""
    row = critical(ig.Graph.Full(2), np.ones((2, 3)))
    assert row["structural_entropy"] == pytest.approx(0, abs=1e-12)
    assert (row["discovery_parameter"], row["surprising_share"]) == (None, 0.0)


@pytest.mark.parametrize("embeddings", [np.ones((2, 3)), np.ones((4, 3)), np.ones(3), np.full((3, 2), np.nan)])
def test_embeddings_that_do_not_fit_are_refused(embeddings: NDArray[np.float64]) -> None:
    """Too few rows, too many, no table, no number: BadInput tells the shape."""
    with pytest.raises(BadInput, match="embeddings"):
        critical(ig.Graph.Full(3), embeddings)
