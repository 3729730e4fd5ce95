"""What strong models are asked by: which models are, and the head that stands before every question to one.

The head is the same for many questions in a row, so that an endpoint which caches prompts reads it once: rules, topic,
the predicates in use and a map of the communities come before what changes from question to question.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphgrow.graph.model import Triple
from graphgrow.prompts.render import CHARACTERS_A_TOKEN, quoted, template

STRONG_SIZE = 24  # billions of parameters
PREDICATES = 40  # that the head lists
# Names of models without a size in them, as their makers write them; what is behind a slash or a colon counts too.
_STRONG = re.compile(
    r"gpt-?(?:4|5|6)|\bo[1345]\b|chatgpt|claude|gemini|grok|deepseek-?(?:chat|reasoner|v\d|r\d)|kimi|moonshot|glm-?[4-9]"
    r"|(?:mistral|magistral|devstral|pixtral)-(?:large|medium)|command-(?:a|r)|qwen-?\d*(?:\.\d)?-?(?:max|plus)"
    r"|qwq|minimax|nova-(?:pro|premier)|llama-?4|ernie-?[45]|hunyuan|step-\d|sonar|gpt-oss-120b|mixtral-8x22b"
)
_SMALL = re.compile(r"nano|\blite\b|-lite|tiny|phi-?\d|smol|gemma|ministral|\b8b-instant|gpt-4o-mini|gpt-3|distil")
_PROGRAMS = ("recorded:", "world:", "scripted")
_SIZE = re.compile(r"(?<![a-z\d.])(?:(\d+)x)?(\d+(?:\.\d+)?)b(?![a-z\d])")


def is_strong(model: str) -> bool | None:
    """Tell by a model's name whether it is a strong one; None where the name says nothing of it.

    A size in the name decides, in billions of parameters; else the family does. What was recorded, or is simulated, is
    asked as ever.
    """
    name = model.casefold()
    if name.startswith(_PROGRAMS):
        return False
    sizes = [int(times or 1) * float(size) for times, size in _SIZE.findall(name)]
    if sizes:
        return max(sizes) >= STRONG_SIZE
    if _SMALL.search(name):
        return False
    return True if _STRONG.search(name) else None


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
