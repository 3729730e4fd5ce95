"""Parts of a page that are drawn anew when something is new, and cost the server next to nothing while nothing is.

The page asks a route of the server for a text that changes with the graph and with what was started about it; only
where it has changed does the fragment that listens run again.
"""

import time
from typing import TYPE_CHECKING

from graphgrow import GraphgrowError
from graphgrow_explorer import runs
from graphgrow_explorer.picture import mounted
from graphgrow_explorer.workspace import PRIVATE, Workspace, workspaces

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "graphgrow/mark"
GONE = "gone"  # the mark of a store whose file was taken away or replaced


def listen(workspace: Workspace, key: str, *, is_waiting: bool = False) -> None:
    """Have the fragment that calls this run again as soon as something is new; `key` names it among those of a page.

    One that is waiting runs again in any case, after the two seconds in which the page asks.
    """
    seen = "" if is_waiting else mark(workspace)
    mounted("news")(
        key=f"news {key}", data={"url": f"{PATH}/{workspace.token}", "mark": seen, "at": time.monotonic()}, height=1,
        on_news_change=lambda: None,
    )  # fmt: skip


def mark(workspace: Workspace) -> str:
    """Return a text that changes with the graph, and with the runs and questions that were started from a page."""
    if not workspaces().holds(workspace):
        return GONE
    seq, decisions = workspace.refresh()
    return f"{seq}.{decisions}.{runs.traces(workspace.url) if workspace.is_file else ''}"


def route() -> "Route":
    """Return the route of all marks; like a feed, each is known by a token that only a page gets to know."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def answer(request: "Request") -> "Response":
        workspace = workspaces().by_token(request.path_params["token"])
        try:
            return JSONResponse({"mark": mark(workspace) if workspace else GONE}, headers=PRIVATE)
        except GraphgrowError as error:
            return JSONResponse({"error": str(error)}, 503, PRIVATE)

    return Route(f"/{PATH}/{{token}}", answer, methods=["GET"])
