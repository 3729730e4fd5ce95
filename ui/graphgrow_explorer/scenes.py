"""Views of a graph under names, kept in its store: what is drawn and selected, and how the picture shows it."""

import json
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

import streamlit as st

from graphgrow.api.explorer import BadInput
from graphgrow_explorer.frames import LAST, recalled
from graphgrow_explorer.workspace import Workspace

VIEWS = "views 1"
WANTED, PENDING = "view to show", "view to apply"
CHOICES = frozenset(("show", "depth", "confidence"))  # widgets of the page that a view sets
LONGEST, LARGEST, MOST = 60, 2_000_000, 100  # characters of a name and of a view; views of a graph


def kept(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Return the views of a graph by name: `query`, what stands in the address, and `state`, that of the picture."""
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


def remove(workspace: Workspace, name: str) -> str:
    """Take a view away, and say so."""
    with workspace.lock:
        views = recalled(workspace, VIEWS)
        views.pop(name, None)
        workspace.store.remember(VIEWS, {LAST: json.dumps(views).encode()})
        workspace.forget(VIEWS)
    return f"View {name!r} is removed."


def show(workspace: Workspace, name: str) -> None:
    """Draw the page as a view has it; a view that is gone changes nothing."""
    if name in kept(workspace):
        st.session_state[WANTED] = workspace.url, name, token_hex(4)
        st.session_state[PENDING] = True
        st.rerun()


def apply(workspace: Workspace, selected: str) -> None:
    """Set the widgets of the page, before they are drawn, as the view that was just asked for has them.

    `selected` is the name under which the address holds what is selected.
    """
    url, name, _ = st.session_state.get(WANTED, ("", "", ""))
    if not st.session_state.pop(PENDING, False) or url != workspace.url:
        return
    query = kept(workspace).get(name, {}).get("query", {})
    for widget in CHOICES & query.keys():
        st.session_state[widget] = query[widget]
    st.query_params[selected] = [key for key in query.get(selected, ()) if isinstance(key, str)]


def wanted(workspace: Workspace) -> dict[str, Any] | None:
    """Return the view that was opened last, for the picture: its state, and what tells this opening from others."""
    url, name, mark = st.session_state.get(WANTED, ("", "", ""))
    view = kept(workspace).get(name) if url == workspace.url else None
    return {"mark": mark, "state": view.get("state", {})} if view else None
