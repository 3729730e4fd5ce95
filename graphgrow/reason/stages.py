"""The stages of a discovery: what is asked at each, in which form the answer comes, and what of it can be used.

A: for each concept of the path a definition and a property. B: for each step what the two do together, and a principle.
C: about three themes over all steps. D: one discovery. Each statement has an id; those of C and D cite earlier ones.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from string import Template
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from rapidfuzz.fuzz import ratio

from graphgrow.model import Json, Prompt
from graphgrow.names import clean
from graphgrow.prompts import quoted, template
from graphgrow.reason.citing import cited
from graphgrow.reason.layout import Layout, Link, Spot
from graphgrow.reason.replies import read, schema
from graphgrow.reason.thinking import Inquiry, Unreadable

STAGES = ("A", "B", "C", "D")
THEMES = 3
TEXT = 400  # characters of a statement
PHRASE = 160  # characters of a property
LABEL = 90  # characters of a principle, theme or title
ROOM = 4_000  # characters of the statements that a prompt repeats, however many there are
LEAST = 60  # characters of one of them
NAMED = 5  # concepts that stand for a path in a prompt
SHORT = 160  # tokens of an answer about one or two concepts
LONG = 480
ECHO = 5  # words in a row that no answer shares with its task by chance
SAME = 90  # per cent; a statement as like an earlier one as that says nothing new

_LABELLED = re.compile(r"^[A-Z]\d{1,3}:\s*")


class Statement(BaseModel):
    """A statement of a discovery; `more` is its property, principle, theme or kind, by its stage."""

    model_config = ConfigDict(frozen=True)

    id: str
    text: str
    more: str = ""
    cites: tuple[str, ...] = ()


class Said(BaseModel):
    """What a stage brought: statements and a title.

    `unknown` are citations that do not resolve, `dropped` what cited nothing that exists or only repeated something.
    """

    model_config = ConfigDict(frozen=True)

    statements: tuple[Statement, ...] = ()
    title: str = ""
    unknown: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def prose(value: object, most: int = TEXT) -> str:
    """Return text of an answer as one line of bounded length: whole sentences where it has them, none twice."""
    if not isinstance(value, str) or not any(map(str.isalpha, value)):
        raise ValueError("give words")
    line = clean(value).strip(" \"'")
    if len(line) <= most:
        return line
    kept = ""
    for sentence in dict.fromkeys(line.replace("? ", "?\0").replace("! ", "!\0").replace(". ", ".\0").split("\0")):
        if len(kept) + len(sentence) >= most:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or f"{line[: most - 1].rpartition(' ')[0] or line[: most - 1]}…"


def usable(form: type[BaseModel], value: object) -> object:
    """Return the entries of a list that fit a form: one that does not spoils no other."""
    return [one for one in value if _fits(form, one)] if isinstance(value, list) else value


def _fits(form: type[BaseModel], value: object) -> bool:
    try:
        form.model_validate(value)
    except ValidationError:
        return False
    return True


def _ids(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


Text = Annotated[str, BeforeValidator(prose)]
Label = Annotated[str, BeforeValidator(partial(prose, most=LABEL))]
Phrase = Annotated[str, BeforeValidator(partial(prose, most=PHRASE))]
Ids = Annotated[list[str], BeforeValidator(_ids)]
_CLOSED = ConfigDict(json_schema_extra={"additionalProperties": False})


class Defined(BaseModel):
    """The answer of stage A."""

    model_config = _CLOSED

    definition: Text
    property: Phrase


class Joined(BaseModel):
    """The answer of stage B."""

    model_config = _CLOSED

    synergy: Text
    principle: Label


class Theme(BaseModel):
    """One theme of stage C."""

    model_config = _CLOSED

    cites: Ids
    name: Label
    statement: Text


class Themes(BaseModel):
    """The answer of stage C."""

    model_config = _CLOSED

    themes: Annotated[list[Theme], BeforeValidator(partial(usable, Theme))] = Field(min_length=1, max_length=5)


class Claim(BaseModel):
    """One claim of stage D."""

    model_config = _CLOSED

    kind: Literal["hypothesis", "mechanism", "prediction", "test"]
    cites: Ids
    text: Text


class Found(BaseModel):
    """The answer of stage D."""

    model_config = _CLOSED

    title: Label
    claims: Annotated[list[Claim], BeforeValidator(partial(usable, Claim))] = Field(min_length=1, max_length=8)


def inquiries(stage: str, layout: Layout, said: Sequence[Statement], seed: int) -> list[Inquiry]:
    """Return the questions of a stage; none where the stages before brought nothing that it could rest on."""
    if stage == "A":
        return [_define(layout, spot, seed) for spot in layout.concepts]
    if stage == "B":
        return [_join(layout, link, said, seed) for link in layout.links]
    if not any(one.id.startswith("B") for one in said):
        return []
    return [_themes(layout, said, seed) if stage == "C" else _discover(layout, said, seed)]


def _define(layout: Layout, spot: Spot, seed: int) -> Inquiry:
    near = {end for link in layout.links if spot.id in (link.one, link.other) for end in (link.one, link.other)}
    words = {
        "path": _path(layout),
        "concept": quoted(spot.name),
        "relations": _triples(spot.said),
        "beside": " and ".join(f'"{quoted(layout.name(one))}"' for one in sorted(near - {spot.id})),
    }
    prompt = _prompt("a", layout, words, schema(Defined), SHORT, seed)
    return Inquiry("A", prompt, partial(_read_pair, Defined, spot.id, ()), (spot.key,))


def _join(layout: Layout, link: Link, said: Sequence[Statement], seed: int) -> Inquiry:
    known = {one.id: one for one in said}
    lines = [_about(layout.name(end), known.get(end)) for end in (link.one, link.other)]
    relations = tuple((one.source, one.predicate, one.target) for one in link.relations)
    words = {"one": lines[0], "other": lines[1], "relations": _triples(relations)}
    cites = tuple(end for end in (link.one, link.other) if end in known)
    prompt = _prompt("b", layout, words, schema(Joined), SHORT, seed)
    return Inquiry("B", prompt, partial(_read_pair, Joined, link.id, cites), layout.subjects[link.id])


def _themes(layout: Layout, said: Sequence[Statement], seed: int) -> Inquiry:
    steps = [one for one in said if one.id.startswith("B")]
    count = min(THEMES, len(steps))
    words = {"path": _path(layout), "statements": _lines(steps), "count": str(count)}
    ids = [one.id for one in steps]
    form = _bounded(schema(Themes), "themes", ids, count)
    return Inquiry("C", _prompt("c", layout, words, form, LONG, seed), partial(_read_themes, steps))


def _discover(layout: Layout, said: Sequence[Statement], seed: int) -> Inquiry:
    words = {
        "first": quoted(layout.name(layout.path[0])),
        "last": quoted(layout.name(layout.path[-1])),
        "statements": _lines([one for one in said if one.id[0] in "ABC"]) + _beside(layout),
    }
    known = [one for one in said if one.id[0] in "ABC"]
    ids = [one.id for one in known]
    form = _bounded(schema(Found), "claims", ids, len(Claim.model_json_schema()["properties"]["kind"]["enum"]))
    return Inquiry("D", _prompt("d", layout, words, form, LONG, seed), partial(_read_discovery, known))


def _prompt(stage: str, layout: Layout, words: dict[str, str], form: Json, most: int, seed: int) -> Prompt:
    text = Template(template(f"discover_{stage}")).substitute(words | {"topic": quoted(layout.topic)})
    return Prompt(template("discover_system"), text, form, most, seed)


def _bounded(form: Json, name: str, ids: Sequence[str], count: int) -> Json:
    """Return the schema of a list with so many entries, each of which can cite these ids alone."""
    bounded: dict[str, Any] = deepcopy(form)
    entries = bounded["properties"][name]
    entries |= {"minItems": count, "maxItems": count}
    entries["items"]["properties"]["cites"] |= {
        "items": {"type": "string", "enum": list(ids)},
        "minItems": 1,
        "maxItems": 6,
    }
    return bounded


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


def _read_pair(form: type[Defined | Joined], name: str, cites: tuple[str, ...], text: str) -> Json:
    """Read the answer of stage A or B: one statement; it cites what it was told."""
    answer = read(text, form)
    said, more = (answer.definition, answer.property) if isinstance(answer, Defined) else (
        answer.synergy, answer.principle)  # fmt: skip
    found = cited(_fresh(said, name[0]), (), ())
    statement = Statement(id=name, text=found.text, more=cited(more, (), ()).text, cites=cites)
    return _json(Said(statements=(statement,), unknown=found.unknown))


def _read_themes(known: Sequence[Statement], text: str) -> Json:
    themes = read(text, Themes).themes
    return _checked("C", [(one.name, one.statement, one.cites) for one in themes], known)


def _read_discovery(known: Sequence[Statement], text: str) -> Json:
    answer = read(text, Found)
    return _checked("D", [(one.kind, one.text, one.cites) for one in answer.claims], known, _fresh(answer.title, "D"))


def _checked(
    stage: str, said: Sequence[tuple[str, str, list[str]]], known: Sequence[Statement], title: str = ""
) -> Json:
    """Number the statements that cite what is there and say something new; raises Unreadable where none does."""
    ids = [one.id for one in known]
    statements, unknown, dropped = list[Statement](), dict[str, None](), list[str]()
    for label, text, cites in said:
        found = cited(_LABELLED.sub("", text), cites, ids)
        unknown |= dict.fromkeys(found.unknown)
        if found.cites and not _is_old(found.text, stage, [*known, *statements]):
            name, more = f"{stage}{len(statements) + 1}", cited(label, (), ()).text
            statements.append(Statement(id=name, text=found.text, more=more, cites=found.cites))
        else:
            dropped.append(found.text)
    if not statements:
        raise Unreadable(f"Nothing in it is new and cites one of {ids[0]} to {ids[-1]}: use words of your own.")
    title = cited(title, (), ()).text
    return _json(Said(statements=tuple(statements), title=title, unknown=tuple(unknown), dropped=tuple(dropped)))


def _is_old(text: str, stage: str, known: Sequence[Statement]) -> bool:
    """Tell whether a statement says no more than the task, or an earlier statement in nearly the same words."""
    try:
        return not _fresh(text, stage) or any(ratio(text, one.text, score_cutoff=SAME) for one in known)
    except Unreadable:
        return True


def _fresh(text: str, stage: str) -> str:
    """Return a text that is an answer; raises Unreadable where it says words of the task or its example again."""
    if _runs(text) & _runs(template(f"discover_{stage.lower()}")):
        raise Unreadable("It repeats words of the task or its example instead of an answer.")
    return text


def _runs(text: str) -> set[tuple[str, ...]]:
    """Return every run of ECHO words in a text."""
    words = re.findall(r"\w+", text.casefold())
    return set(zip(*(words[at:] for at in range(ECHO)), strict=False))


def _json(said: Said) -> Json:
    found: Json = said.model_dump(mode="json")
    return found
