"""How strange a text looks to somebody who has read only some others: bits a letter under a model of three letters.

It knows no language and needs no dictionary, so it serves a graph in any; it learns from what a run itself said. It
sees letters and not meanings: another trade in the same language looks a little strange, a near language not much more.
"""

from collections import Counter
from math import log2

CHARACTERS = 50  # that a script is taken to have
DOUBT = 2.0  # what the shorter context weighs, in occurrences


class Spelling:
    """Counts of three letters in a row, backed off to two and to one."""

    def __init__(self) -> None:
        self.letters = 0
        self._three, self._before_three = Counter[str](), Counter[str]()
        self._two, self._before_two = Counter[str](), Counter[str]()
        self._one = Counter[str]()

    def learn(self, text: str) -> None:
        """Take in a text."""
        threes = _threes(text)
        self._three.update(threes)
        self._before_three.update([three[:2] for three in threes])
        self._two.update([three[1:] for three in threes])
        self._before_two.update([three[1] for three in threes])
        self._one.update([three[2] for three in threes])
        self.letters += len(threes)

    def bits(self, text: str) -> tuple[float, int]:
        """Return how many bits a text takes, and its letters, the end of it counted as one."""
        threes = _threes(text)
        return -sum([log2(self._chance(three)) for three in threes]), len(threes)

    def _chance(self, three: str) -> float:
        """Return the chance of a letter after two others, each context mixed with the next shorter one (Dirichlet)."""
        two, one = three[1:], three[2]
        alone = (self._one.get(one, 0) + 0.5) / (self.letters + 0.5 * CHARACTERS)
        after = (self._two.get(two, 0) + DOUBT * alone) / (self._before_two.get(three[1], 0) + DOUBT)
        return (self._three.get(three, 0) + DOUBT * after) / (self._before_three.get(three[:2], 0) + DOUBT)


def _threes(text: str) -> list[str]:
    whole = f"  {text.casefold()} "
    return [whole[at : at + 3] for at in range(len(whole) - 2)]
