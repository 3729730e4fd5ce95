"""Discoveries: what was reasoned along paths of the graph, statement by statement, with the step of each."""

import json

import streamlit as st

from graphgrow.api.explorer import Discovery, DiscoveryStatement, discoveries, drawing
from graphgrow_explorer import questions, runs
from graphgrow_explorer.feedback import note, perform
from graphgrow_explorer.panel import panel, step
from graphgrow_explorer.text import counted, short
from graphgrow_explorer.views.thoughts import under_way
from graphgrow_explorer.workspace import Workspace

SENTENCE = 600  # characters of a statement
TITLES = {"C": "Themes", "B": "What neighbours do together", "A": "The concepts"}


def draw(workspace: Workspace, one: str | None, other: str | None) -> None:
    """Draw the discoveries of a graph, one of them whole, and how to begin one between two concepts."""
    st.subheader("Discoveries")
    known = workspace.keep("discoveries", discoveries)
    if known:
        titles = {each.work: title(each) for each in known}
        work = st.selectbox("Discovery", list(titles), format_func=lambda seq: short(titles[seq], 200), key="discovery")
        whole(workspace, next((each for each in known if each.work == work), known[0]))
    else:
        note("None yet. A discovery reasons along a path in four stages: concepts, hops, themes, one claim that cites.")
    if not workspace.is_file:
        return
    with workspace.reading() as graph:
        ends = [graph.name(one), graph.name(other)] if one and other else []
    label = "Reason along this path" if ends else "Reason along the path that the graph chooses"
    cost = f"Several questions to {runs.asked(workspace.url)}, in the background."
    if st.button(label, icon=":material/neurology:", key="discover", help=cost):
        perform(lambda: questions.discover(workspace, ends))
    under_way(workspace)


def title(discovery: Discovery) -> str:
    """Return a discovery in a line: its number, title and ends."""
    ends = [discovery.route.name(discovery.route.path[place]) for place in (0, -1)]
    state = "" if discovery.is_finished else " (not finished)"
    return f"{discovery.work}{state}: {discovery.title or 'no title'} — {ends[0]} to {ends[1]}"


def line(discovery: Discovery, one: DiscoveryStatement) -> str:
    """Return a statement in a line, with what it is about and what it cites."""
    about = " and ".join(short(name) for name in discovery.about(one))
    cites = "".join(f" [{name}]" for name in one.cites)
    return f"{one.id} {about or one.more}: {one.text}{f' ({one.more})' if about else ''}{cites}"


def whole(workspace: Workspace, discovery: Discovery) -> None:
    """Draw one discovery as text, with its path, its statements, its stages to look into, and its concepts."""
    st.text(short(discovery.title or "It has no discovery: see what is missing.", SENTENCE))
    size = f"{counted(len(discovery.route.path), 'concept')}, {discovery.route.how}"
    note(
        f"Discovery {discovery.work}: {size}; {counted(discovery.bill.tokens, 'token')}."
        " A model wrote it; nobody has checked that it is true."
    )
    for one in discovery.stage("D"):
        st.text(line(discovery, one))
    if discovery.gaps:
        with st.expander(f"What is missing ({len(discovery.gaps)})"):
            for sentence in discovery.gaps:
                st.text(short(sentence, SENTENCE))
    with st.expander("The path"):
        st.code(drawing(discovery.route), language=None)
    for stage, heading in TITLES.items():
        if statements := discovery.stage(stage):
            with st.expander(f"{heading} ({len(statements)})"):
                for one in statements:
                    st.text(line(discovery, one))
    with st.container(horizontal=True):
        name = f"discovery-{discovery.work}"
        st.download_button("Markdown", discovery.markdown(), f"{name}.md", "text/markdown", key=f"md {discovery.work}")
        document = json.dumps(discovery.to_dict(), ensure_ascii=False, indent=1)
        st.download_button("JSON", document, f"{name}.json", "application/json", key=f"json {discovery.work}")
    with workspace.reading() as graph:
        concepts = {one.key: (one.name, graph.representative(one.key)) for one in discovery.route.concepts}
        stages = {}
        for event in graph.thoughts.get(discovery.work, ()):
            about = f"{event.stage} {' and '.join(graph.name(key) for key in event.subject)}"
            state = "" if event.outcome == "ok" else " (not usable)"
            stages[event.seq] = event, f"step {event.seq}: {about if event.stage != 'plan' else 'the plan'}{state}"
    left, right = st.columns(2)
    with left:
        key = st.selectbox(
            "Concept of the path", list(concepts), index=None, format_func=lambda key: short(concepts[key][0]),
            key=f"concept of {discovery.work}", placeholder="choose one to see what is known of it",
        )  # fmt: skip
        if key and not panel(workspace, [concepts[key][1]]):
            note("The graph does not hold it any more.")
    with right:
        seq = st.selectbox(
            "Stage", list(stages), index=None, format_func=lambda seq: short(stages[seq][1], 120),
            key=f"stage of {discovery.work}", placeholder="choose one to read prompt and reply",
        )  # fmt: skip
        if seq:
            step(workspace, stages[seq][0])
