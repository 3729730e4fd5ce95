"""A discovery as a Markdown document with its path drawn; text of a model is shown as it is and never runs."""

import re
from collections.abc import Iterator

from graphgrow.graph.keys import clean
from graphgrow.reason.discovery import Discovery
from graphgrow.reason.forms import Statement
from graphgrow.reason.layout import Layout, Link

JOINER = "\u2060"  # no width and no break: it parts what a reader of Markdown would turn into a link
SHOWN = 6  # events listed of one relation

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&^=@]|:(?=\S))")
_ADDRESS = re.compile(r"(?<=[wW]{3})(?=\.)|(?<=:)(?=//)|(?<=@)(?=[\w-])")
_TITLES = {"A": "The concepts", "B": "What neighbours do together", "C": "Themes", "D": "The discovery"}


def escaped(text: str) -> str:
    """Return text as it may stand within a line of Markdown, where it looks as it is written and means nothing more."""
    return _MARKS.sub(r"\\\1", _ADDRESS.sub(JOINER, clean(text)))


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    line = clean(text) or " "
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def block(text: str) -> str:
    """Return lines of text as a block of code, whatever backticks they hold."""
    fence = "`" * (max([2, *map(len, re.findall("`+", text))]) + 1)
    return f"{fence}text\n{text}\n{fence}"


def drawing(layout: Layout) -> str:
    """Return a path drawn in plain text: its concepts, and between them what was said, arrows as it was said."""
    links = {frozenset((link.one, link.other)): link for link in layout.links}
    lines: list[str] = []
    for place, name in enumerate(layout.path):
        if place:
            link = links[frozenset((layout.path[place - 1], name))]
            lines += [f" |  {line}" for line in _said(link, backwards=link.one == name)]
        lines.append(f"{name}  {clean(layout.name(name))}")
    return "\n".join(lines)


def _said(link: Link, *, backwards: bool) -> Iterator[str]:
    """Yield a line for every relation of a step."""
    for one in link.relations:
        arrow = ("--", "-->") if one.forward != backwards else ("<--", "--")
        events = ", ".join(map(str, one.events[:SHOWN])) + (", ..." if len(one.events) > SHOWN else "")
        yield f"{arrow[0]} {clean(one.predicate)} {arrow[1]}  ({link.id}; said {one.support}x, events {events})"


def markdown(found: Discovery) -> str:
    """Return the document of a discovery as far as it is."""
    return "\n\n".join(_parts(found)) + "\n"


def _parts(found: Discovery) -> Iterator[str]:
    ends = [code(found.layout.name(found.layout.path[place])) for place in (0, -1)]
    yield f"# {escaped(found.title) if found.title else f'From {ends[0]} to {ends[1]}'}"
    about = f", in a graph about {code(found.layout.topic)}" if found.layout.topic else ""
    how = f"Along {escaped(found.layout.how)}, from {ends[0]} to {ends[1]}{about}."
    yield f"{how} Steps lead along relations whichever way they point."
    yield "## " + ("The proposal" if found.layout.wanted.proposal else _TITLES["D"])
    yield "\n".join(_line(found, one) for one in found.stage("D")) or "None: see what is missing below."
    yield "## The path"
    yield block(drawing(found.layout))
    for stage in "CBA":
        if found.stage(stage):
            yield f"## {_TITLES[stage]}"
            yield "\n".join(_line(found, one) for one in found.stage(stage))
    if found.gaps:
        yield "## What is missing"
        yield "\n".join(f"- {escaped(sentence)}" for sentence in found.gaps)
    yield _origin(found)


def _line(found: Discovery, one: Statement) -> str:
    """Return a statement as an entry of a list: its id, what it is about, what it says, what it rests on."""
    about = " and ".join(map(code, found.about(one)))
    cites = "".join(f" [{name}]" for name in one.cites)
    if one.id.startswith(("A", "B")):
        more = {"A": "Property", "B": "Principle"}[one.id[0]]
        return f"- **{one.id}** {about}: {escaped(one.text)} *{more}:* {escaped(one.more)}{cites}"
    return f"- **{one.id}** *{escaped(one.more)}*: {escaped(one.text)}{cites}"


def _origin(found: Discovery) -> str:
    models = ", ".join(map(code, found.models)) or "no model"
    taken = f" It goes on from discovery {found.takes}." if found.takes else ""
    return (
        f"Discovery {found.work} of its graph, by {models}: {found.bill.replies} replies,"
        f" {found.bill.tokens:,} tokens.{taken} A model wrote these statements; nobody has checked that they are true."
    )
