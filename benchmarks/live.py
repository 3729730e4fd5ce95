"""Policies on a real model: runs that are grown, stopped, resumed and kept; policies.py is the program.

A run under way is a store in the folder's `.running`, so that nothing that was asked is lost; a run that has all its
questions is the event file POLICY-sSEED.jsonl.gz. Asking for more questions continues from there, so that a long run
begins with the short one. Several processes may share a folder: each takes runs that no other is working on.
"""

import os
import random
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from graphgrow.api.models import open_llm
from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events, write_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Budget, Expansion, Prompt
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm import LLM
from graphgrow.policy import open_policy
from graphgrow.prompts.forms import FORMS
from graphgrow.prompts.render import SMALL_ROOM, render, repair
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.copying import complete

RUNNING = ".running"
ENDING = ".jsonl.gz"
TEMPERATURE = 0.8  # as in `graphgrow grow`
TOLD = 10  # questions between two lines of output about a run

Events = list[Expansion]


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of the benchmark, by what defines it."""

    policy: str
    seed: int

    def __str__(self) -> str:
        return f"{self.policy}-s{self.seed}"

    def file(self, folder: Path) -> Path:
        """Return the file where it is kept when it is done."""
        return folder / f"{self}{ENDING}"

    def store(self, folder: Path) -> Path:
        """Return the store in which it grows."""
        return folder / RUNNING / f"{self}.db"

    def kept(self, folder: Path) -> Events:
        """Return the events that are kept of it, maybe none."""
        path = self.file(folder)
        return [event for event in read_events(path) if isinstance(event, Expansion)] if path.exists() else []


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same for all runs; `until` is when to stop, by the monotonic clock."""

    folder: Path
    topic: str
    llm: str
    questions: int
    until: float | None = None

    @property
    def minutes(self) -> float | None:
        """The minutes that are left; None for any number."""
        return None if self.until is None else max(0.0, self.until - time.monotonic()) / 60


def entries(folder: Path) -> list[Entry]:
    """Return the runs that a folder keeps."""
    names = (path.name.removesuffix(ENDING).rpartition("-s") for path in sorted(folder.glob(f"*{ENDING}")))
    return [Entry(policy, int(seed)) for policy, _, seed in names if policy and seed.isdecimal()]


def steps(events: Iterable[Expansion]) -> int:
    """Return how many questions a run has; asking again for a better reply does not count."""
    return sum(event.is_step for event in events)


def is_done(entry: Entry, events: Events, questions: int) -> bool:
    """Tell whether a run has its questions, or its policy has nothing left to ask."""
    return steps(events) >= questions or (bool(events) and _is_dry(entry, fold(events)))


def _is_dry(entry: Entry, graph: Graph) -> bool:
    rng = random.Random(f"{entry.seed}:{graph.seq}")
    return not open_policy(entry.policy).choose(graph, canonical(graph.topic), rng)


def grow_missing(wanted: Sequence[Entry], plan: Plan) -> list[Entry]:
    """Grow and keep the runs that are not done, one after the other with one model; return those still not done.

    Raises BadInput where runs in the folder cannot be compared with those that this would make.
    """
    for entry in entries(plan.folder):
        check(entry, entry.kept(plan.folder), plan)
    missing = [entry for entry in wanted if not is_done(entry, entry.kept(plan.folder), plan.questions)]
    if not missing:
        return []
    with closing(open_llm(plan.llm, env=os.environ, temperature=TEMPERATURE)) as model:
        for entry in missing:
            if plan.minutes != 0:
                _grow(entry, model, plan)
    return [entry for entry in missing if not is_done(entry, entry.kept(plan.folder), plan.questions)]


def check(entry: Entry, events: Events, plan: Plan) -> None:
    """Raise BadInput for a run of another topic or model, or with prompts that are no longer made this way."""
    model = _model(plan.folder)
    for event in events:
        for found, wanted in ((event.topic, plan.topic), (event.reply.model, model), (event.seed, entry.seed)):
            if found != wanted and wanted is not None:
                raise BadInput(f"{entry} has {found!r} at event {event.seq}, not {wanted!r}: --keep it elsewhere")
    if (other := first_other(events)) is not None:
        raise BadInput(f"{entry} sent another prompt at event {other} than is made of it today: --keep it elsewhere")


def _model(folder: Path) -> str | None:
    """Return the model that the kept runs asked; None where nothing is kept."""
    return next((event.reply.model for entry in entries(folder) for event in entry.kept(folder)[:1]), None)


def first_other(events: Iterable[Expansion]) -> int | None:
    """Return the first event whose prompt is not what today's templates make of the same choice; None for none."""
    graph, sent = Graph(), dict[int, Expansion]()
    for event in events:
        if event.prompt not in _prompts(event, graph, sent):
            return event.seq
        sent[event.seq] = event
        graph.apply(event)
    return None


def _prompts(event: Expansion, graph: Graph, sent: dict[int, Expansion]) -> list[Prompt]:
    """Return the prompts that may be sent for a choice, the second for a model with a small context."""
    if event.repairs:
        broken = sent[event.repairs]
        return [repair(broken.prompt, broken.reply.text, broken.reason, FORMS[broken.focus.form].example)]
    seed = event.seed + graph.seq
    return [render(event.focus, graph, event.topic, seed=seed, room=room) for room in (1.0, SMALL_ROOM)]


def _grow(entry: Entry, model: LLM, plan: Plan) -> None:
    """Grow one run as far as time allows, unless another process is working on it, and keep it if it is then done."""
    path = entry.store(plan.folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{path}.lock", timeout=0):
            if is_done(entry, entry.kept(plan.folder), plan.questions):
                return  # by another process, meanwhile
            with closing(open_store(str(path), create=True)) as store:
                _continue(entry, store, model, plan)
                events = list(_expansions(store))
            if is_done(entry, events, plan.questions):
                write_events(entry.file(path.parent), events)
                entry.file(path.parent).replace(entry.file(plan.folder))  # whole or not at all
                path.unlink()
    except Timeout:
        _tell(f"{entry}: another process is at it")


def _continue(entry: Entry, store: GraphStore, model: LLM, plan: Plan) -> None:
    """Ask what is left of a run's questions, continuing from its store or from its kept file."""
    kept = entry.kept(plan.folder)
    if store.graph().seq < len(kept):
        complete(kept, store)
    check(entry, list(_expansions(store)), plan)
    how = Settings(open_policy(entry.policy), Budget(steps=0), seed=entry.seed)
    list(Growth(plan.topic, store, model, how))  # asks nothing, only commits a reply that a killed run had paid for
    left = max(0, plan.questions - store.graph().steps)
    how = replace(how, budget=Budget(steps=left, minutes=plan.minutes))
    growth, started = Growth(plan.topic, store, model, how), time.monotonic()
    expected = _model(plan.folder)
    for event in growth:
        if event.reply.model != (expected or event.reply.model):
            raise BadInput(f"{event.reply.model!r} is not the model of the runs in {plan.folder}: --keep elsewhere")
        if event.is_step and growth.graph.steps % TOLD == 0:
            pace = (time.monotonic() - started) / max(1, growth.steps)
            sizes = f"{growth.graph.steps} questions, {len(growth.graph.concepts)} concepts"
            _tell(f"{entry}: {sizes}, {pace:.1f} s a question")
    _tell(f"{entry}: {growth.graph.steps} questions, ended by {growth.ending}")


def _expansions(store: GraphStore) -> Iterator[Expansion]:
    return (event for event in store.events() if isinstance(event, Expansion))


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
