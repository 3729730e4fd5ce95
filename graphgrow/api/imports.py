"""Graph files brought into a store: what is there stays, what comes is kept, and names that may be one are asked about.

Names in a file are somebody's data. So hygiene only says which ones it would keep out, and names that a run would merge
wait for a decision like all possible duplicates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export import Reading, parts
from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph, uncollected
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Change, Delta, Edit, Relation, Statement
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.stores import GraphStore
from graphgrow.stores.copying import batches

MOST_ALIKE = 10_000  # names; among more, only other ways of writing one name are looked for, not similar names
DOUBTS = 1000  # in one event


@dataclass(frozen=True, slots=True)
class Import:
    """What a file brings to a graph, as events.

    `broken` are the names that hygiene would keep out of replies, by rule; `rejected` those that somebody has rejected
    in this graph, which stay out; `doubts` the pairs that may be one concept. `is_likeness_compared` says whether names
    were compared by likeness too, which needs at most MOST_ALIKE of them. `saved` are the events that the store lacked.
    """

    reading: Reading
    events: tuple[Edit, ...] = ()
    concepts: int = 0
    relations: int = 0
    broken: Mapping[str, list[str]] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    doubts: tuple[Change, ...] = ()
    is_likeness_compared: bool = True
    saved: int = 0


@uncollected()
def import_graph(
    reading: Reading, store: GraphStore, title: str, *, append: bool = False, progress: Progress = SILENT
) -> Import:
    """Bring what was read of a file into a store, and return what came of it; `title` is the note of its events.

    Without `append` the store must be empty, or hold the beginning of this very import; with it the graph that is there
    gains what is new, and evidence for what is known. An import that was broken off goes on where it ended, and one
    that is whole brings nothing twice. Raises BadInput where nothing is named, or the store holds another graph.
    """
    if not reading.delta.concepts:
        raise BadInput("the file holds no graph: it names no concept")
    graph, begun = _before(store, title)
    if graph.seq and not append:
        raise BadInput(f"{store.url} holds another graph since step 1: name another store, or use --append")
    found = _prepared(reading, graph, title, begun[0].at if begun else now(), progress)
    if tuple(begun) != found.events[: len(begun)]:  # from another file of that name
        graph.apply_all(begun)
        if not append:
            raise BadInput(f"{store.url} holds another graph since step 1: name another store, or use --append")
        found, begun = _prepared(reading, graph, title, now(), progress), []
    left = found.events[len(begun) :]
    saving = progress.over(left, "saving parts of the graph", len(left))
    for batch in batches(saving, store.url):
        store.append(*batch)
    return replace(found, saved=len(left))


def title_of(path: Path) -> str:
    """Return the note that the events of a file's import have."""
    return f"import of {clean(path.name)}"


def _before(store: GraphStore, title: str) -> tuple[Graph, list[Edit]]:
    """Return the graph of a store without the import of this title that ends its log, and the events of that import."""
    graph, begun = Graph(), list[Edit]()
    for event in store.events():
        is_ours = isinstance(event, Edit) and event.note == title and event.edit in {"add", "doubt"}
        if begun and not (is_ours and isinstance(event, Edit) and event.at == begun[0].at):
            graph.apply_all(begun)
            begun = []
        if is_ours and isinstance(event, Edit):
            begun.append(event)
        else:
            graph.apply(event)
    return graph, begun


def _prepared(reading: Reading, graph: Graph, title: str, at: str, progress: Progress) -> Import:
    """Return an import as the events that it is for a graph as it stands."""
    from graphgrow.resolve.identity import possible_duplicates  # loads numpy

    corrections, said = graph.corrections, reading.delta
    rejected = tuple(one.name for one in said.concepts if graph.is_rejected(one.key)) if graph.seq else ()
    new = [one for one in said.concepts if one.key not in graph.arrived]
    known = set(graph.spellings()) if graph.seq else set()
    spelt = [(one.key, text) for one in said.concepts if one.key in graph.arrived for text in (one.name, *one.aliases)]
    aliases = tuple(dict.fromkeys(one for one in spelt if one not in known))
    first: dict[Relation | None, Statement] = {}
    support: list[Statement] = []
    for statement in said.statements:
        shown = corrections.shown(statement.relation)
        if shown is None or shown in graph.relations or shown in first:
            support.append(statement)
        else:
            first[shown] = statement
    delta = Delta(tuple(new), aliases, tuple(first.values()), tuple(support))

    broken: dict[str, list[str]] = {}
    for one in progress.over(new, "looking at names", len(new)):
        if rule := broken_rule(one.name, graph.topic):
            broken.setdefault(rule, []).append(one.name)
    is_small = len(new) + len(graph.concepts) <= MOST_ALIKE
    comparing = progress.over(new, "comparing names", len(new))
    doubts = tuple(possible_duplicates(comparing, graph, by_likeness=is_small))
    edits = [Edit(0, "add", part, title, at) for part in parts(delta)]
    edits += [
        Edit(0, "doubt", Delta(changes=doubts[start : start + DOUBTS]), title, at)
        for start in range(0, len(doubts), DOUBTS)
    ]
    events = tuple(replace(edit, seq=graph.seq + number) for number, edit in enumerate(edits, 1))
    return Import(reading, events, len(new), len(first), broken, rejected, doubts, is_small)
