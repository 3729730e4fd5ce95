"""The communities: what they are about, how they hang together, and where nothing joins them yet."""

import random
from itertools import islice

import pandas as pd
import streamlit as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies import STRATEGIES
from graphgrow_explorer import frames, steering
from graphgrow_explorer.feedback import guarded, hold, note, perform
from graphgrow_explorer.picture import picture
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import plain, short

HEIGHT = 520
GAPS = 10
LEADING = 8


def draw(home: Home) -> None:
    """Draw the communities as a picture and as a list, and the gaps between them."""
    if not home.graph.concepts:
        note("There are no communities yet: start a run in the view Runs.")
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _picture(home)
    with right:
        _list(home)
    _gaps(home)


@st.fragment
@guarded
def _picture(home: Home) -> None:
    with home.reading():
        found, (nodes, edges) = frames.groups(home), frames.supernodes(home)
    picture(
        nodes, edges, key="supernodes", height=HEIGHT,
        settings={"total": len(found.communities), "seq": home.graph.seq, "communities": found.names,
                  "noun": "communities", "commands": ()},
    )  # fmt: skip
    note("One circle a community, as large as it has concepts; a line where relations join two.")


@st.fragment
@guarded
def _list(home: Home) -> None:
    found = frames.groups(home)
    table = pd.DataFrame(
        [(found.names[one.number], one.size) for one in found.communities], columns=["community", "concepts"]
    )
    seen = st.dataframe(
        table, hide_index=True, height=300, on_select="rerun", selection_mode="single-row", key="communities",
        alt="Communities with their leading concepts and sizes",
        column_config={"community": st.column_config.TextColumn("community", width=300),
                       "concepts": st.column_config.ProgressColumn(
            "concepts", format="%d", min_value=0, max_value=int(table["concepts"].max()))},
    )  # fmt: skip
    hold("communities", is_chosen=bool(seen.selection.rows))
    place = seen.selection.rows[0] if seen.selection.rows else 0
    one = found.communities[min(place, len(found.communities) - 1)]
    st.markdown(f"**{plain(found.names[one.number], 90)}**")
    members = [key for key, number in found.membership.items() if number == one.number]
    with home.reading() as graph:
        leading = sorted(members, key=lambda key: -graph.degree(key))[:LEADING]
        rows = [(graph.name(key), graph.degree(key)) for key in leading]
    st.dataframe(pd.DataFrame(rows, columns=["leading concept", "neighbours"]), hide_index=True, height=180,
                 key="leading", alt="Leading concepts of the community")  # fmt: skip


def _gaps(home: Home) -> None:
    st.subheader("Structural gaps")
    note("Large communities that nothing joins, or next to nothing: where a question is likely to bring something new.")
    found = home.keep("gaps", _foci)
    if not found:
        note("There is no gap: every two communities of three concepts or more are well joined.")
        return
    with home.reading() as graph:
        rows = [(one.strategy, *(short(graph.name(key)) for key in one.concepts), one.score, one.reason)
                for one in found]  # fmt: skip
    table = pd.DataFrame(rows, columns=["kind", "one", "other", "score", "why"])
    seen = st.dataframe(table, hide_index=True, on_select="rerun", selection_mode="single-row", key=f"gaps {home.mark}",
                        column_config={"score": st.column_config.NumberColumn(format="%.1f")},
                        alt="Gaps between communities")  # fmt: skip
    row = next(iter(seen.selection.rows), len(found))
    chosen = found[row] if row < len(found) else None
    hold("gaps", is_chosen=chosen is not None)
    if st.button("Expand here", type="primary", disabled=chosen is None, icon=":material/add_circle:") and chosen:
        perform(lambda: steering.expand(home, *chosen.concepts))
    if chosen is None:
        note("Choose a row to ask what lies between the two.")


def _foci(graph: Graph) -> list[Focus]:
    """Return the best open questions between communities, as the strategies `gap` and `bridge` rank them."""
    names = ("gap", "bridge")
    return [focus for name in names for focus in islice(STRATEGIES[name](graph, random.Random(0)), GAPS)]
