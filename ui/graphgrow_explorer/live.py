"""The feed of a picture: what came since a step, as JSON, for who was shown the address.

A route of the server has no authentication of its own, so its address holds a token that only a page gets to know, and
it answers for stores that a page has opened and for nothing else.
"""

from itertools import takewhile
from typing import TYPE_CHECKING, Any

from graphgrow import GraphgrowError
from graphgrow_explorer.workspace import Workspace, workspaces

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "graphgrow/feed"


def address(workspace: Workspace) -> str:
    """Return where the feed of a store is, seen from any view: the explorer may stand below a path of its server."""
    return f"{PATH}/{workspace.token}"


def route() -> "Route":
    """Return the route of all feeds."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def answer(request: "Request") -> "Response":
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        workspace = workspaces().by_token(request.path_params["token"])
        since = request.query_params.get("since", "0")
        if workspace is None or not since.isascii() or not since.isdigit():
            return JSONResponse({"error": "there is no such feed"}, 404, headers)
        try:
            return JSONResponse(news(workspace, int(since[:12])), headers=headers)
        except GraphgrowError as error:
            return JSONResponse({"error": str(error)}, 503, headers)

    return Route(f"/{PATH}/{{token}}", answer, methods=["GET"])


def news(workspace: Workspace, since: int) -> dict[str, Any]:
    """Return the concepts and relations that came after a step, and the keys that went.

    After a decision about earlier steps the whole graph comes: a concept that is back is older than the decision. The
    page knows the community of a concept, or gives a new one (-1) that of its neighbours.
    """
    workspace.refresh()
    with workspace.reading() as graph:
        if since >= graph.seq:
            return {"seq": graph.seq, "nodes": [], "edges": [], "gone": []}
        missed = [one for one in workspace.upheavals if one.seq > since]
        gone = {key for one in missed for key in one.gone} - graph.concepts.keys()
        first = 0 if missed else since

        # both stand in the order in which they came, so what is new is at their ends
        new = [*takewhile(lambda key: graph.introduced[key] > first, reversed(graph.concepts))][::-1]
        relations = [*takewhile(lambda one: graph.relations[one][0].seq > first, reversed(graph.relations))][::-1]
        edges = [{"source": one.source, "predicate": one.predicate, "target": one.target,
                  "support": graph.support(one), "first_seq": graph.relations[one][0].seq}
                 for one in relations]  # fmt: skip
        known = {end for one in relations for end in one.ends}.difference(new)
        nodes = [{"key": key, "name": graph.name(key), "degree": graph.degree(key), "size": graph.degree(key),
                  "first_seq": graph.introduced[key]} for key in (*new, *sorted(known))]  # fmt: skip
        for node in nodes[: len(new)]:
            node["community"] = -1
        return {"seq": graph.seq, "nodes": nodes, "edges": edges, "gone": sorted(gone)}
