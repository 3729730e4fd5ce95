"""The feed of a picture: what came since an event, as JSON, for who was shown the address.

A route of the server has no authentication of its own, so its address holds a token that only a page gets to know, and
it answers for stores that a page has opened and for nothing else.
"""

from typing import TYPE_CHECKING, Any

from graphgrow.errors import GraphgrowError
from graphgrow.graph.graph import Graph
from graphgrow_explorer.state import Home, homes

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "/graphgrow/feed"


def address(home: Home) -> str:
    """Return where the feed of a store is."""
    return f"{PATH}/{home.token}"


def route() -> "Route":
    """Return the route of all feeds."""
    from starlette.routing import Route

    return Route(f"{PATH}/{{token}}", _answer, methods=["GET"])


def _answer(request: "Request") -> "Response":
    from starlette.responses import JSONResponse

    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    home, since = homes().by_token(request.path_params["token"]), request.query_params.get("since", "0")
    if home is None or not since.isascii() or not since.isdigit():
        return JSONResponse({"error": "there is no such feed"}, 404, headers)
    try:
        return JSONResponse(news(home, int(since[:12])), headers=headers)
    except GraphgrowError as error:
        return JSONResponse({"error": str(error)}, 503, headers)


def news(home: Home, since: int) -> dict[str, Any]:
    """Return the concepts and relations that came after an event, and the keys that went.

    After a decision about earlier events the whole graph comes: a concept that is back is older than the decision.
    """
    home.refresh()
    with home.reading() as graph:
        if since >= graph.seq:
            return {"seq": graph.seq, "nodes": [], "edges": [], "gone": []}
        missed = [one for one in home.upheavals if one.seq > since]
        gone = {key for one in missed for key in one.gone} - graph.concepts.keys()
        first = 0 if missed else since
        nodes, edges = _nodes(graph, first), _edges(graph, first)
        known = {end for edge in edges for end in (edge["source"], edge["target"])} - {node["key"] for node in nodes}
        nodes += [_node(graph, key) for key in sorted(known)]
        return {"seq": graph.seq, "nodes": nodes, "edges": edges, "gone": sorted(gone)}


def _nodes(graph: Graph, since: int) -> list[dict[str, Any]]:
    found = []
    for key in reversed(graph.concepts):
        if graph.introduced[key] <= since:
            break
        found.append(_node(graph, key) | {"community": -1})
    return found[::-1]


def _node(graph: Graph, key: str) -> dict[str, Any]:
    """Return a concept as it is now; the page knows its community, or gives it that of its neighbours."""
    degree = graph.degree(key)
    return {"key": key, "name": graph.name(key), "degree": degree, "size": degree, "first_seq": graph.introduced[key]}


def _edges(graph: Graph, since: int) -> list[dict[str, Any]]:
    """Return relations from the newest back; they are kept in the order in which they came."""
    found = []
    for relation in reversed(graph.relations):
        if graph.relations[relation][0].seq <= since:
            break
        row = {"source": relation.source, "predicate": relation.predicate, "target": relation.target}
        found.append(row | {"support": graph.support(relation), "first_seq": graph.relations[relation][0].seq})
    return found[::-1]
