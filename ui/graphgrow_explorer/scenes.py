"""Views of a graph under names, kept in its store: what is drawn and selected, and how the picture shows it."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st

from graphgrow.api.explorer import BadInput
from graphgrow_explorer.frames import LAST, recalled
from graphgrow_explorer.workspace import Workspace

VIEWS = "views 1"
WANTED = "view to show"
LONGEST, LARGEST, MOST = 60, 2_000_000, 100  # characters of a name and of a view; views of a graph


def kept(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Return the views of a graph by name: `query`, the words of an address, and `state`, that of the picture."""
    found = workspace.before(VIEWS)
    if not isinstance(found, dict):
        found = workspace.keep(VIEWS, lambda _: recalled(workspace, VIEWS))
    return {name: one for name, one in found.items() if isinstance(one, dict)}


def keep(workspace: Workspace, name: str, query: Mapping[str, object], state: str) -> str:
    """Keep a view under a name, in the place of one of that name, and say so; raises BadInput where it cannot be."""
    name = " ".join(name.split())[:LONGEST]
    with workspace.lock:
        views = recalled(workspace, VIEWS)
        if not name or len(state) > LARGEST or len(views) >= MOST:
            raise BadInput(f"a graph keeps up to {MOST} views of a size that can be kept, each with a name")
        try:
            views[name] = {"query": dict(query), "state": json.loads(state)}
        except ValueError:
            raise BadInput("this view cannot be kept: the page sent something that is none") from None
        workspace.store.remember(VIEWS, {LAST: json.dumps(views).encode()})
        workspace.forget(VIEWS)
    return f"View {name!r} is kept in the graph."


def show(workspace: Workspace, name: str) -> None:
    """Draw the page as a view has it; a view that is gone changes nothing."""
    view = kept(workspace).get(name)
    if view is None:
        return
    number = st.session_state.get(WANTED, ("", "", 0))[2]
    st.session_state[WANTED] = workspace.url, name, number + 1
    st.query_params.from_dict({**st.query_params.to_dict(), **view.get("query", {})})
    st.rerun()


def wanted(workspace: Workspace) -> dict[str, Any] | None:
    """Return the view that was opened last, for the picture: its state, and a number that tells it from the last."""
    url, name, number = st.session_state.get(WANTED, ("", "", 0))
    view = kept(workspace).get(name) if url == workspace.url else None
    return {"number": number, "state": view.get("state", {})} if view else None
