"""Where every concept stands in the picture: worked out once a version, kept in the store for the next page."""

import json
from collections.abc import Iterable

from graphgrow.graph.graph import Graph
from graphgrow.measure.layout import layout
from graphgrow.stores import GraphStore
from graphgrow_explorer.state import Home

Places = dict[str, tuple[float, float]]

KIND, LAST = "positions 1", "last"
ENOUGH = 0.5  # share of concepts that need a place already; with fewer the whole is laid out anew
GROWN = 1.1  # times the concepts that were kept, from which it is worth to keep them again


def positions(home: Home) -> Places:
    """Return concept -> x, y; those that had a place keep it, so that a reader finds again what he saw."""
    return home.keep("positions", lambda graph: _positions(home, graph))


def settled(home: Home, name: str, pairs: Iterable[tuple[str, str]], keys: list[str]) -> Places:
    """Return places for a part of a graph alone; what was in this part before stays where it was."""
    before = home.parts.get(name, {})
    start = {key: before[key] for key in keys if key in before}
    places = layout(pairs, keys, start=start if len(start) >= ENOUGH * len(keys) else None)
    home.parts[name] = places
    return places


def _positions(home: Home, graph: Graph) -> Places:
    before = home.before("positions")
    known = before if isinstance(before, dict) else _kept(home.store)
    start = {key: place for key, place in known.items() if key in graph.concepts}
    if len(start) < ENOUGH * len(graph.concepts):
        start = {}
    places = layout(graph.pairs, list(graph.concepts), start=start or None)
    if before is None and len(places) > GROWN * len(start):
        home.store.remember(KIND, {LAST: json.dumps(places).encode()})
    return places


def _kept(store: GraphStore) -> Places:
    """Return the places that a page kept in the store; none where there are none, or none that can be read."""
    found = store.recall(KIND, [LAST]).get(LAST)
    try:
        return {str(key): (float(x), float(y)) for key, (x, y) in json.loads(found).items()} if found else {}
    except (ValueError, TypeError, AttributeError):
        return {}
