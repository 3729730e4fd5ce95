"""A discovery as its events tell it: what each stage brought, what is missing and why; read without a model."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from pydantic import ValidationError

from graphgrow.graph.display import line
from graphgrow.graph.graph import Bill
from graphgrow.graph.model import Json, ReasoningStep
from graphgrow.reason.forms import Said, Statement
from graphgrow.reason.layout import Layout, laid

Ends = dict[tuple[str, tuple[str, ...]], ReasoningStep]  # the last event of each stage and its concepts


@dataclass(frozen=True, slots=True)
class Discovery:
    """A discovery as far as it is: `events` has the seq that each statement came with, `models` who was asked.

    `gaps` says in sentences what is missing or left out, and why; `bill` holds all replies, the unusable ones too.
    """

    work: int
    layout: Layout
    statements: tuple[Statement, ...]
    title: str
    gaps: tuple[str, ...]
    is_finished: bool
    events: dict[str, int]
    models: tuple[str, ...]
    bill: Bill
    takes: int = 0

    def stage(self, name: str) -> tuple[Statement, ...]:
        """Return the statements of one stage, A to D."""
        return tuple(one for one in self.statements if one.id.startswith(name))

    def about(self, statement: Statement) -> tuple[str, ...]:
        """Return the names of the concepts that a statement is about: one or two; none for one about the path."""
        keys = self.layout.subjects.get(statement.id, ()) if statement.id[0] in "AB" else ()
        names = {one.key: one.name for one in self.layout.concepts}
        return tuple(names[key] for key in keys)

    def markdown(self) -> str:
        """Return the document as Markdown in which no name or answer is a mark."""
        from graphgrow.reason.document import markdown

        return markdown(self)

    def __repr__(self) -> str:
        ends = " to ".join(line(self.layout.name(self.layout.path[place])) for place in (0, -1))
        return f"<Discovery {self.work}: from {ends}, {len(self.statements)} statements>"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def to_dict(self) -> Json:
        """Return the document as JSON."""
        layout: Json = self.layout.model_dump(mode="json")
        return {
            "work": self.work,
            "task": "discover",
            "topic": self.layout.topic,
            "path": [self.layout.name(one) for one in self.layout.path],
            "how": self.layout.how,
            "title": self.title,
            "statements": [
                one.model_dump(mode="json")
                | {"stage": one.id[0], "about": self.about(one), "event": self.events[one.id]}
                for one in self.statements
            ],
            "gaps": list(self.gaps),
            "finished": self.is_finished,
            "takes": self.takes,
            "models": list(self.models),
            "bill": asdict(self.bill) | {"tokens": self.bill.tokens},
            "layout": layout,
        }


def discovered(thoughts: Sequence[ReasoningStep]) -> Discovery | None:
    """Return the discovery that the events of one work tell; None where they are not of a discovery."""
    layout = laid(thoughts[0].result)
    if layout is None:
        return None
    ends = {(one.stage, one.subject): one for one in thoughts[1:]}
    said = {place: _said(one) for place, one in ends.items()}
    statements = [(one, ends[place].seq) for place, each in said.items() if each for one in each.statements]
    statements.sort(key=lambda each: (each[0].id[0], int(each[0].id[1:])))
    left = list(_missing(layout, ends, {one.id for one, _ in statements}))
    replies = [one.reply for one in thoughts if one.reply]
    return Discovery(
        work=thoughts[0].seq,
        layout=layout,
        statements=tuple(one for one, _ in statements),
        title=next((each.title for each in said.values() if each and each.title), ""),
        gaps=(*(sentence for sentence, _ in left), *_left_out(ends, said)),
        is_finished=not any(is_open for _, is_open in left),
        events={one.id: seq for one, seq in statements},
        models=tuple(dict.fromkeys(reply.model or layout.model for reply in replies)),
        bill=_bill(thoughts),
        takes=thoughts[0].takes,
    )


def _said(thought: ReasoningStep) -> Said | None:
    if thought.outcome != "ok":
        return None
    try:
        return Said.model_validate(thought.result)
    except ValidationError:
        return None


def _bill(thoughts: Iterable[ReasoningStep]) -> Bill:
    bill = Bill()
    for one in thoughts:
        if one.reply:
            bill.add(one.reply.usage, one.reply.usd, one.reply.seconds)
    return bill


def _missing(layout: Layout, ends: Ends, known: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Yield a sentence on each statement that is missing, and whether it is still to be asked for."""
    steps = {link.id for link in layout.links}
    rests = {"D": steps} | {name: set(group) for name, group in layout.themes.items()}
    for name, keys in {**layout.subjects, "D": ()}.items():
        end = ends.get((name[0], keys))
        if end and end.outcome == "ok":
            continue
        if end and end.repairs:
            yield f"{name} is missing: no usable answer came, asked twice. {end.reason}", False
        elif name in rests and rests[name].isdisjoint(known) and all(_is_over(layout, ends, one) for one in steps):
            yield f"{name} is missing: no step that it could rest on has a statement.", False
        else:
            yield f"{name} was not asked for yet.", True


def _is_over(layout: Layout, ends: Ends, name: str) -> bool:
    end = ends.get((name[0], layout.subjects[name]))
    return end is not None and (end.outcome == "ok" or bool(end.repairs))


def _left_out(ends: Ends, said: dict[tuple[str, tuple[str, ...]], Said | None]) -> Iterator[str]:
    """Yield a sentence on what an answer cited that is not there."""
    for place, each in said.items():
        where = f"stage {place[0]} (event {ends[place].seq})"
        if each and each.unknown:
            yield f"An answer of {where} cited {', '.join(each.unknown)}, which do not exist: left out."
        if each and each.dropped:
            yield f"Left out of {where}, cited nothing or repeated something: {'; '.join(each.dropped)}"
