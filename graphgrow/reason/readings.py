"""Answers read: held to their form, to what they may cite, and to saying something new."""

import re
from collections.abc import Sequence

from rapidfuzz.fuzz import ratio

from graphgrow.graph.model import Json
from graphgrow.parse.forms import Unreadable, read
from graphgrow.prompts.render import template
from graphgrow.reason.citing import cited
from graphgrow.reason.forms import PARTS, Defined, Found, Joined, Proposed, Said, Statement, Theme

ECHO = 5  # words in a row that no answer shares with its task by chance
SHOWN = 12  # ids that a refusal repeats
TASKS: dict[type[Found | Proposed], str] = {Found: "D", Proposed: "P"}  # templates of stage D
SAME = 90  # per cent; a statement as like an earlier one as that says nothing new

_LABELLED = re.compile(r"^[A-Z]\d{1,3}:\s*")


def read_pair(form: type[Defined | Joined], name: str, cites: tuple[str, ...], text: str) -> Json:
    """Read the answer of stage A or B: one statement; it cites what it was told."""
    answer = read(text, form)
    said, more = (answer.definition, answer.property) if isinstance(answer, Defined) else (
        answer.synergy, answer.principle)  # fmt: skip
    found = cited(said, (), ())
    statement = Statement(id=name, text=_fresh(found.text, name[0]), more=cited(more, (), ()).text, cites=cites)
    return _json(Said(statements=(statement,), unknown=found.unknown))


def read_theme(name: str, known: Sequence[Statement], text: str) -> Json:
    """Read the answer of stage C, a theme that cites statements on steps."""
    theme = read(text, Theme)
    return _checked(name, [(theme.name, theme.statement, theme.cites)], known)


def read_discovery(form: type[Found | Proposed], known: Sequence[Statement], text: str) -> Json:
    """Read the answer of stage D, whose claims cite all statements before."""
    answer = read(text, form)
    claims: list[tuple[str, str, list[str]]] = [(one.kind, one.text, one.cites) for one in answer.claims]
    if form is Proposed:  # its parts have an order, whichever the model takes, and each is there once
        first = {kind: (kind, text, cites) for kind, text, cites in reversed(claims)}
        claims = [first[kind] for kind in PARTS if kind in first]
    return _checked("D1", claims, known, _fresh(answer.title, TASKS[form]), TASKS[form])


def _checked(
    first: str, said: Sequence[tuple[str, str, list[str]]], known: Sequence[Statement], title: str = "", task: str = ""
) -> Json:
    """Number the statements that cite what is there and say something new; raises Unreadable where none does."""
    ids, stage, number = [one.id for one in known], first[0], int(first[1:])
    statements, unknown, dropped = list[Statement](), dict[str, None](), list[str]()
    for label, text, cites in said:
        found = cited(_LABELLED.sub("", text), cites, ids)
        unknown |= dict.fromkeys(found.unknown)
        if found.cites and not _is_old(found.text, task or stage, [*known, *statements]):
            name, more = f"{stage}{number + len(statements)}", cited(label, (), ()).text
            statements.append(Statement(id=name, text=found.text, more=more, cites=found.cites))
        else:
            dropped.append(found.text)
    if not statements:
        raise Unreadable(f"Nothing in it both cites one of {', '.join(ids[:SHOWN])} and is new: use words of your own.")
    title = cited(title, (), ()).text
    return _json(Said(statements=tuple(statements), title=title, unknown=tuple(unknown), dropped=tuple(dropped)))


def _is_old(text: str, stage: str, known: Sequence[Statement]) -> bool:
    """Tell whether a statement says no more than the task, or an earlier statement in nearly the same words."""
    try:
        return any(ratio(_fresh(text, stage), one.text, score_cutoff=SAME) for one in known)
    except Unreadable:
        return True


def _fresh(text: str, stage: str) -> str:
    """Return a text that is an answer; raises Unreadable where it says words of the task or its example again."""
    if not text:
        raise Unreadable("It says nothing.")
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
