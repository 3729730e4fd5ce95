"""The first picture for a browser that has only just opened the page, as JSON and not by way of Streamlit.

Streamlit's own scripts take a second to start; the picture's need none of them. So the page comes with an address that
has everything that the picture's component will be given, and the component takes over what is drawn by then.
"""

import gzip
import json
from typing import TYPE_CHECKING, Any

from graphgrow import GraphgrowError
from graphgrow.api.explorer import TRUSTED
from graphgrow_explorer import look
from graphgrow_explorer.live import last_steps
from graphgrow_explorer.picture import PROJECT, Payload
from graphgrow_explorer.workspace import PRIVATE, Workspace, workspaces

if TYPE_CHECKING:
    import pandas as pd
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from graphgrow_explorer.frames import Show

PATH = "graphgrow/first"
HEIGHT = 680
EMPTY = "Nothing here yet: start a run in the view Runs, and watch the first concepts come."
DIGITS = 6  # of a number that is drawn
PATIENCE = 3000  # milliseconds that the page waits for its first picture


def tag(workspace: Workspace, page: str = "") -> str:
    """Return the element of a page that draws the first picture of a store, which whoever has the page may see.

    It does not wait for the scripts before it, as a module that is not `async` does. `page` is the script that starts
    the page around the picture, where the element must start it: it does so once the picture is drawn or cannot be, or
    after PATIENCE, since picture and page would slow each other down.
    """
    script, colours = f"./_stcore/bidi-components/{PROJECT}.picture/picture.js", json.dumps(look.variables())
    draw = f'import("{script}").then(({{ first }}) => first("{PATH}/{workspace.token}", {colours}))'
    if page:
        draw = f'const page = () => import("{page}"); setTimeout(page, {PATIENCE}); {draw}.finally(page)'
    return f'<script type="module" async>{draw};</script>'


def route() -> "Route":
    """Return the route of all first pictures."""
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    def answer(request: "Request") -> "Response":
        workspace = workspaces().by_token(request.path_params["token"])
        if workspace is None or workspace.index:
            return JSONResponse({"error": "there is no such picture"}, 404, PRIVATE)
        try:
            return Response(told(workspace), 200, PRIVATE | {"Content-Encoding": "gzip"}, "application/json")
        except GraphgrowError as error:
            return JSONResponse({"error": str(error)}, 503, PRIVATE)

    return Route(f"/{PATH}/{{token}}", answer, methods=["GET"])


def told(workspace: Workspace) -> bytes:
    """Return what the picture of a page that was just opened is given, worked out once for each version of a graph.

    It is JSON, compressed at the lowest level: at its own level Streamlit's server would take a tenth of a second.
    """
    with workspace.lock:
        workspace.refresh()
        return workspace.keep("first", lambda _: gzip.compress(json.dumps(content(workspace)).encode(), 1))


def content(workspace: Workspace) -> dict[str, Any]:
    """Return the same as values: the data of the component."""
    from graphgrow_explorer import frames

    show = frames.first_shown(workspace)
    payload = Payload.of(*frames.part(workspace, show))
    return {
        "key": picture_key(workspace, show),
        "nodes": columns(payload.nodes),
        "edges": columns(payload.edges),
        "stamp": payload.stamp,
        "selected": [],
        "imposed": 0,
        "path": [],
        "feed": "",
        "height": HEIGHT,
        "settings": settings(workspace, show) | {"commands": {}, "views": [], "style": []},
    }


def picture_key(workspace: Workspace, show: "Show") -> str:
    """Return the name of a picture among those of the browser."""
    return f"picture-{show} {workspace.url}"


def settings(workspace: Workspace, show: "Show") -> dict[str, object]:
    """Return what a picture is told besides its concepts and relations: what is the same for whoever looks at it."""
    from graphgrow_explorer import frames

    groups = frames.groups(workspace)
    with workspace.reading() as graph:
        shared = {"seq": graph.seq, "communities": groups.names, "colours": groups.colours, "empty": EMPTY}
        if show == "communities":
            return shared | {
                "total": len(groups.names), "noun": "communities", "links": "related pairs", "commands": {},
                "views": None, "style": None, "steps": [], "trusted": 0, "partial": False,
            }  # fmt: skip
        return shared | {
            "total": len(graph.concepts), "trusted": TRUSTED if graph.checks else 0,
            "steps": last_steps(graph, workspace.rows), "partial": show in {"top", "around"},
        }  # fmt: skip


def columns(frame: "pd.DataFrame") -> dict[str, Any]:
    """Return a table as the picture reads it: `rows`, and for each column its values, or words and their places."""
    found: dict[str, Any] = {}
    for name, column in frame.items():
        if column.dtype == "category":
            found[str(name)] = {"words": list(column.cat.categories), "places": column.cat.codes.tolist()}
        else:
            values = column.tolist()
            found[str(name)] = [round(one, DIGITS) for one in values] if column.dtype.kind == "f" else values
    return {"rows": len(frame), "columns": found}
