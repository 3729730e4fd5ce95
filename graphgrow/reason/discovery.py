"""Discoveries: reasoning along a path of the graph in four stages, each answer an event, so that none is paid twice.

    discovery = discover(store, llm)
    print(discovery.markdown())

or, to see each answer as it comes:

    with Reasoner(store, llm) as reasoner:
        plan = begin(reasoner, DiscoveryRequest(), local_meanings(store))
        for step in run_stages(reasoner, plan):
            print(step.stage, step.result)

A discovery is what its events say of it: what each stage brought, what is missing and why. It is read without a model.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TypeVar, Unpack

from graphgrow.errors import BadInput
from graphgrow.graph.display import line
from graphgrow.graph.graph import Bill, Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, ReasoningStep
from graphgrow.llm import LLM
from graphgrow.llm.embedders import LocalEmbedder
from graphgrow.reason.route import DiscoveryRequest, Route, choose_path, drawing, plan_route
from graphgrow.reason.stages import STAGES, DiscoveryStatement, StageResult, inquiries
from graphgrow.reason.tasks import Options, Reasoner, as_json, from_json
from graphgrow.reason.trust import TrustedGraph
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore

T = TypeVar("T")
JOINER = "\u2060"  # no width and no break: it parts what a reader of Markdown would turn into a link
TITLES = {"A": "The concepts", "B": "What neighbours do together", "C": "Themes", "D": "The discovery"}

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&^=@]|:(?=\S))")
_ADDRESS = re.compile(r"(?<=[wW]{3})(?=\.)|(?<=:)(?=//)|(?<=@)(?=[\w-])")


@dataclass(frozen=True, slots=True)
class Discovery:
    """A discovery as far as it has come: `events` has the seq that each statement came with, `models` who was asked.

    `gaps` says in sentences what is missing or left out, and why; `bill` holds all replies, the unusable ones too.
    """

    work: int
    route: Route
    statements: tuple[DiscoveryStatement, ...]
    title: str
    gaps: tuple[str, ...]
    is_finished: bool
    events: dict[str, int]
    models: tuple[str, ...]
    bill: Bill
    takes: int = 0

    def stage(self, name: str) -> tuple[DiscoveryStatement, ...]:
        """Return the statements of one stage, A to D."""
        return tuple(one for one in self.statements if one.id.startswith(name))

    def about(self, statement: DiscoveryStatement) -> tuple[str, ...]:
        """Return the names of the concepts that a statement is about: one or two; none for one about the path."""
        keys = self.route.subjects.get(statement.id, ()) if statement.id[0] in "AB" else ()
        names = {one.key: one.name for one in self.route.concepts}
        return tuple(names[key] for key in keys)

    def markdown(self) -> str:
        """Return the document as Markdown with its path drawn, in which no name or answer is a mark."""
        one, other = map(code, self.route.ends)
        topic = f", in a graph about {code(self.route.topic)}" if self.route.topic else ""
        how = f"Along {escaped(self.route.how)}, from {one} to {other}{topic}."
        least = self.route.request.confidence
        trust = f", and only along those with a confidence of {least:g} or more" if least else ""
        parts = [
            f"# {escaped(self.title) if self.title else f'From {one} to {other}'}",
            f"{how} Steps lead along relations whichever way they point{trust}.",
        ]
        for stage in "DCBA":
            lines: list[str] = []
            for statement in self.stage(stage):
                cites = "".join(f" [{name}]" for name in statement.cites)
                text, more = escaped(statement.text), escaped(statement.more)
                if stage in "AB":
                    about = " and ".join(map(code, self.about(statement)))
                    label = "Property" if stage == "A" else "Principle"
                    lines.append(f"- **{statement.id}** {about}: {text} *{label}:* {more}{cites}")
                else:
                    lines.append(f"- **{statement.id}** *{more}*: {text}{cites}")
            if stage == "D":
                parts.append("## " + ("The proposal" if self.route.request.proposal else TITLES[stage]))
                parts.append("\n".join(lines) or "None: see what is missing below.")
                parts += ["## The path", block(drawing(self.route))]
            elif lines:
                parts += [f"## {TITLES[stage]}", "\n".join(lines)]
        if self.gaps:
            parts += ["## What is missing", "\n".join(f"- {escaped(sentence)}" for sentence in self.gaps)]
        takes = f" It goes on from discovery {self.takes}." if self.takes else ""
        parts.append(
            f"Discovery {self.work} of its graph, by {', '.join(map(code, self.models)) or 'no model'}:"
            f" {self.bill.replies} replies, {self.bill.tokens:,} tokens.{takes}"
            " A model wrote these statements; nobody has checked that they are true."
        )
        return "\n\n".join(parts) + "\n"

    def __repr__(self) -> str:
        ends = " to ".join(map(line, self.route.ends))
        return f"<Discovery {self.work}: from {ends}, {len(self.statements)} statements>"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def to_dict(self) -> Json:
        """Return the document as JSON."""
        return {
            "work": self.work,
            "task": "discover",
            "topic": self.route.topic,
            "path": [self.route.name(one) for one in self.route.path],
            "how": self.route.how,
            "title": self.title,
            "statements": [
                as_json(one) | {"stage": one.id[0], "about": self.about(one), "event": self.events[one.id]}
                for one in self.statements
            ],
            "gaps": list(self.gaps),
            "finished": self.is_finished,
            "takes": self.takes,
            "models": list(self.models),
            "bill": asdict(self.bill) | {"tokens": self.bill.tokens},
            "layout": as_json(self.route),
        }


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


def discover(
    store: GraphStore,
    llm: LLM,
    source: str = "",
    target: str = "",
    *,
    request: DiscoveryRequest | None = None,
    **how: Unpack[Options],
) -> Discovery:
    """Return the discovery along the path between two concepts, or one that the graph chooses; see `DiscoveryRequest`.

    The same call again continues what was broken off, and returns what is finished without asking. Raises BadInput
    where there is no such path, BudgetSpent and LLMError where it ends early: what was paid for is kept.
    """
    with Reasoner(store, llm, **how) as reasoner:
        plan = begin(reasoner, request or DiscoveryRequest(source, target), local_meanings(store))
        for _ in run_stages(reasoner, plan):
            pass
        return load(reasoner.graph, plan.seq)


def local_meanings(store: GraphStore) -> Callable[[], Meanings]:
    """Return a function that opens the local embedder, with the store for its vectors; BadInput if not installed."""
    return lambda: Meanings(LocalEmbedder(), store)


def begin(
    reasoner: Reasoner, request: DiscoveryRequest, meanings: Callable[[], Meanings], *, again: bool = False
) -> ReasoningStep:
    """Return the plan of the newest discovery that wants the same and is not finished, else a new one.

    One that is finished is returned too where path and model are the same, unless it is wanted `again`.
    """
    with reasoner.planning():
        graph, read, model = reasoner.graph, reasoner.trusted, reasoner.llm.name
        request = resolve_request(read, replace(request, seed=reasoner.seed, confidence=read.confidence))
        same = [one for one in discoveries(graph) if one.route.request == request]
        unfinished = next((one for one in same if not one.is_finished), None)
        if unfinished:
            return graph.thoughts[unfinished.work][0]
        if request.takes:
            route = replace(load(graph, request.takes).route, request=request, model=model)
        else:
            with read.explaining():
                route = plan_route(read.graph, request, model, meanings)
        keys = tuple(one.key for one in route.concepts)
        for one in same:
            if not again and (tuple(each.key for each in one.route.concepts), one.route.model) == (keys, model):
                return graph.thoughts[one.work][0]
        return reasoner.plan("discover", as_json(route), subject=keys, takes=request.takes)


def resolve_request(trusted: TrustedGraph, request: DiscoveryRequest) -> DiscoveryRequest:
    """Return what is wanted with concepts by their keys.

    Raises BadInput for a concept that is not there, with the nearest names, where nothing connects the two ends, and
    where nothing is trusted.
    """
    if request.takes:  # the path is there already, with what was trusted then
        return replace(request, confidence=load(trusted.whole, request.takes).route.request.confidence)
    with trusted.explaining():
        graph = trusted.graph
        source, target = (trusted.find(name) if name else "" for name in (request.source, request.target))
        via = tuple(trusted.find(name) for name in request.via)
        request = replace(request, source=source, target=target, via=via)
        if source or target or via:
            choose_path(graph, replace(request, waypoints=0), None)
    return request


def run_stages(reasoner: Reasoner, plan: ReasoningStep) -> Iterator[ReasoningStep]:
    """Yield what comes of each question of a discovery, stage by stage, known answers included."""
    route = load(reasoner.graph, plan.seq).route
    if route.request.stage:
        reasoner.inherit(plan, STAGES[: STAGES.index(route.request.stage)])
    for stage in STAGES:
        statements = load(reasoner.graph, plan.seq).statements
        yield from reasoner.ask_all(plan, inquiries(stage, route, statements, reasoner.seed))


def discoveries(graph: Graph) -> list[Discovery]:
    """Return the discoveries of a graph, the newest first."""
    tasks = (steps for _, steps in sorted(graph.thoughts.items(), reverse=True) if steps[0].task == "discover")
    return [one for one in map(from_events, tasks) if one]


def load(graph: Graph, work: int) -> Discovery:
    """Return the discovery of a task by its number; raises BadInput where there is none."""
    steps = graph.thoughts.get(work, [])
    discovery = from_events(steps) if steps and steps[0].task == "discover" else None
    if discovery is None:
        known = ", ".join(str(one.work) for one in discoveries(graph)) or "there is none yet"
        raise BadInput(f"there is no discovery {work} in this graph: {known}")
    return discovery


def from_events(steps: Sequence[ReasoningStep]) -> Discovery | None:
    """Return the discovery that the events of one task tell; None where they are not those of a discovery."""
    route = _read(steps[0], Route)
    if route is None:
        return None
    last = {(one.stage, one.subject): one for one in steps[1:]}  # of each stage and its concepts
    results = [(one, _read(one, StageResult)) for one in last.values() if one.outcome == "ok"]
    stages = [(one, result) for one, result in results if result]
    statements = [(statement, one.seq) for one, result in stages for statement in result.statements]
    statements.sort(key=lambda each: (each[0].id[0], int(each[0].id[1:])))

    # What is missing, and whether it is still to be asked for.
    known = {one.id for one, _ in statements}
    over = {place for place, one in last.items() if one.outcome == "ok" or one.repairs}
    links = {link.id for link in route.links}
    rests = {"D": links} | {name: set(group) for name, group in route.themes.items()}
    gaps, is_finished = list[str](), True
    for name, keys in {**route.subjects, "D": ()}.items():
        end = last.get((name[0], keys))
        if end and end.outcome == "ok":
            continue
        if end and end.repairs:
            gaps.append(f"{name} is missing: no usable answer came, asked twice. {end.reason}")
        elif (
            name in rests
            and rests[name].isdisjoint(known)
            and all((link[0], route.subjects[link]) in over for link in links)
        ):
            gaps.append(f"{name} is missing: no step that it could rest on has a statement.")
        else:
            gaps.append(f"{name} was not asked for yet.")
            is_finished = False
    for one, result in stages:
        where = f"stage {one.stage} (step {one.seq})"
        if result.unknown:
            gaps.append(f"An answer of {where} cited {', '.join(result.unknown)}, which do not exist: left out.")
        if result.dropped:
            gaps.append(f"Left out of {where}, cited nothing or repeated something: {'; '.join(result.dropped)}")

    bill = Bill()
    replies = [one.reply for one in steps if one.reply]
    for reply in replies:
        bill.add(reply.usage, reply.usd, reply.seconds)
    return Discovery(
        steps[0].seq,
        route,
        tuple(one for one, _ in statements),
        title=next((result.title for _, result in stages if result.title), ""),
        gaps=tuple(gaps),
        is_finished=is_finished,
        events={one.id: seq for one, seq in statements},
        models=tuple(dict.fromkeys(reply.model or route.model for reply in replies)),
        bill=bill,
        takes=steps[0].takes,
    )


def _read(step: ReasoningStep, form: type[T]) -> T | None:
    """Return what an event holds; None where that is something else, as of another task or an older form."""
    try:
        return from_json(step.result, form)
    except BadInput:
        return None
