"""How near texts are to each other, 0 to 1: by what they mean where there are embeddings, else by their words.

By words it is the cosine of the sets of canonical words, each weighted by log(1 + n / how many of n texts have it).
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from graphgrow.graph.keys import canonical
from graphgrow.resolve.identity import Meanings

SHORTEST = 3  # letters; shorter words say nothing
NOTHING = frozenset(
    "about and are between can could does for from has have how into its may more most not one than that the their them"
    " these they this those through what when where which who why will with within would you".split()
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """What compares texts; without `meanings` their words do."""

    meanings: Meanings | None = None

    @property
    def floor(self) -> float:
        """Below it, two texts have nothing to do with each other."""
        return 0.0 if self.meanings is None else 0.45

    def many(self, text: str, others: Sequence[str]) -> list[float]:
        """Return how near each of the other texts is to one, in their order."""
        if not others:
            return []
        if self.meanings is None:
            return _by_words(text, others)
        first, *rest = self.meanings.vectors([text, *others])
        return [min(1.0, max(0.0, float(row @ first))) for row in rest]


def words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, in canonical form."""
    found = canonical(text).split()
    return frozenset(word for word in found if word not in NOTHING and (len(word) >= SHORTEST or not word.isascii()))


def _by_words(text: str, others: Sequence[str]) -> list[float]:
    sets = [words(other) for other in others]
    counts = Counter(word for one in sets for word in one)
    asked = words(text)
    length = _length(asked, counts, len(sets))
    return [_cosine(asked & one, counts, len(sets), length * _length(one, counts, len(sets))) for one in sets]


def _cosine(shared: frozenset[str], counts: Counter[str], total: int, lengths: float) -> float:
    return sum(_weight(word, counts, total) ** 2 for word in sorted(shared)) / lengths if shared else 0.0


def _length(found: frozenset[str], counts: Counter[str], total: int) -> float:
    return math.sqrt(math.fsum(_weight(word, counts, total) ** 2 for word in found))


def _weight(word: str, counts: Counter[str], total: int) -> float:
    return math.log(1 + total / max(1, counts[word]))
