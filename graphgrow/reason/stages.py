"""The stages of a discovery: what is asked at each, of which concepts, and how the answer is read.

A: for each concept of the path a definition and a property. B: for each step what the two do together, and a principle.
C: about three themes, each over steps that stand far apart. D: one discovery. Each statement has an id; those of C and
D cite earlier ones.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from string import Template
from typing import Any

from graphgrow.graph.model import Json, Prompt
from graphgrow.parse.forms import schema
from graphgrow.prompts.render import quoted, template
from graphgrow.reason.forms import KINDS, LABEL, PARTS, Defined, Found, Joined, Proposed, Statement, Theme
from graphgrow.reason.layout import Layout, Link, Spot
from graphgrow.reason.readings import TASKS, read_discovery, read_pair, read_theme
from graphgrow.reason.thinking import Inquiry

STAGES = ("A", "B", "C", "D")
ROOM = 4_000  # characters of the statements that a prompt repeats, however many there are
LEAST = 60  # characters of one of them
NAMED = 5  # concepts that stand for a path in a prompt
SHORT = 160  # tokens of an answer about one or two concepts
LONG = 480
LONGER = 840  # of seven parts
UNNAMED = "many things"  # what a graph is about that names no topic


def inquiries(stage: str, layout: Layout, said: Sequence[Statement], seed: int) -> list[Inquiry]:
    """Return the questions of a stage; none where the stages before brought nothing that it could rest on."""
    if stage == "A":
        return [_define(layout, spot, seed) for spot in layout.concepts]
    if stage == "B":
        return [_join(layout, link, said, seed) for link in layout.links]
    if stage == "C":
        return [_theme(layout, name, said, seed) for name in layout.themes if _grouped(layout, name, said)]
    return [_discover(layout, said, seed)] if any(one.id.startswith("B") for one in said) else []


def _define(layout: Layout, spot: Spot, seed: int) -> Inquiry:
    near = {end for link in layout.links if spot.id in (link.one, link.other) for end in (link.one, link.other)}
    words = {
        "path": _path(layout),
        "concept": quoted(spot.name),
        "relations": _triples(spot.said),
        "beside": " and ".join(f'"{quoted(layout.name(one))}"' for one in sorted(near - {spot.id})),
    }
    prompt = _prompt("a", layout, words, schema(Defined), SHORT, seed)
    return Inquiry("A", prompt, partial(read_pair, Defined, spot.id, ()), (spot.key,))


def _join(layout: Layout, link: Link, said: Sequence[Statement], seed: int) -> Inquiry:
    known = {one.id: one for one in said}
    lines = [_about(layout.name(end), known.get(end)) for end in (link.one, link.other)]
    relations = tuple((one.source, one.predicate, one.target) for one in link.relations)
    words = {"one": lines[0], "other": lines[1], "relations": _triples(relations)}
    cites = tuple(end for end in (link.one, link.other) if end in known)
    prompt = _prompt("b", layout, words, schema(Joined), SHORT, seed)
    return Inquiry("B", prompt, partial(read_pair, Joined, link.id, cites), layout.subjects[link.id])


def _grouped(layout: Layout, theme: str, said: Sequence[Statement]) -> list[Statement]:
    """Return the statements on steps that a theme is to join."""
    return [one for one in said if one.id in layout.themes[theme]]


def _theme(layout: Layout, name: str, said: Sequence[Statement], seed: int) -> Inquiry:
    known = _grouped(layout, name, said)
    keys = layout.subjects[name]
    names = {one.key: one.name for one in layout.concepts}
    words = {
        "path": _path(layout),
        "statements": _lines(known),
        "concepts": " and ".join(f'"{quoted(names[key])}"' for key in (keys[0], keys[-1])),
    }
    form: dict[str, Any] = deepcopy(schema(Theme))
    form["properties"]["cites"] |= _cites(known)
    return Inquiry("C", _prompt("c", layout, words, form, SHORT, seed), partial(read_theme, name, known), keys)


def _discover(layout: Layout, said: Sequence[Statement], seed: int) -> Inquiry:
    ends = layout.path[0], layout.path[-1]
    known = [one for one in said if one.id[0] in "BC" or one.id in ends]
    words = {
        "first": quoted(layout.name(ends[0])),
        "last": quoted(layout.name(ends[1])),
        "statements": _lines(known) + _beside(layout),
    }
    kind, count, most = (Proposed, len(PARTS), LONGER) if layout.wanted.proposal else (Found, len(KINDS), LONG)
    form: dict[str, Any] = deepcopy(schema(kind))
    claims = form["properties"]["claims"]
    claims |= {"minItems": count, "maxItems": count}
    claims["items"]["properties"]["cites"] |= _cites(known)
    prompt = _prompt(TASKS[kind].lower(), layout, words, form, most, seed)
    return Inquiry("D", prompt, partial(read_discovery, kind, known))


def _cites(known: Sequence[Statement]) -> Json:
    """Return what a schema says of citations: which there are, two of them or more."""
    ids = [one.id for one in known]
    return {"items": {"type": "string", "enum": ids}, "minItems": min(2, len(ids)), "maxItems": 4}


def _prompt(stage: str, layout: Layout, words: dict[str, str], form: Json, most: int, seed: int) -> Prompt:
    text = Template(template(f"discover_{stage}")).substitute(words | {"topic": quoted(layout.topic) or UNNAMED})
    return Prompt(template("discover_system"), text, form, most, seed)


def _path(layout: Layout) -> str:
    """Return the names along a path; of a long one those in the middle are left out."""
    names = [f'"{quoted(layout.name(one))}"' for one in layout.path]
    if len(names) > 2 * NAMED:
        names[NAMED:-NAMED] = [f"{len(names) - 2 * NAMED} more"]
    return ", ".join(names)


def _triples(said: Sequence[tuple[str, str, str]]) -> str:
    return "; ".join(" - ".join(f'"{quoted(word)}"' for word in words) for words in said[:4]) or "nothing more"


def _about(name: str, known: Statement | None) -> str:
    if known is None:
        return f'"{quoted(name)}"'
    return f'"{quoted(name)}": "{quoted(known.text, 200)}" Property: "{quoted(known.more)}"'


def _lines(said: Sequence[Statement]) -> str:
    """Return statements with their ids, a line each, all of them within ROOM."""
    room = max(LEAST, ROOM // max(1, len(said)) - LABEL)
    return "\n".join(f'{one.id}: "{quoted(one.text, room)}" ("{quoted(one.more, LABEL)}")' for one in said)


def _beside(layout: Layout) -> str:
    names = ", ".join(f'"{quoted(name)}"' for name in layout.beside)
    return f"\nBeside the path lie {names}: use them where they fit." if names else ""
