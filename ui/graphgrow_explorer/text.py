"""Names out of a language model on a page: shown as they are, never obeyed."""

import re

LONGEST = 60  # characters of a name in a label; tables and texts show the whole
JOINER = "\u2060"  # no width and no break: it separates what a page would read together

# What the words of the field mean, where they stand.
CONFIDENCE = "How sure the graph is that it is true, from fact checks, repetition, contradictions and people."
SUPPORT = "How often it was said, over all steps."
TOKENS = "The units in which models read and write, and are paid for: about three quarters of a word each."
HUBS = "Concepts with the most neighbours."
BETWEENNESS = (
    "The share of all shortest paths that lead through a concept: high for those that hold the graph together."
)
PAGERANK = "How central a concept is: related to many concepts that are central themselves."
MODULARITY = (
    "How clearly the graph divides into communities: 0 is no better than chance, values near 1 mean few relations"
    " between communities."
)
LEIDEN = "Concepts with more relations among each other than to the rest, found by the method of Leiden."
STRATEGY = "The rule that chose what to ask."
STEP = "A step is one question with its answer; fact checks come beside it, as steps of their own."
POLICY = (
    "What decides which question comes next. knowledge: where most that is new and true is to be expected; bandit:"
    " learns during the run which strategies bring most; latest, bfs, random, far_path and px_frontier are rules of"
    " other studies, for comparisons."
)
SEED = (
    "Start value of the random number generator: the same seed and replies grow the same graph at the same number of"
    " questions at once."
)

_MARKS = re.compile(r"([!-/:-@\[-`{-~])")
_SHORTHAND = re.compile(r"(?<=:)(?=[\w/])|(?<=[<>=~-])(?=[<>=~-])")
_ADDRESS = re.compile(r"(?<=[wW]{3})(?=\.)|(?<=@)(?=[\w-])")


def plain(text: str, most: int = LONGEST) -> str:
    """Return text for a label, where Streamlit reads Markdown, so that it looks as it was written.

    Marks are escaped; what is read only after escapes (emoji and icon shorthands, arrows, addresses) is split by a
    joiner without width. Longer text ends with an ellipsis.
    """
    line = " ".join(text.split())
    cut = line if len(line) <= most else f"{line[: most - 1]}…"
    return _MARKS.sub(r"\\\1", _ADDRESS.sub(JOINER, _SHORTHAND.sub(JOINER, cut)))


def short(text: str, most: int = LONGEST) -> str:
    """Return text on one line, cut where it is longer; for places that show text as it is."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 concept`, `2,300 concepts`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
