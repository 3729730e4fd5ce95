"""The page itself: Streamlit runs this file for every visitor and every click."""

import os
import time
from functools import partial

import streamlit as st

from graphgrow import GraphgrowError
from graphgrow_explorer import look
from graphgrow_explorer.feedback import GOING, last_result, offer_undo, problem, release
from graphgrow_explorer.header import ENDED, TOOK, header
from graphgrow_explorer.opening import opened
from graphgrow_explorer.serve import ALLOWED, AUTH, VIEW
from graphgrow_explorer.text import plain
from graphgrow_explorer.views import VIEWS, large
from graphgrow_explorer.workspace import Workspace


def main() -> None:
    """Let the visitor in, open the graph that the address names, and draw the view that it names."""
    st.set_page_config(page_title="graphgrow", page_icon=str(look.ICON), layout="wide")
    st.html(look.STYLE)
    if not admitted():
        return
    last_result()
    workspace = opened()
    if workspace is None:
        return
    pages = {
        view.name: st.Page(
            partial(show, workspace, view.name), title=view.title, icon=view.icon, url_path=view.name, default=not place
        )
        for place, view in enumerate(VIEWS.values())
    }
    page = st.navigation(list(pages.values()), position="top")
    if going := st.session_state.pop(GOING, None):
        st.switch_page(pages[going[0]], query_params=going[1])
    if (name := st.query_params.get(VIEW)) in pages:
        others = [(key, value) for key in st.query_params if key != VIEW for value in st.query_params.get_all(key)]
        st.switch_page(pages[name], query_params=others)
    page.run()


def show(workspace: Workspace, name: str) -> None:
    """Draw one view; what cannot be read is one sentence."""
    started = time.monotonic()
    try:
        header(workspace, is_live=VIEWS[name].is_live)
        release()
        offer_undo(workspace)
        if workspace.index is None:
            VIEWS[name].draw(workspace)
        elif name == "graph":
            large.draw(workspace, workspace.index)
        else:
            large.needs_whole(workspace, VIEWS[name].title)
        st.session_state[TOOK], st.session_state[ENDED] = time.monotonic() - started, time.monotonic()
    except GraphgrowError as error:
        problem(str(error))


def admitted() -> bool:
    """Tell whether the visitor may come in; ask for a sign-in where that is needed."""
    if not os.environ.get(AUTH):
        return True
    if not st.user.is_logged_in:
        st.title("graphgrow")
        if st.button("Sign in", type="primary"):
            st.login()
        return False
    allowed, who = os.environ.get(ALLOWED, "").split(), str(st.user.get("email") or "")
    is_vouched_for = str(st.user.get("email_verified", True)).lower() == "true"  # not merely typed in
    is_allowed = not allowed or (who in allowed and is_vouched_for)
    if is_allowed:
        st.sidebar.caption(plain(who))
    else:
        ask = "ask the person who started it to add your e-mail address with --allow"
        problem(f"{who or 'this account'} is not allowed to use this explorer: {ask}")
    if (st.sidebar if is_allowed else st).button("Sign out"):
        st.logout()
    return is_allowed


if __name__ == "__main__":
    main()
