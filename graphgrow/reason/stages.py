"""The stages of a discovery: what is asked at each, of which concepts, and what of an answer can be used.

A: for each concept of the path a definition and a property. B: for each link what the two do together, and a principle.
C: about three themes, each over links that stand far apart. D: one discovery. Each statement has an id; those of C and
D cite earlier ones. An answer is held to its form, to what it may cite, and to saying something new.
"""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, OnErrorOmit
from rapidfuzz.fuzz import ratio

from graphgrow.graph.keys import clean, loose
from graphgrow.graph.model import Json, Prompt
from graphgrow.parse.forms import Unreadable, read, schema
from graphgrow.prompts.render import fill, quoted, template
from graphgrow.reason.citations import resolve_citations
from graphgrow.reason.route import Route
from graphgrow.reason.tasks import Inquiry, as_json

STAGES = ("A", "B", "C", "D")
TEXT = 400  # characters of a statement
PHRASE = 160  # characters of a property
LABEL = 90  # characters of a principle, theme or title
ROOM = 4_000  # characters of the statements that a prompt repeats, however many there are
LEAST = 60  # characters of one of them
NAMED = 5  # concepts that stand for a path in a prompt
SHORT = 160  # tokens of an answer about one or two concepts
LONG = 480
LONGER = 840  # of seven parts
UNNAMED = "many things"  # what a graph is about that names no topic
ECHO = 5  # words in a row: no answer shares so many with its task by chance
SHOWN = 12  # ids that a refusal repeats
SAME = 90  # per cent; a statement this similar to an earlier one says nothing new

_LABELLED = re.compile(r"^[A-Z]\d{1,3}:\s*")


@dataclass(frozen=True, slots=True)
class DiscoveryStatement:
    """A statement of a discovery; `more` is its property, principle, theme or kind, by its stage."""

    id: Annotated[str, Field(pattern=r"^[A-D]\d{1,4}$")]
    text: str
    more: str = ""
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage brought: statements and a title.

    `unknown` are citations that do not resolve, `dropped` what cited nothing that exists or only repeated something.
    """

    statements: tuple[DiscoveryStatement, ...] = ()
    title: str = ""
    unknown: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def prose(value: object, most: int = TEXT) -> str:
    """Return text of an answer as one line of bounded length: in whole sentences where it has any, none twice."""
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


def _ids(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [value] if isinstance(value, str) else []


Kind = Literal["hypothesis", "mechanism", "prediction", "test"]
Part = Literal[
    "hypothesis", "outcome", "mechanism", "design principles", "unexpected properties", "comparison", "novelty"
]
KINDS, PARTS = get_args(Kind), get_args(Part)
K = TypeVar("K")
Text = Annotated[str, BeforeValidator(prose)]
Label = Annotated[str, BeforeValidator(partial(prose, most=LABEL))]
Phrase = Annotated[str, BeforeValidator(partial(prose, most=PHRASE))]
Ids = Annotated[list[str], BeforeValidator(_ids)]


class _Closed(BaseModel):
    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})


class _Definition(_Closed):
    definition: Text
    property: Phrase


class _Synergy(_Closed):
    synergy: Text
    principle: Label


class _Theme(_Closed):
    cites: Ids
    name: Label
    statement: Text


class _DiscoveryClaim(_Closed, Generic[K]):
    kind: K
    text: Text  # before what it rests on: a small model that has just named a statement says it again
    cites: Ids


class _Discovery(_Closed):
    title: Label
    claims: list[OnErrorOmit[_DiscoveryClaim[Kind]]] = Field(min_length=1, max_length=8)


class _Proposal(_Closed):
    title: Label
    claims: list[OnErrorOmit[_DiscoveryClaim[Part]]] = Field(min_length=1, max_length=14)


TASKS: dict[type[_Discovery | _Proposal], str] = {_Discovery: "d", _Proposal: "p"}  # templates of stage D


def inquiries(stage: str, route: Route, statements: Sequence[DiscoveryStatement], seed: int) -> Iterator[Inquiry]:
    """Yield the questions of a stage; none where the stages before brought nothing that it could rest on."""
    known = {one.id: one for one in statements}
    names = [f'"{quoted(route.name(one))}"' for one in route.path]
    if len(names) > 2 * NAMED:  # of a long path those in the middle are left out
        names[NAMED:-NAMED] = [f"{len(names) - 2 * NAMED} more"]
    about = {"topic": quoted(route.topic) or UNNAMED, "path": ", ".join(names)}
    ask = partial(Prompt, template("discover_system"), seed=seed)
    if stage == "A":
        for concept in route.concepts:
            pairs = [(link.one, link.other) for link in route.links]
            beside = {end for pair in pairs if concept.id in pair for end in pair if end != concept.id}
            user = fill(
                "discover_a",
                concept=quoted(concept.name),
                relations=_triples(concept.relations),
                beside=" and ".join(f'"{quoted(route.name(one))}"' for one in sorted(beside)),
                **about,
            )
            prompt = ask(user, schema(_Definition), SHORT)
            yield Inquiry(stage, prompt, partial(read_pair, _Definition, concept.id, ()), (concept.key,))
    elif stage == "B":
        for link in route.links:
            cites = tuple(end for end in (link.one, link.other) if end in known)
            lines = [f'"{quoted(route.name(end))}"' for end in (link.one, link.other)]
            for place, end in enumerate((link.one, link.other)):
                if one := known.get(end):
                    lines[place] += f': "{quoted(one.text, 200)}" Property: "{quoted(one.more)}"'
            relations = _triples([(one.source, one.predicate, one.target) for one in link.relations])
            user = fill("discover_b", one=lines[0], other=lines[1], relations=relations, **about)
            read_link = partial(read_pair, _Synergy, link.id, cites)
            yield Inquiry(stage, ask(user, schema(_Synergy), SHORT), read_link, route.subjects[link.id])
    elif stage == "C":
        for theme, links in route.themes.items():
            if not (grouped := [one for one in statements if one.id in links]):
                continue
            keys = route.subjects[theme]
            by_key = {one.key: one.name for one in route.concepts}
            joins = " and ".join(f'"{quoted(by_key[key])}"' for key in (keys[0], keys[-1]))
            user = fill("discover_c", statements=_lines(grouped), concepts=joins, **about)
            form: dict[str, Any] = deepcopy(schema(_Theme))
            form["properties"]["cites"] |= _citable(grouped)
            yield Inquiry(stage, ask(user, form, SHORT), partial(read_theme, theme, grouped), keys)
    elif any(one.id.startswith("B") for one in statements):
        ends = (route.path[0], route.path[-1])
        earlier = [one for one in statements if one.id[0] in "BC" or one.id in ends]
        text, (first, last) = _lines(earlier), map(quoted, route.ends)
        if route.beside:
            near = ", ".join(f'"{quoted(name)}"' for name in route.beside)
            text += f"\nBeside the path lie {near}: use them where they fit."
        kind, count, most = (
            (_Proposal, len(PARTS), LONGER) if route.request.proposal else (_Discovery, len(KINDS), LONG)
        )
        form = deepcopy(schema(kind))
        form["properties"]["claims"] |= {"minItems": count, "maxItems": count}
        form["properties"]["claims"]["items"]["properties"]["cites"] |= _citable(earlier)
        user = fill(f"discover_{TASKS[kind]}", first=first, last=last, statements=text, **about)
        yield Inquiry(stage, ask(user, form, most), partial(read_discovery, kind, earlier))


def _triples(triples: Sequence[tuple[str, str, str]]) -> str:
    return "; ".join(" - ".join(f'"{quoted(word)}"' for word in words) for words in triples[:4]) or "nothing more"


def _lines(statements: Sequence[DiscoveryStatement]) -> str:
    """Return statements with their ids, a line each, all of them within ROOM."""
    room = max(LEAST, ROOM // max(1, len(statements)) - LABEL)
    return "\n".join(f'{one.id}: "{quoted(one.text, room)}" ("{quoted(one.more, LABEL)}")' for one in statements)


def _citable(statements: Sequence[DiscoveryStatement]) -> Json:
    """Return what a schema says of citations: which there are, two of them or more."""
    ids = [one.id for one in statements]
    return {"items": {"type": "string", "enum": ids}, "minItems": min(2, len(ids)), "maxItems": 4}


def read_pair(form: type[_Definition | _Synergy], name: str, cites: tuple[str, ...], text: str) -> Json:
    """Read the answer of stage A or B: one statement; it cites what the question said of it."""
    main, more = read(text, form).model_dump().values()
    cited = resolve_citations(main, (), ())
    statement = DiscoveryStatement(name, _fresh(cited.text, name[0]), resolve_citations(more, (), ()).text, cites)
    return as_json(StageResult((statement,), unknown=cited.unknown))


def read_theme(name: str, known: Sequence[DiscoveryStatement], text: str) -> Json:
    """Read the answer of stage C, a theme that cites statements on links."""
    theme = read(text, _Theme)
    return _numbered(name, [(theme.name, theme.statement, theme.cites)], known, "c")


def read_discovery(form: type[_Discovery | _Proposal], known: Sequence[DiscoveryStatement], text: str) -> Json:
    """Read the answer of stage D, whose claims cite all statements before."""
    reply = read(text, form)
    claims: list[tuple[str, str, list[str]]] = [(one.kind, one.text, one.cites) for one in reply.claims]
    if form is _Proposal:  # its parts have an order, whichever the model takes, and each is there once
        first = {kind: (kind, text, cites) for kind, text, cites in reversed(claims)}
        claims = [first[kind] for kind in PARTS if kind in first]
    return _numbered("D1", claims, known, TASKS[form], _fresh(reply.title, TASKS[form]))


def _numbered(
    first: str,
    claims: Sequence[tuple[str, str, list[str]]],
    known: Sequence[DiscoveryStatement],
    task: str,
    title: str = "",
) -> Json:
    """Number the statements that cite what is there and say something new; raises Unreadable where none does."""
    ids, stage, number = [one.id for one in known], first[0], int(first[1:])
    statements, unknown, dropped = list[DiscoveryStatement](), dict[str, None](), list[str]()
    for label, text, cites in claims:
        cited = resolve_citations(_LABELLED.sub("", text), cites, ids)
        unknown |= dict.fromkeys(cited.unknown)
        try:
            fresh = _fresh(cited.text, task)
            is_new = not any(ratio(fresh, one.text, score_cutoff=SAME) for one in (*known, *statements))
        except Unreadable:
            is_new = False
        if cited.cites and is_new:
            name, more = f"{stage}{number + len(statements)}", resolve_citations(label, (), ()).text
            statements.append(DiscoveryStatement(name, cited.text, more, cited.cites))
        else:
            dropped.append(cited.text)
    if not statements:
        raise Unreadable(f"Nothing in it both cites one of {', '.join(ids[:SHOWN])} and is new: use words of your own.")
    title = resolve_citations(title, (), ()).text
    return as_json(StageResult(tuple(statements), title, tuple(unknown), tuple(dropped)))


def _fresh(text: str, task: str) -> str:
    """Return a text that is an answer; raises Unreadable where it says words of the task or its example again."""
    if not text:
        raise Unreadable("It says nothing.")
    words = [loose(each).split() for each in (text, template(f"discover_{task.lower()}"))]
    runs = [set(zip(*(each[at:] for at in range(ECHO)), strict=False)) for each in words]
    if runs[0] & runs[1]:
        raise Unreadable("It repeats words of the task or its example instead of an answer.")
    return text
