"""How near texts are to each other, 0 to 1: by what they mean where there are embeddings, else by their words.

By words it is the cosine of the sets of canonical words, each weighted by log(1 + n / how many of n texts have it).
"""

import math
from collections import Counter
from collections.abc import Sequence

from graphgrow.graph.keys import terms
from graphgrow.resolve.identity import Meanings

SHORTEST = 3  # letters; shorter words say nothing
STOPWORDS = frozenset(
    "about and are between can could does for from has have how into its may more most not one than that the their them"
    " these they this those through what when where which who why will with within would you".split()
)


def similarities(text: str, others: Sequence[str], meanings: Meanings | None) -> list[float]:
    """Return how near each of the other texts is to one, in their order; without `meanings` their words compare."""
    if not others:
        return []
    if meanings is not None:
        first, *rest = meanings.vectors([text, *others])
        return [min(1.0, max(0.0, float(row @ first))) for row in rest]
    asked, sets = content_words(text), [content_words(other) for other in others]
    counts = Counter(word for one in sets for word in one)
    squares = {word: math.log(1 + len(sets) / max(1, counts[word])) ** 2 for word in asked | counts.keys()}
    lengths = [math.sqrt(math.fsum(squares[word] for word in one)) for one in (asked, *sets)]
    return [
        sum(squares[word] for word in sorted(asked & one)) / (lengths[0] * length) if asked & one else 0.0
        for one, length in zip(sets, lengths[1:], strict=True)
    ]


def content_words(text: str) -> frozenset[str]:
    """Return the words of a text that say something, in canonical form."""
    return frozenset(
        word for word in terms(text) if word not in STOPWORDS and (len(word) >= SHORTEST or not word.isascii())
    )
