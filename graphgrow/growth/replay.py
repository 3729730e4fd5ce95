"""Recorded replies through the same parse, resolve and commit as live ones: our run files, or anybody's JSON lines."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events, read_lines
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import (
    Answer,
    Delta,
    Event,
    Expansion,
    FactCheck,
    Focus,
    Measures,
    Prompt,
    Question,
    ReasoningStep,
    Relation,
    Reply,
)
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.growth.step import make_expansion, resolve_reply
from graphgrow.llm.usage import storable
from graphgrow.measure import measure
from graphgrow.parse.reply import parse
from graphgrow.prompts.forms import as_asked_for
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore
from graphgrow.stores.copying import batches, complete
from graphgrow.stores.outbox import PendingReply

_UP_TO = re.compile(r"up to (\d{1,3}) ")


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a foreign line of JSON keeps the reply and, if anywhere, the question."""

    reply: str
    question: str = ""


def recording(path: Path, fields: Fields | None = None, topic: str = "") -> list[Event]:
    """Return the replies of a file as events that were not resolved yet; raises BadInput for a line that holds none."""
    if not path.is_file():
        raise BadInput(f"there is no file {path}: name a run file or JSON lines")
    return list(_foreign(path, fields, topic) if fields else read_events(path))


def replay(
    recorded: Iterable[Event],
    store: GraphStore,
    resolver: Resolver,
    *,
    append: bool = False,
    progress: Progress = SILENT,
) -> Iterator[Event]:
    """Commit recorded replies to a store and yield the events; all are resolved before the first batch is written.

    Without `append` the store must be empty, or hold the beginning of this very replay, which then goes on; BadInput
    otherwise.
    """
    graph = store.graph() if append else Graph()
    offset = graph.seq
    replies = list(recorded)
    resolving = progress.over(replies, "resolving replies", len(replies))
    now = _Keys({}, {})
    events = [_again(event, graph, resolver, offset, now) for event in resolving]
    saving = progress.over(events, "saving events", len(events))
    if append:
        for batch in batches(saving, store.url):
            store.append(*batch)
    else:
        complete(saving, store)
    yield from events


def read_again(graph: Graph, reply: PendingReply, resolver: Resolver, *, seed: int, at: str) -> Expansion:
    """Return the event that a reply is for a graph as it stands: read, resolved and measured as in a step."""
    answer = reply.answer
    said = parse(answer.reply.text, answer.reply.finish_reason, reply.question.form)
    proposal = as_asked_for(said, answer.prompt)
    delta = resolve_reply(proposal, reply, graph, resolver)
    return make_expansion(graph, reply, proposal, delta, measure(graph, delta), seed=seed, at=at)


@dataclass(frozen=True, slots=True)
class _Keys:
    """The concepts and relations of recorded replies by their keys at that time, and what they are today.

    So a question and a fact check stay about the same words where the rules for keys have changed since.
    """

    concepts: dict[str, str]
    relations: dict[Relation, Relation]

    def learn(self, then: Delta, today: Delta) -> None:
        """Take in how one reply was resolved then, and how it is today; the first to be learnt stands."""
        relations = {one.raw: one.relation for one in today.statements}
        for one in then.statements:
            if relation := relations.get(one.raw):
                self.relations.setdefault(one.relation, relation)
                for key, key_today in zip(one.relation.ends, relation.ends, strict=True):
                    self.concepts.setdefault(key, key_today)


def _again(event: Event, graph: Graph, resolver: Resolver, offset: int, now: _Keys) -> Event:
    """Return the event as this graph makes it, and fold it in."""
    if isinstance(event, Expansion):
        repairs, verifies = (seq + offset if seq else 0 for seq in (event.repairs, event.verifies))
        follows = tuple(seq + offset for seq in event.follows)
        focus = replace(event.focus, concepts=tuple(now.concepts.get(key, key) for key in event.focus.concepts))
        question = Question(focus, event.prompt, None, repairs, event.sample, verifies, follows)
        question = replace(question, is_strong=event.is_strong, asked_for=event.asked_for or _wanted(event.prompt))
        reply = PendingReply(event.topic, 0, question, Answer(event.prompt, event.reply), event.run)
        again = read_again(graph, reply, resolver, seed=event.seed, at=event.at)
        now.learn(event.delta, again.delta)
        event = replace(again, embedding=event.embedding, asked_for=event.asked_for)
    elif isinstance(event, ReasoningStep):
        task_seq, repairs, takes = (seq + offset if seq else 0 for seq in (event.task_seq, event.repairs, event.takes))
        event = replace(event, seq=graph.seq + 1, task_seq=task_seq, repairs=repairs, takes=takes)
    elif isinstance(event, FactCheck):
        claims = tuple(replace(one, relation=now.relations.get(one.relation, one.relation)) for one in event.claims)
        event = replace(event, seq=graph.seq + 1, claims=claims)
    else:
        # A change that names an event means the same one, even if that has got another number.
        changes = (replace(one, event=one.event + offset) if one.event else one for one in event.delta.changes)
        event = replace(event, seq=graph.seq + 1, delta=replace(event.delta, changes=tuple(changes)))
    graph.apply(event)
    return event


def _wanted(prompt: Prompt) -> int:
    """Return how many names or questions a prompt of an older log wants; 0 where it does not say."""
    if found := _UP_TO.search(prompt.system):
        return int(found[1])
    listed: Any = (prompt.schema or {}).get("properties", {})
    return int(listed["questions"]["maxItems"]) if "questions" in listed else 0


def _foreign(path: Path, fields: Fields, topic: str) -> Iterator[Expansion]:
    """Yield the replies in anybody's JSON lines as expansions that have not been resolved yet.

    Without a topic they are about none: the name of a file says nothing that names could be held against.
    """
    topic, stem = clean(topic), path.name.split(".")[0]
    for number, line in read_lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{path} line {number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise BadInput(f"{path} line {number} is no JSON object: expected one with named fields")
        text, question = row.get(fields.reply), str(row.get(fields.question, ""))
        if not isinstance(text, str):
            has = ", ".join(row) or "none"
            raise BadInput(f"{path} line {number} has no text in field {fields.reply!r}: it has {has}")
        subject = canonical(question) or canonical(topic) or canonical(stem)
        focus = Focus("replay", (subject,), f"line {number} of the file", angle=str(number))
        prompt, reply = Prompt("", storable(question)), Reply(storable(text))
        yield Expansion(0, topic, focus, prompt, reply, "ok", "", Delta(), Measures())
