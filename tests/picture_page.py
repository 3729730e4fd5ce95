"""A Streamlit page with one picture, as tests and the benchmark look at it; `?graph=` says of what."""

import json

import streamlit as st
from graphgrow_explorer.picture import picture

from tests.pictures import frames

st.set_page_config(layout="wide")
asked = st.query_params.get("graph", "rings")
data = st.cache_data(frames)(asked)


@st.fragment
def drawn() -> None:
    """Draw the picture and write what it says."""
    given = st.text_input("Select", key="given")
    heard = st.session_state.get("heard", [])
    seen = picture(
        data.nodes,
        data.edges,
        key=f"picture {asked}",
        feed=st.query_params.get("feed", ""),
        height=560,
        selected=given.split(",") if given else heard,
        settings={
            "total": len(data.nodes),
            "communities": {0: "the first ring"},
            "style": st.query_params.get_all("style"),
        },
    )
    st.session_state["heard"] = list(seen.selected)
    st.code(json.dumps({"selected": seen.selected, "command": seen.command}), language=None)
    shown = [sum(rows) for rows in seen.shown] if seen.shown else "all"
    st.code(json.dumps({"relation": seen.relation, "shown": shown}), language=None)


drawn()
