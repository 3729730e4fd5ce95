"""The feed of a picture: what came since a step, as JSON, for whoever was shown the address.

A route of the server has no authentication of its own, so its address holds a token that only a page gets to know, and
it answers for stores that a page has opened and for nothing else.
"""

import time
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from graphgrow import GraphgrowError
from graphgrow.api.explorer import Graph, confidence
from graphgrow_explorer import runs
from graphgrow_explorer.text import counted, short
from graphgrow_explorer.workspace import PRIVATE, Row, Workspace, workspaces

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "graphgrow/feed"
STEPS = 12  # that a page lists
QUIET = 20.0  # seconds without an event after which nobody seems to write


def address(workspace: Workspace) -> str:
    """Return where the feed of a store is, seen from any view: the explorer may stand below a path of its server."""
    return f"{PATH}/{workspace.token}"


def route() -> "Route":
    """Return the route of all feeds."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def answer(request: "Request") -> "Response":
        workspace = workspaces().by_token(request.path_params["token"])
        since = request.query_params.get("since", "0")
        if workspace is None or not since.isascii() or not since.isdigit():
            return JSONResponse({"error": "there is no such feed"}, 404, PRIVATE)
        try:
            return JSONResponse(news(workspace, int(since[:12])), headers=PRIVATE)
        except GraphgrowError as error:
            return JSONResponse({"error": str(error)}, 503, PRIVATE)

    return Route(f"/{PATH}/{{token}}", answer, methods=["GET"])


def news(workspace: Workspace, since: int) -> dict[str, Any]:
    """Return the concepts and relations that came after a step, and the keys that went.

    A decision about earlier steps may bring back what is older than it: that comes with the page, which is drawn anew
    after every decision. The page knows the community of a concept, or gives a new one (-1) that of its neighbours.
    """
    workspace.refresh()
    with workspace.reading() as graph:
        writing = is_written(workspace)
        if since >= graph.seq:
            return {"seq": graph.seq, "nodes": [], "edges": [], "gone": [], "writing": writing}
        missed = [one for one in workspace.upheavals if one.seq > since]
        gone = {key for one in missed for key in one.gone} - graph.concepts.keys()

        # both stand in the order in which they came, so what is new is at their ends
        new = [*takewhile(lambda key: graph.introduced[key] > since, reversed(graph.concepts))][::-1]
        relations = [*takewhile(lambda one: graph.relations[one][0].seq > since, reversed(graph.relations))][::-1]
        edges = [{"source": one.source, "predicate": one.predicate, "target": one.target,
                  "support": graph.support(one), "first_seq": graph.relations[one][0].seq,
                 "confidence": confidence(graph, one)}
                 for one in relations]  # fmt: skip
        known = {end for one in relations for end in one.ends}.difference(new)
        nodes = [{"key": key, "name": graph.name(key), "degree": graph.degree(key), "size": graph.degree(key),
                  "first_seq": graph.introduced[key]} for key in (*new, *sorted(known))]  # fmt: skip
        for node in nodes[: len(new)]:
            node["community"] = -1
        steps = last_steps(graph, workspace.rows[since:])
        return {"seq": graph.seq, "nodes": nodes, "edges": edges, "gone": sorted(gone), "writing": writing,
                "steps": steps}  # fmt: skip


def is_written(workspace: Workspace) -> bool:
    """Tell whether somebody writes: events came just now, or a run that a page started is under way."""
    if workspace.heard and time.monotonic() - workspace.heard < QUIET:
        return True
    return workspace.is_file and any(run.is_alive for run in runs.runs(workspace.url))


def last_steps(graph: Graph, rows: list[Row]) -> list[dict[str, Any]]:
    """Return the last steps, the newest first: who was asked about what, what that brought, and the keys asked about.

    Fact checks, of which there are several per step, are left to the views that list everything.
    """
    steps = (row for row in reversed(rows) if row.kind != "fact_check")
    return [one_step(graph, row) for row in islice(steps, STEPS)]


def one_step(graph: Graph, row: Row) -> dict[str, Any]:
    """Return a step in words: `seq`, `asked`, `brought`, and the `keys` that it asked about."""
    keys = row.question.split(" + ") if row.kind == "expansion" else []
    there = [key for one in keys if (key := graph.representative(one)) in graph.concepts]
    about = " and ".join(short(graph.name(key), 40) for key in there) or short(row.question, 60)
    if row.strategy == "by hand":
        asked = f"by hand: {row.outcome} {short(row.question, 60)}"
    else:
        asked = f"{short(row.model, 40) or 'the model'} was asked about {about}"
    gains = [counted(row.concepts, "new concept")] * bool(row.concepts)
    gains += [counted(row.relations, "new relation")] * bool(row.relations)
    nothing = "nothing new" if row.outcome == "ok" else f"nothing new ({row.outcome})"
    brought = ", ".join(gains) or ("done" if row.strategy == "by hand" else nothing)
    return {"seq": row.seq, "asked": asked, "brought": brought, "keys": there}
