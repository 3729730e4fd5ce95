"""What names mean: an index over their unit vectors, and a cache of these in any store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np

from graphgrow.errors import BadInput
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Embedding
from graphgrow.llm.embedders import Embedder, Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

How = Literal[
    "key", "alias", "signature", "acronym", "initials", "plural", "bracket", "initial", "letters", "likeness", "meaning"
]

_FEWEST_ROWS = 256
_SCREEN = 64  # dimensions of the first look
_WORTH_SCREENING = 20_000  # rows; fewer are compared whole
_SCREENED = 1_000  # rows that the first look leaves; what it loses is measured in tests/resolve/test_embeddings.py


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known concept that a name may mean, how likely by spelling or meaning (0 to 1), and how it was found."""

    key: str
    score: float
    how: How


@runtime_checkable
class Cache(Protocol):
    """Where results are kept that could be computed again; every store is one."""

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values under their keys, where this user may write."""
        ...


class Vectors:
    """An index of unit vectors, searched by matrix products in float32.

    A product over 100,000 rows of 384 is bound by memory, so that many are first compared in 64 random directions; only
    the best thousand are then compared in all. Below 20,000 rows the search is exact.
    """

    def __init__(self) -> None:
        self._rows: Floats = np.empty((0, 0), np.float32)
        self._screen: Floats = np.empty((0, 0), np.float32)
        self._directions: Floats = np.empty((0, 0), np.float32)
        self._keys: list[str] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: str, vector: Floats) -> None:
        """Take in a vector of length 1, or replace the one of this key; raises BadInput for another dimension."""
        if not self._rows.size:
            gaussian = np.random.default_rng(0).standard_normal((len(vector), min(len(vector), _SCREEN)))
            self._directions = np.linalg.qr(gaussian)[0].astype(np.float32)
            self._rows = np.empty((_FEWEST_ROWS, len(vector)), np.float32)
            self._screen = np.empty((_FEWEST_ROWS, self._directions.shape[1]), np.float32)
        if len(vector) != self._rows.shape[1]:
            raise BadInput(f"{key!r} has {len(vector)} dimensions, the index {self._rows.shape[1]}: use one embedder")
        place = self._place.setdefault(key, len(self._keys))
        if place == len(self._keys):
            self._keys.append(key)
        if place == len(self._rows):
            self._rows, self._screen = (
                np.concatenate([table, np.empty_like(table)]) for table in (self._rows, self._screen)
            )
        self._rows[place] = vector
        self._screen[place] = vector @ self._directions

    def remove(self, key: str) -> None:
        """Forget a vector; a key that is not there changes nothing. The last one takes its place."""
        place = self._place.pop(key, None)
        if place is None:
            return
        last = self._keys.pop()
        if last != key:
            self._keys[place] = last
            self._place[last] = place
            for table in (self._rows, self._screen):
                table[place] = table[len(self._keys)]

    def get(self, key: str) -> Floats | None:
        """Return the vector of a key, None where there is none."""
        place = self._place.get(key)
        return None if place is None else self._rows[place]

    def near(self, vector: Floats, limit: int = 8, at_least: float = 0.0) -> list[tuple[str, float]]:
        """Return the keys with the highest cosine and that cosine, best first."""
        if not self._keys:
            return []
        count = len(self)
        if count < _WORTH_SCREENING:
            places, cosines = np.arange(count), self._rows[:count] @ vector
        else:
            places = _highest(self._screen[:count] @ (vector @ self._directions), np.arange(count), _SCREENED)
            cosines = self._rows[places] @ vector
        best = _highest(cosines, np.flatnonzero(cosines >= at_least), limit)
        return sorted(
            ((self._keys[places[one]], float(cosines[one])) for one in best), key=lambda one: (-one[1], one[0])
        )


class Meanings:
    """The names of known concepts by what they mean. Vectors that a cache holds are not computed again.

    `index` holds the vectors of the known concepts by key.
    """

    def __init__(self, embedder: Embedder, cache: Cache | None = None) -> None:
        self.index = Vectors()
        self._embedder = embedder
        self._cache = cache
        self._ready: dict[str, Floats] = {}

    @property
    def unbilled(self) -> Embedding | None:
        """What was paid since `billed` was last called, None for nothing."""
        spent: Embedding | None = getattr(self._embedder, "spent", None)
        return spent

    def billed(self) -> None:
        """Note that what was paid so far stands on a bill."""
        if hasattr(self._embedder, "spent"):
            self._embedder.spent = None

    def close(self) -> None:
        """Close the connections of an embedder that has some."""
        if close := getattr(self._embedder, "close", None):
            close()

    def add(self, names: Mapping[str, str]) -> None:
        """Take in concepts, key -> name; many at once cost much less than one by one."""
        for key, vector in zip(names, self.vectors(list(names.values())), strict=True):
            self.index.add(key, vector)

    def near(self, name: str, limit: int = 8, at_least: float = 0.0) -> list[Candidate]:
        """Return the concepts that mean about the same as a name, best first."""
        nearest = self.index.near(self._vector(name), limit, at_least)
        return [Candidate(key, cosine, "meaning") for key, cosine in nearest]

    def cosine(self, name: str, key: str) -> float | None:
        """Return how much a name and a known concept mean the same, -1 to 1; None for an unknown key."""
        vector = self.index.get(key)
        return None if vector is None else float(vector @ self._vector(name))

    def vectors(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), d); what the cache does not hold is computed and put there."""
        cleaned = [clean(name) for name in names]
        kind = f"embedding {self._embedder.name}"
        kept = self._cache.recall(kind, dict.fromkeys(cleaned)) if self._cache else {}
        missing = [name for name in dict.fromkeys(cleaned) if name not in kept]
        fresh = dict(zip(missing, self._embedder.embed(missing), strict=True)) if missing else {}
        if self._cache and fresh:
            self._cache.remember(kind, {name: row.astype("<f4").tobytes() for name, row in fresh.items()})
        rows = fresh | {name: np.frombuffer(value, "<f4") for name, value in kept.items()}
        return np.stack([rows[name] for name in cleaned]) if cleaned else np.empty((0, 0), np.float32)

    def prepare(self, names: Sequence[str]) -> None:
        """Compute in one batch what `near` and `cosine` will be asked about next; one by one costs thrice as much."""
        self._ready = dict(zip(names, self.vectors(names), strict=True))

    def _vector(self, name: str) -> Floats:
        if name not in self._ready:
            self.prepare([name])
        return self._ready[name]


def _highest(values: Floats, places: "NDArray[np.intp]", count: int) -> "NDArray[np.intp]":
    """Return those of the places where the values are highest, in no order."""
    if len(places) <= count:
        return places
    return places[np.argpartition(values[places], -count)[-count:]]
