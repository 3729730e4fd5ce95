"""The page itself: Streamlit runs this file for every visitor and every click."""

import os
import time
from functools import partial

import streamlit as st

from graphgrow.errors import GraphgrowError
from graphgrow_explorer import look
from graphgrow_explorer.feedback import let_go, problem, tell
from graphgrow_explorer.header import header, timed
from graphgrow_explorer.opening import opened
from graphgrow_explorer.serve import ALLOWED, AUTH, VIEW
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import plain
from graphgrow_explorer.views import VIEWS


def main() -> None:
    """Let the visitor in, open the graph that the address names, and draw the view that it names."""
    st.set_page_config(page_title="graphgrow", page_icon=str(look.ICON), layout="wide")
    st.html(look.STYLE)
    if not admitted():
        return
    tell()
    home = opened()
    if home is None:
        return
    pages = {
        view.name: st.Page(
            partial(show, home, view.name), title=view.title, icon=view.icon, url_path=view.name, default=not place
        )
        for place, view in enumerate(VIEWS.values())
    }
    page = st.navigation(list(pages.values()), position="top")
    wanted = st.query_params.to_dict() if st.query_params.get(VIEW) in pages else {}
    if name := wanted.pop(VIEW, ""):
        st.switch_page(
            pages[name], query_params=[(key, value) for key in wanted for value in st.query_params.get_all(key)]
        )
    page.run()


def show(home: Home, name: str) -> None:
    """Draw one view; what cannot be read is one sentence."""
    started = time.monotonic()
    try:
        header(home, is_live=VIEWS[name].is_live)
        let_go()
        VIEWS[name].draw(home)
        timed(started)
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
    if allowed and who not in allowed:
        problem(f"{who or 'this account'} may not use this explorer: ask whoever started it for --allow")
        if st.button("Sign out"):
            st.logout()
        return False
    st.sidebar.caption(plain(who))
    if st.sidebar.button("Sign out"):
        st.logout()
    return True


if __name__ == "__main__":
    main()
