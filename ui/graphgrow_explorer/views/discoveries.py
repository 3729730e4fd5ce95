"""Discoveries: what was reasoned along paths of the graph, statement by statement, with the event of each."""

import json
from collections.abc import Sequence

import streamlit as st

from graphgrow.graph.model import ReasoningStep
from graphgrow.reason.discovery import Discovery, discoveries
from graphgrow.reason.route import drawing
from graphgrow.reason.stages import DiscoveryStatement
from graphgrow_explorer import questions
from graphgrow_explorer.feedback import note, perform
from graphgrow_explorer.panel import panel
from graphgrow_explorer.state import Home
from graphgrow_explorer.text import counted, short
from graphgrow_explorer.views.steps import thought
from graphgrow_explorer.views.thoughts import under_way

SHOWN = 600  # characters of a statement
TITLES = {"D": "The discovery", "C": "Themes", "B": "What neighbours do together", "A": "The concepts"}


def draw(home: Home, one: str | None, other: str | None) -> None:
    """Draw the discoveries of a graph, one of them whole, or how to begin one between two concepts."""
    st.subheader("Discoveries")
    found = home.keep("discoveries", discoveries)
    if not found:
        note(
            "None yet. A discovery reasons along a path in four stages: concepts, steps, themes, one claim that cites."
        )
        _begin(home, one, other)
        return
    titles = {each.work: _title(each) for each in found}
    work = st.selectbox("Discovery", list(titles), format_func=lambda seq: short(titles[seq], 200), key="discovery")
    chosen = next((each for each in found if each.work == work), found[0])
    _whole(home, chosen)
    _begin(home, one, other)


def _title(found: Discovery) -> str:
    ends = found.route.ends
    state = "" if found.is_finished else " (not finished)"
    return f"{found.work}{state}: {found.title or 'no title'} — {ends[0]} to {ends[1]}"


def _whole(home: Home, found: Discovery) -> None:
    """Draw one discovery as text, with its path, its statements, its stages to look into, and its concepts."""
    st.text(short(found.title or "It has no discovery: see what is missing.", SHOWN))
    note(f"Discovery {found.work}: {counted(len(found.route.path), 'concept')}, {found.route.how};"
         f" {counted(found.bill.tokens, 'token')}. A model wrote it; nobody has checked that it is true.")  # fmt: skip
    for one in found.stage("D"):
        st.text(_line(found, one))
    if found.gaps:
        with st.expander(f"What is missing ({len(found.gaps)})"):
            for sentence in found.gaps:
                st.text(short(sentence, SHOWN))
    with st.expander("The path"):
        st.code(drawing(found.route), language=None)
    for stage in "CBA":
        if said := found.stage(stage):
            with st.expander(f"{TITLES[stage]} ({len(said)})"):
                for one in said:
                    st.text(_line(found, one))
    _files(found)
    left, right = st.columns(2)
    with left:
        _concepts(home, found)
    with right:
        _stages(home, found)


def _line(found: Discovery, one: DiscoveryStatement) -> str:
    about = " and ".join(short(name) for name in found.about(one))
    cites = "".join(f" [{name}]" for name in one.cites)
    return f"{one.id} {about or one.more}: {one.text}{f' ({one.more})' if about else ''}{cites}"


def _files(found: Discovery) -> None:
    with st.container(horizontal=True):
        name = f"discovery-{found.work}"
        st.download_button("Markdown", found.markdown(), f"{name}.md", "text/markdown", key=f"md {found.work}")
        whole = json.dumps(found.to_dict(), ensure_ascii=False, indent=1)
        st.download_button("JSON", whole, f"{name}.json", "application/json", key=f"json {found.work}")


def _concepts(home: Home, found: Discovery) -> None:
    """Offer the concepts of a discovery, and draw what the graph knows of the one that is chosen."""
    with home.reading() as graph:
        shown = {one.key: graph.representative(one.key) for one in found.route.concepts}
    names = {one.key: one.name for one in found.route.concepts}
    key = st.selectbox("Concept of the path", list(names), index=None, format_func=lambda key: short(names[key]),
                       key=f"concept of {found.work}", placeholder="choose one to see what is known of it")  # fmt: skip
    if key and not panel(home, [shown[key]]):
        note("The graph does not hold it any more.")


def _stages(home: Home, found: Discovery) -> None:
    """Offer the events of a discovery, and draw prompt and reply of the one that is chosen."""
    with home.reading() as graph:
        events = {one.seq: one for one in graph.thoughts.get(found.work, ())}
        told = {seq: _event(one, [graph.name(key) for key in one.subject]) for seq, one in events.items()}
    seq = st.selectbox("Stage", list(told), index=None, format_func=lambda seq: short(told[seq], 120),
                       key=f"stage of {found.work}", placeholder="choose one to read prompt and reply")  # fmt: skip
    if seq:
        thought(events[seq])


def _event(one: ReasoningStep, names: Sequence[str]) -> str:
    what = f"{one.stage} {' and '.join(names)}" if one.stage != "plan" else "the plan"
    return f"event {one.seq}: {what}{'' if one.outcome == 'ok' else ' (not usable)'}"


def _begin(home: Home, one: str | None, other: str | None) -> None:
    """Offer to reason along the path between two concepts that are named above, or along the longest path."""
    with home.reading() as graph:
        ends = [graph.name(key) for key in (one, other) if key]
    is_named = len(ends) == len(("from", "to"))
    if not home.url.startswith("memory:"):
        label = "Reason along this path" if is_named else "Reason along the longest path"
        if st.button(
            label, icon=":material/neurology:", key="discover", help="In the background, on any model's bill."
        ):
            perform(lambda: questions.discover(home, ends if is_named else []))
        under_way(home)
