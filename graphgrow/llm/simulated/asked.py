"""What a prompt asks, read out of its text: for models that are programs (world.py) and have nothing else to go by.

Names stand between quotation marks, on one line, without quotation marks of their own (prompts.quoted), so a line is
text and names by turns. Whatever the template, the line after the one with the topic says what is asked about.
"""

import re
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from typing import Literal

from graphgrow.graph.model import Prompt

Kind = Literal["expand", "connect", "consolidate", "kin", "compare", "intents", "verify", "survey"]

_REPAIR = "Your last answer could not be used"
_TOPIC = re.compile(r'^[^"]*\b(?:topic|about)\b[^"]*"[^"]*"')
_ABOUT = "It says about "
_CLAIMED = "It was said about "
_OPENED = "Concept to ask about: "
_LISTED = ("Known", "Not wanted", "Beside")
_SECOND = "B: "
_SURVEYED = "Give 1 or 2 relations of "


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its kind, the names it is about as it writes them, and the names it lists as known or not wanted.

    `stated` are the relations it repeats, in its words; `predicate` is the one it asks more of ("" for any).
    """

    kind: Kind
    concepts: tuple[str, ...]
    listed: tuple[str, ...] = ()
    stated: tuple[tuple[str, str, str], ...] = ()
    predicate: str = ""


def read(prompt: Prompt) -> Asked:
    """Return what a prompt asks; one that names nothing asks about no concept."""
    lines = _question(prompt.user).splitlines()
    subject = _subject(lines)
    if subject is None:
        return Asked("expand", ())
    head, rest = lines[subject], lines[subject + 1 :]
    names, tail = _names(head)
    if rest and rest[0].startswith(_SECOND):
        return Asked("compare", (*names[:1], *_names(rest[0])[0][:1]))
    listed = tuple(name for line in rest if line.startswith(_LISTED) for name in _quoted(line))
    stated = _triples(tail)
    named = (*listed, *(name for said in stated for name in (said[0], said[2])))
    is_survey = any(line.startswith(_SURVEYED) for line in rest)
    return Asked("survey" if is_survey else _kind(head, names), names, named, stated, _predicate(rest))


def _question(text: str) -> str:
    """Return the question that a prompt asks again, else the text itself."""
    return text.partition("\n\n")[2] if text.startswith(_REPAIR) else text


def _subject(lines: list[str]) -> int | None:
    """Return the number of the line that says what is asked about: the first with a name, the topic's apart."""
    named = [number for number, line in enumerate(lines) if '"' in line]
    return next((number for number in named if number != named[0] or not _TOPIC.match(lines[number])), None)


def _kind(head: str, names: tuple[str, ...]) -> Kind:
    if head.startswith(_CLAIMED):
        return "verify"
    if head.startswith(_OPENED):
        return "intents"
    if head.startswith(_ABOUT):
        return "kin" if len(names) == 1 else "consolidate"
    return "connect" if len(names) > 1 and not head.startswith("Concept") else "expand"


def _turns(line: str) -> list[tuple[str, str]]:
    """Return text and the name after it, by turns; what no name follows has ""."""
    parts = line.split('"')
    return list(zip_longest(parts[::2], parts[1::2], fillvalue=""))


def _quoted(line: str) -> list[str]:
    return [name for _, name in _turns(line) if name]


def _names(line: str) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    """Return the names at the head of a line up to a colon after them, without those in brackets, and what follows."""
    turns = _turns(line)
    first, *others = turns
    head = [first, *takewhile(lambda turn: ":" not in turn[0], others)]
    depth, names = 0, dict[str, None]()
    for text, name in head:
        depth += text.count("(") - text.count(")")
        if name and depth <= 0:
            names[name] = None
    return tuple(names), turns[len(head) :]


def _triples(turns: list[tuple[str, str]]) -> tuple[tuple[str, str, str], ...]:
    """Return the relations that a line repeats: names joined by dashes, three by three."""
    found: list[list[str]] = []
    for text, name in turns:
        if name and text == " - " and found:
            found[-1].append(name)
        elif name:
            found.append([name])
    return tuple((said[0], said[1], said[2]) for said in found if len(said) == len(("source", "predicate", "target")))


def _predicate(lines: list[str]) -> str:
    turns = (turn for line in lines for turn in _turns(line))
    return next((name for text, name in turns if text.endswith("with the predicate ")), "")
