"""The head that stands before every question to a strong model.

The head is the same for many questions in a row, so that an endpoint which caches prompts reads it once: rules, topic,
the predicates in use and a map of the communities come before what changes from question to question.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphgrow.graph.model import Triple
from graphgrow.prompts.render import CHARACTERS_A_TOKEN, quoted, template

PREDICATES = 40  # that the head lists


@dataclass(frozen=True, slots=True)
class Field:
    """A community of the graph: its number in the map, leading concepts by name, size, the fields that it touches."""

    number: int
    leading: Sequence[str]
    concepts: int
    touches: Sequence[int] = ()

    @property
    def line(self) -> str:
        """The line that stands for it in the map."""
        leading = ", ".join(f'"{quoted(name)}"' for name in self.leading)
        touches = f"; touches {', '.join(map(str, self.touches))}" if self.touches else ""
        return f"{self.number}. {leading} ({self.concepts} concepts{touches})"


@dataclass(frozen=True, slots=True)
class Background:
    """What the head says of a graph as it was at some event: its topic, predicates with their class, communities."""

    brief: Sequence[Triple] = ()
    predicates: Sequence[tuple[str, str]] = ()
    fields: Sequence[Field] = ()


NOTHING_YET = Background()


def head(topic: str, background: Background, tokens: float, vocabulary: Sequence[str] = ()) -> str:
    """Return what stands before every question about a topic; the map of the communities has up to so many tokens."""
    parts = [template("strong/system")]
    if vocabulary:
        listed = ", ".join(f'"{quoted(name)}"' for name in vocabulary)
        parts.append(f"Predicates that other words are read as, where they say the same: {listed}.")
    parts.append(f'The graph is about "{quoted(topic)}".')
    if background.brief:
        said = "; ".join(" - ".join(f'"{quoted(word)}"' for word in (t.source, t.predicate, t.target))
                         for t in background.brief)  # fmt: skip
        parts.append(f"Of that it says first of all: {said}.")
    if background.predicates:
        listed = ", ".join(
            f'"{quoted(name)}"' + (f' (a case of "{quoted(kind)}")' if kind else "")
            for name, kind in background.predicates[:PREDICATES]
        )
        parts.append(f"Predicates in use, the most frequent first: {listed}.")
    lines = list(_fitting((field.line for field in background.fields), tokens))
    if lines:
        parts.append("\n".join(("Its fields, each with its leading concepts:", *lines)))
    return "\n\n".join(parts)


def _fitting(lines: Iterable[str], tokens: float) -> Iterable[str]:
    """Yield lines as long as they fit into so many tokens."""
    left = tokens * CHARACTERS_A_TOKEN
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line
