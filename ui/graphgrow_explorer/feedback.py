"""What the page says back: an action or its refusal in one sentence, never a traceback."""

from collections.abc import Callable

import streamlit as st

from graphgrow.errors import GraphgrowError
from graphgrow_explorer.text import plain

SAID, REFUSED = "said", "refused"
SENTENCE = 600  # characters


def attempt(act: Callable[[], str]) -> None:
    """Do something now and remember what came of it; for callbacks, after which the page is drawn anew by itself."""
    try:
        st.session_state[SAID] = act()
    except (GraphgrowError, OSError) as error:
        st.session_state[REFUSED] = str(error)


def perform(act: Callable[[], str]) -> None:
    """Do something now, remember what came of it, and draw the whole page anew."""
    attempt(act)
    st.rerun()


def tell() -> None:
    """Show what the last action said, once."""
    if refused := st.session_state.pop(REFUSED, ""):
        problem(refused)
    if said := st.session_state.pop(SAID, ""):
        st.toast(plain(said, SENTENCE), icon=":material/check:")


def problem(sentence: str) -> None:
    """Show why something cannot be done."""
    st.error(plain(sentence, SENTENCE), icon=":material/error:")


def note(sentence: str) -> None:
    """Show a remark in grey."""
    st.caption(plain(sentence, SENTENCE))
