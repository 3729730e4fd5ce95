"""Which concept of a graph a name means: by key, by canonical key, by any of its spellings."""

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean

ALIKE = 60  # per cent; names less alike are no help to who mistyped one


def look_up(graph: Graph, name: str) -> str | None:
    """Return the key of the shown concept that a name means, by key, canonical key or any of its spellings."""
    for key in (name, canonical(name)):
        found = graph.representative(key)
        if found in graph.concepts:
            return found
    key, text = canonical(name), clean(name)
    spelt = (k for k, c in graph.concepts.items() if text in (c.name, *c.aliases))
    return next(spelt, None) or next((k for k, c in graph.concepts.items() if key in map(canonical, c.aliases)), None)


def find(graph: Graph, name: str) -> str:
    """Return the key of the concept a person means; raises BadInput with the nearest names where there is none."""
    known, key = look_up(graph, name), canonical(name)
    if known:
        return known
    if graph.is_rejected(key):
        raise BadInput(f"{name!r} was rejected: bring it back with  graphgrow restore")
    from rapidfuzz.process import extract

    near = [found for found, *_ in extract(key, graph.concepts.keys(), limit=3, score_cutoff=ALIKE)]
    hint = f": did you mean {', '.join(repr(graph.name(k)) for k in near)}?" if near else ": see  graphgrow show STORE"
    raise BadInput(f"no concept {name!r} in this graph{hint}")
