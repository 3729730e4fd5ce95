"""The picture of a graph in a Streamlit page: sigma draws it, and Python hears what was clicked.

Search, hover, filters, colours, the slider and paths live in the browser and cost no rerun; only a selection and a
command come back.
"""

import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.components.v2.types import ComponentRenderer

PROJECT = "graphgrow"
COMPONENTS = "picture", "news", "search"  # each of a script of that name in ASSETS
ASSETS = "assets"
COMMANDS = "expand", "accept", "reject", "merge"
LONGEST = 300  # characters of a name that travel to the page


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page says back: the keys selected, in the order of clicking, and a command with its keys, once.

    `relation` is the source, predicate and target of a line that was clicked. `shown` tells of each row of the nodes
    and of the edges whether filters and slider leave it; None where they hide nothing.
    """

    selected: tuple[str, ...] = ()
    command: tuple[str, tuple[str, ...]] | None = None
    relation: tuple[str, str, str] | None = None
    shown: tuple[list[bool], list[bool]] | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """Two frames as they were given, the same as they travel, and a text that identifies them."""

    given: tuple["pd.DataFrame", "pd.DataFrame"]
    nodes: "pd.DataFrame"
    edges: "pd.DataFrame"
    stamp: str

    @classmethod
    def of(cls, nodes: "pd.DataFrame", edges: "pd.DataFrame") -> "Payload":
        """Return two frames as they travel."""
        words = ["source", "target", "predicate"]  # each once, with numbers that point at it
        travelling = (
            sent_nodes(nodes),
            slim(edges.assign(predicate=clipped(edges["predicate"])).astype(dict.fromkeys(words, "category"))),
        )
        return cls((nodes, edges), *travelling, stamp(*travelling))


@dataclass(frozen=True, slots=True)
class Selection:
    """What Python last made the page select and the number of that; what Python was last given, and last returned."""

    version: int = 0
    keys: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    payload: Payload | None = None


def picture(
    nodes: "pd.DataFrame",
    edges: "pd.DataFrame",
    *,
    key: str,
    feed: str = "",
    height: int = 680,
    selected: Sequence[str] = (),
    path: Sequence[str] = (),
    settings: Mapping[str, object] = {},
) -> Seen:
    """Draw concepts and relations, and return what was clicked; call it inside `st.fragment`.

    The same frame objects cost a rerun next to nothing, so keep them, and make new ones instead of changing them.

    Args:
        nodes: one row per concept: `key`, `name`, `x`, `y`, `size`, `community` (int, -1 for none), `first_seq`,
            `degree`; every further numeric column is offered as a colour and as a size, and `type` as a colour.
        edges: one row per relation: `source`, `target` (keys of `nodes`), `predicate`, `support`, `first_seq`,
            `confidence`.
        key: names this picture among those of the page and the graphs of the browser; with the same key it keeps its
            camera when the frames change.
        feed: address of a JSON route that is asked once a second with `?since=SEQ` and answers
            `{"seq": SEQ, "nodes": [...], "edges": [...], "gone": [KEY, ...]}` in the columns of the frames; positions
            may be missing, new concepts then start amid their neighbours. `"writing"` says that somebody writes,
            `"steps"` are as in the settings. Every few seconds with news the fragment is drawn again, so that it can
            give current frames; concepts glide to their new places. `""`: the picture is not live.
        height: of the whole, in pixels.
        selected: keys to select; they replace what is selected whenever they are neither what this function returned
            last nor what it was given last, so `selected=seen.selected` may be passed back.
        path: keys along a path to show, in order; drawn whenever it changes.
        settings: `total` (concepts in the whole graph, for "showing n of N"), `seq` (what the frames hold, default the
            largest `first_seq`), `communities` ({number: name}), `colours` ({number of a community: number of its
            colour}), `commands` (those with a button, or {command: words of its button}, default `COMMANDS`),
            `trusted` (confidence below which a relation is drawn faint), `steps` (the last ones: `seq`, `asked`,
            `brought`, `keys`), `views` (names of views that can be opened), `view` (`state`: one to show, once for
            each `mark`), `style` (rules of colours and sizes, as texts; those that a reader makes come back as the
            command "style"), `partial` (True where neighbours may not be drawn),
            `colour` ("community", "age", "degree" or a column), `size` (a column or "size"), `step` (where the slider
            stands at first), `part` (what is drawn of the graph: where that changes, the whole picture is placed and
            fitted anew), `focus` (a key to fly to, whenever it changes), `noun` and `links` (what circles and lines
            are, in the plural, default "concepts" and "relations"), `empty` (sentence of an empty picture).

    Returns:
        The selection, which stays, and a command such as `("expand", ("graphene",))`, which comes once.
    """
    import streamlit as st

    place = f"{key} selection"
    before: Selection = st.session_state.get(place, Selection())
    version, chosen = impose(before, tuple(selected))
    payload = before.payload
    if payload is None or payload.given[0] is not nodes or payload.given[1] is not edges:
        payload = Payload.of(nodes, edges)
    result = mounted()(
        key=key,
        data={
            "key": key,
            "nodes": payload.nodes,
            "edges": payload.edges,
            "stamp": payload.stamp,
            "selected": list(chosen),
            "imposed": version,
            "path": list(path),
            "feed": feed,
            "height": height,
            "settings": {"commands": COMMANDS, **settings},
        },
        height=height,
        on_selected_change=lambda: None,  # Streamlit keeps a value only for those who listen to it
        on_command_change=lambda: None,
        on_shown_change=lambda: None,
        on_heard_change=lambda: None,
    )
    seen = Seen(
        selection_in(result.get("selected"), version, chosen),
        command_in(result.get("command")),
        relation_in(result.get("selected"), version),
        shown_in(result.get("shown"), payload),
    )
    st.session_state[place] = Selection(version, chosen, tuple(selected), seen.selected, payload)
    return seen


def impose(before: Selection, selected: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return what Python last made the page select, with its number: a new one unless `selected` is an echo."""
    if selected in (before.given, before.returned):
        return before.version, before.keys
    return before.version + 1, selected


def selection_in(message: object, version: int, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys the page says are selected, or what was imposed on it if it had not heard of that yet."""
    if not isinstance(message, Mapping) or message.get("imposed") != version:
        return chosen
    return texts(message.get("keys"))


def command_in(message: object) -> tuple[str, tuple[str, ...]] | None:
    """Return the command the page sent and its keys; None for anything else."""
    if not isinstance(message, Mapping) or not isinstance(message.get("name"), str):
        return None
    return str(message["name"]), texts(message.get("keys"))


def relation_in(message: object, version: int) -> tuple[str, str, str] | None:
    """Return the relation that was clicked last, unless something else was selected since."""
    if not isinstance(message, Mapping) or message.get("imposed") != version:
        return None
    match texts(message.get("relation")):
        case source, predicate, target:
            return source, predicate, target
    return None


def shown_in(message: object, payload: Payload) -> tuple[list[bool], list[bool]] | None:
    """Return which rows the page shows; None where it shows all, or speaks of other frames."""
    if not isinstance(message, Mapping) or message.get("stamp") != payload.stamp:
        return None
    return bits(message.get("nodes"), len(payload.nodes)), bits(message.get("edges"), len(payload.edges))


def bits(text: object, count: int) -> list[bool]:
    """Return a bit for each of some rows from base64; all set where it holds another number of bits."""
    try:
        held = binascii.a2b_base64(text) if isinstance(text, str) else b""
    except binascii.Error:
        held = b""
    if len(held) != (count + 7) // 8:
        return [True] * count
    return [bool(held[at >> 3] & 128 >> (at & 7)) for at in range(count)]


def texts(message: object) -> tuple[str, ...]:
    """Return the texts of a list that came from a page."""
    return tuple(one for one in message if isinstance(one, str)) if isinstance(message, Sequence) else ()


def sent_nodes(nodes: "pd.DataFrame") -> "pd.DataFrame":
    """Return concepts as they travel: names and types cut and free of what UTF-8 cannot hold, numbers in 32 bits."""
    return slim(nodes.assign(**{name: clipped(nodes[name]) for name in ("name", "type") if name in nodes}))


def clipped(names: Iterable[object]) -> list[str]:
    """Return texts no longer than LONGEST and free of what UTF-8 cannot hold."""
    return [str(name)[:LONGEST].encode("utf-8", "replace").decode() for name in names]


def slim(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a frame without its index and with numbers of 32 bits, which is what a picture can show."""
    numbers = frame.select_dtypes("number")
    kinds = {name: "int32" if kind.kind in "iu" else "float32" for name, kind in numbers.dtypes.items()}
    return frame.astype(kinds).reset_index(drop=True)


def stamp(*frames: "pd.DataFrame") -> str:
    """Return a text that differs when the frames do, so that the page loads them only then."""
    from pandas.util import hash_pandas_object

    return "-".join(f"{len(frame)}.{int(hash_pandas_object(frame).to_numpy().sum()):x}" for frame in frames)


def mounted(name: str = "picture") -> "ComponentRenderer":
    """Return what mounts one of COMPONENTS, after the running server has learned where their scripts are.

    Streamlit finds assets by itself only inside a package with the name of its distribution; this one has another.
    """
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
    from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{PROJECT}.{name}") is None:
        manifest = ComponentManifest(PROJECT, "0", [ComponentConfig(one, ASSETS) for one in COMPONENTS])
        manager.register_from_manifest(manifest, Path(__file__).parent)
    return mounting(name)


@cache
def mounting(name: str) -> "ComponentRenderer":
    """Return the function that mounts a component."""
    from streamlit.components.v2 import component

    return component(f"{PROJECT}.{name}", js=f"{name}.js")
