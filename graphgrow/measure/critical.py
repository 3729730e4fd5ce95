"""Does the growing graph sit at its critical state? Entropy of its structure against entropy of its meanings.

Source: Buehler, arXiv 2503.18852, which reports a discovery parameter near -0.03 and about 12 % of surprising edges.
All is computed on the simple undirected projection; embeddings come in the order of the graph's concepts.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput

if TYPE_CHECKING:
    import igraph as ig
    from scipy.sparse import csr_array

EXACT = 2000  # concepts; a dense spectrum of twice as many takes eight times as long
PROBES = 20
STEPS = 40
_ROUNDING = 1e-9  # what differs by less than this is the same number, computed twice
_EXHAUSTED = 1e-10  # a Lanczos step this short adds no new direction
MISSING = "No embeddings were given: semantic entropy, discovery parameter and surprising edges are unknown."


@dataclass(frozen=True, slots=True)
class Entropy:
    """An entropy in nats; exact where `probes` is 0, else the mean over that many random probes."""

    value: float
    standard_error: float
    probes: int


@dataclass(frozen=True, slots=True)
class Surprise:
    """The edges (concept, concept, cosine similarity) below a threshold, most distant first, and their share."""

    share: float | None
    threshold: float | None
    edges: tuple[tuple[int, int, float], ...]


def critical(graph: "ig.Graph", embeddings: NDArray[np.float64] | None = None, *, seed: int = 0) -> dict[str, object]:
    """Return both entropies in nats, the discovery parameter, the share of surprising edges; None where undefined.

    `embeddings` has shape (concepts, d); without them `missing` says what could not be had, else it is empty.

    Raises:
        BadInput: the embeddings are not one row of finite numbers per concept.
    """
    structural = structural_entropy(graph, seed=seed)
    surprise = surprising_edges(graph, embeddings) if embeddings is not None else None
    semantic = semantic_entropy(embeddings) if embeddings is not None else None
    return {
        "structural_entropy": structural.value if structural else None,
        "structural_entropy_error": structural.standard_error if structural else None,
        "semantic_entropy": semantic,
        "discovery_parameter": discovery(structural.value, semantic) if structural and semantic is not None else None,
        "surprising_share": surprise.share if surprise else None,
        "missing": MISSING if embeddings is None else "",
    }


def structural_entropy(graph: "ig.Graph", *, seed: int = 0) -> Entropy | None:
    """Return the von Neumann entropy in nats of I - D^-1/2 A D^-1/2 over its trace; None without an edge.

    The trace is the number of concepts that have an edge: an isolated one has no row, or its 1 on the diagonal would
    count as a state of its own. S(K_n) = ln(n - 1). Beyond `EXACT` such concepts it is estimated, and `seed` decides
    the probes.
    """
    from scipy.sparse import csr_array, eye_array

    concepts, places = np.unique(_pairs(graph), return_inverse=True)
    size = len(concepts)
    if not size:
        return None
    one, other = places.reshape(-1, 2).T
    scale = 1 / np.sqrt(np.bincount(places.ravel(), minlength=size))
    rows, columns = np.concatenate((one, other)), np.concatenate((other, one))
    adjacency = csr_array((scale[rows] * scale[columns], (rows, columns)), shape=(size, size))
    laplacian = csr_array(eye_array(size) - adjacency)
    if size <= EXACT:
        return Entropy(_entropy(np.linalg.eigvalsh(laplacian.toarray())), 0.0, 0)
    return _estimate(laplacian, np.random.default_rng(seed))


def semantic_entropy(embeddings: NDArray[np.float64]) -> float | None:
    """Return the von Neumann entropy in nats of the cosine similarities of embeddings (n, d) over their trace.

    Zero rows are left out; None where no row is left. Orthogonal rows give ln n, identical ones 0. It never exceeds
    ln d while the structure's grows like ln n, so D rises with the graph: compare it at equal sizes under one model,
    not with the paper's -0.03.

    Raises:
        BadInput: the embeddings are not a table of finite numbers.
    """
    unit, known = _unit(embeddings)
    unit = unit[known]
    if not unit.size:
        return None
    rows, dimensions = unit.shape
    return _entropy(np.linalg.eigvalsh(unit @ unit.T if rows < dimensions else unit.T @ unit))


def discovery(structural: float, semantic: float) -> float | None:
    """Return D = (structural - semantic) / (structural + semantic) of two entropies; None where both are 0."""
    total = structural + semantic
    return (structural - semantic) / total if total > _ROUNDING else None


def surprising_edges(graph: "ig.Graph", embeddings: NDArray[np.float64], *, threshold: float | None = None) -> Surprise:
    """Return the edges whose ends, embedded in shape (concepts, d), are less similar than `threshold`.

    The definition is ours, the paper's threshold being unknown to us: by default the mean cosine similarity over all
    pairs of concepts, so that a surprising edge links what is further apart than two concepts at random. A zero
    embedding is similar to nothing: its concept counts in no pair, its edges not in the share.

    Raises:
        BadInput: the embeddings are not one row of finite numbers per concept.
    """
    unit, known = _unit(embeddings)
    if len(unit) != graph.vcount():
        raise BadInput(f"{len(unit)} embeddings for {graph.vcount()} concepts: give one row a concept, in their order.")
    rows = unit[known]
    count = len(rows)
    if threshold is None and count > 1:  # |sum of u|^2 = n + 2 sum over pairs of u . v
        total = rows.sum(axis=0)
        threshold = (float(total @ total) - count) / (count * (count - 1))
    pairs = _pairs(graph)
    pairs = pairs[known[pairs].all(axis=1)]
    if threshold is None or not len(pairs):
        return Surprise(None, threshold, ())
    similarities = np.einsum("ij,ij->i", unit[pairs[:, 0]], unit[pairs[:, 1]])
    order = np.argsort(similarities, kind="stable")
    order = order[similarities[order] < threshold - _ROUNDING]
    edges = tuple((int(a), int(b), float(s)) for (a, b), s in zip(pairs[order], similarities[order], strict=True))
    return Surprise(len(edges) / len(pairs), threshold, edges)


def _unit(embeddings: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the rows at unit length, zero rows as they are, and which rows are not zero."""
    rows = np.asarray(embeddings, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():  # noqa: PLR2004 # a table has two axes
        raise BadInput(f"embeddings of shape {rows.shape}: give a table (concepts, d) of finite numbers.")
    norms = np.linalg.norm(rows, axis=1)
    known = norms > 0
    return rows / np.where(known, norms, 1.0)[:, None], known


def _pairs(graph: "ig.Graph") -> NDArray[np.int64]:
    """Return the edges of the simple undirected projection, shape (edges, 2), each and all in ascending order."""
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    return np.unique(np.sort(ends[ends[:, 0] != ends[:, 1]], axis=1), axis=0)


def _entropy(eigenvalues: NDArray[np.floating]) -> float:
    """Return -sum p ln p of non-negative eigenvalues over their sum."""
    from scipy.special import entr

    positive = np.clip(eigenvalues, 0.0, None)
    return max(0.0, float(np.sum(entr(positive / positive.sum()))))


def _estimate(laplacian: "csr_array", rng: np.random.Generator) -> Entropy:
    """Estimate S = ln k - tr(L ln L) / k of a normalised Laplacian of trace k by stochastic Lanczos quadrature.

    Source: Ubaru, Chen and Saad, SIAM J. Matrix Anal. Appl. 38 (2017) 1075, with `PROBES` Rademacher vectors of `STEPS`
    steps. The standard error is that of the probes; the quadrature adds less than 1e-5 on trees, rings, random graphs.
    """
    from scipy.linalg import eigh_tridiagonal
    from scipy.special import xlogy

    size = laplacian.shape[0]
    means = np.empty(PROBES)
    for probe in range(PROBES):
        # The Lanczos matrix of one probe, every step made orthogonal to all before it, twice.
        basis = np.empty((STEPS, size))
        diagonal, beside = list[float](), list[float]()
        step: NDArray[np.float64] = rng.choice((-1.0, 1.0), size)
        length = float(np.linalg.norm(step))
        for done in range(1, STEPS + 1):
            basis[done - 1] = step / length
            step = laplacian @ basis[done - 1]
            diagonal.append(float(step @ basis[done - 1]))
            for _ in range(2):
                step = step - (basis[:done] @ step) @ basis[:done]
            length = float(np.linalg.norm(step))
            if length < _EXHAUSTED:
                break
            beside.append(length)
        # Gauss quadrature on it gives z'(L ln L)z / z'z for the probe z.
        nodes, vectors = eigh_tridiagonal(diagonal, beside[: len(diagonal) - 1])
        nodes = np.clip(nodes, 0.0, None)
        means[probe] = float(np.sum(vectors[0] ** 2 * xlogy(nodes, nodes)))
    return Entropy(math.log(size) - float(means.mean()), float(means.std(ddof=1)) / math.sqrt(PROBES), PROBES)
