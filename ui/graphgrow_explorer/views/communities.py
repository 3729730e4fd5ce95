"""The communities: what they are about, how they hang together, and where nothing joins them yet."""

import random
from itertools import islice

import pandas as pd
import streamlit as st

from graphgrow.api.explorer import STRATEGIES, Focus, Graph
from graphgrow_explorer import frames, runs
from graphgrow_explorer.feedback import guarded, hold, note, perform
from graphgrow_explorer.picture import picture
from graphgrow_explorer.text import plain, short
from graphgrow_explorer.workspace import Workspace

HEIGHT = 520
GAPS = 10
LEADING = 8


def draw(workspace: Workspace) -> None:
    """Draw the communities as a picture and as a list, and the gaps between them."""
    if not workspace.graph.concepts:
        note("There are no communities yet: start a run in the view Runs.")
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        _picture(workspace)
    with right:
        _list(workspace)
    st.subheader("Structural gaps")
    note("Large communities with few or no relations between them: good places to ask next.")
    foci = workspace.keep("gaps", gaps)
    if not foci:
        note("There is no gap: every two communities of three concepts or more are well joined.")
        return
    with workspace.reading() as graph:
        rows = [(one.strategy, *(short(graph.name(key)) for key in one.concepts), one.score, one.reason)
                for one in foci]  # fmt: skip
    seen = st.dataframe(
        pd.DataFrame(rows, columns=["kind", "one", "other", "score", "why"]), hide_index=True, on_select="rerun",
        selection_mode="single-row", key=f"gaps {workspace.mark}", alt="Gaps between communities",
        column_config={"score": st.column_config.NumberColumn(format="%.1f")},
    )  # fmt: skip
    row = next(iter(seen.selection.rows), len(foci))
    chosen = foci[row] if row < len(foci) else None
    hold("gaps", is_chosen=chosen is not None)
    if st.button("Expand here", type="primary", disabled=chosen is None, icon=":material/add_circle:") and chosen:
        perform(lambda: runs.expand(workspace, *chosen.concepts))
    if chosen is None:
        note("Choose a row to ask what lies between the two.")


def gaps(graph: Graph) -> list[Focus]:
    """Return the best open questions between communities, as the strategies `gap` and `bridge` rank them."""
    names = ("gap", "bridge")
    return [focus for name in names for focus in islice(STRATEGIES[name](graph, random.Random(0)), GAPS)]


@st.fragment
@guarded
def _picture(workspace: Workspace) -> None:
    with workspace.reading():
        groups, (nodes, edges) = frames.groups(workspace), frames.supernodes(workspace)
    picture(
        nodes, edges, key=f"supernodes {workspace.url}", height=HEIGHT,
        settings={"total": len(groups.communities), "seq": workspace.graph.seq, "communities": groups.names,
                  "colours": groups.colours, "noun": "communities", "commands": ()},
    )  # fmt: skip
    note("Each circle is a community, sized by its concepts; lines are relations between them.")


@st.fragment
@guarded
def _list(workspace: Workspace) -> None:
    groups = frames.groups(workspace)
    table = pd.DataFrame(
        [(groups.names[one.number], one.size) for one in groups.communities], columns=["community", "concepts"]
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
    one = groups.communities[min(place, len(groups.communities) - 1)]
    st.markdown(f"**{plain(groups.names[one.number], 90)}**")
    members = [key for key, number in groups.membership.items() if number == one.number]
    with workspace.reading() as graph:
        leading = sorted(members, key=lambda key: -graph.degree(key))[:LEADING]
        rows = [(graph.name(key), graph.degree(key)) for key in leading]
    st.dataframe(pd.DataFrame(rows, columns=["leading concept", "neighbours"]), hide_index=True, height=180,
                 key="leading", alt="Leading concepts of the community")  # fmt: skip
