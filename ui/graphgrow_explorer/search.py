"""The search box: suggestions from the whole graph as one types, whatever part of it is drawn."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from graphgrow import GraphgrowError
from graphgrow.api.explorer import BadInput
from graphgrow_explorer.picture import mounted, texts
from graphgrow_explorer.text import short
from graphgrow_explorer.workspace import PRIVATE, Workspace, workspaces

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

PATH = "graphgrow/search"
TYPED = 200  # characters
NAME = 300


def search_box(
    workspace: Workspace, label: str, key: str, *, value: str = "", placeholder: str = "", is_first: bool = False
) -> tuple[str, ...]:
    """Draw a search box and return the keys of what was chosen just now, once; () where nothing was.

    Several keys are the concepts that a predicate joins. `value` is what stands in the box, `is_first` makes it the one
    that the key `/` leads to, without a label.
    """
    result = mounted("search")(
        key=key,
        data={
            "url": f"{PATH}/{workspace.token}", "label": label, "value": short(value, NAME), "first": is_first,
            "placeholder": placeholder, "shows_label": not is_first, "stamp": f"{workspace.url} {value}",
        },
        on_chosen_change=lambda: None,
    )  # fmt: skip
    chosen = result.get("chosen")
    keys = texts(chosen.get("keys")) if isinstance(chosen, Mapping) else ()
    if workspace.index:
        return tuple(one.key for one in workspace.index.concepts(keys))
    with workspace.reading() as graph:
        return tuple(key for key in keys if key in graph.concepts)


def route() -> "Route":
    """Return the route of all searches; like a feed, each is known by a token that only a page gets to know."""
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    def answer(request: "Request") -> "Response":
        workspace = workspaces().by_token(request.path_params["token"])
        if workspace is None:
            return JSONResponse({"error": "there is no such graph"}, 404, PRIVATE)
        try:
            found = workspace.search(request.query_params.get("q", "")[:TYPED])
        except BadInput as error:
            return JSONResponse({"error": str(error)}, 400, PRIVATE)
        except GraphgrowError as error:
            return JSONResponse({"error": str(error)}, 503, PRIVATE)
        rows = [{name: short(held, NAME) if isinstance(held, str) else held for name, held in asdict(one).items()}
                for one in found]  # fmt: skip
        return JSONResponse({"found": rows}, headers=PRIVATE)

    return Route(f"/{PATH}/{{token}}", answer, methods=["GET"])
