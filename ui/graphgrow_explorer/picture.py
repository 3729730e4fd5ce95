"""The picture of a graph in a Streamlit page: sigma draws it, and Python hears what was clicked.

Search, hover, filters, colours, the slider and paths live in the browser and cost no rerun; only a selection and a
command come back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PROJECT, COMPONENT, SCRIPT = "graphgrow", "picture", "picture.js"
NAME = f"{PROJECT}.{COMPONENT}"
ASSETS = "assets"
COMMANDS = "expand", "accept", "reject", "merge"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page says back: the keys selected, in the order of clicking, and a command with its keys, once."""

    selected: tuple[str, ...] = ()
    command: tuple[str, tuple[str, ...]] | None = None


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

    Args:
        nodes: one row a concept: `key`, `name`, `x`, `y`, `size`, `community` (int, -1 for none), `first_seq`,
            `degree`; every further numeric column is offered as a colour and as a size.
        edges: one row a relation: `source`, `target` (keys of `nodes`), `predicate`, `support`, `first_seq`.
        key: names this picture among those of the page; with the same key it keeps its camera when the frames change.
        feed: address of a JSON route that is asked once a second with `?since=SEQ` and answers
            `{"seq": SEQ, "nodes": [...], "edges": [...], "gone": [KEY, ...]}` in the columns of the frames; positions
            may be missing, new concepts then start amid their neighbours. `""`: the picture is not live.
        height: of the whole, in pixels.
        selected: keys to select; they replace what is selected whenever they are neither what this function returned
            last nor what it was given last, so `selected=seen.selected` may be passed back.
        path: keys along a path to show, in order; drawn whenever it changes.
        settings: `total` (concepts in the whole graph, for "showing n of N"), `seq` (what the frames hold, default the
            largest `first_seq`), `communities` ({number: name}), `commands` (those with a button, default `COMMANDS`),
            `colour` ("community", "age", "degree" or a column), `size` (a column or "size"), `step` (where the slider
            stands at first), `focus` (a key to fly to, whenever it changes), `noun` (of what is drawn, in the plural,
            default "concepts"), `empty` (sentence of an empty picture).

    Returns:
        The selection, which stays, and a command such as `("expand", ("graphene",))`, which comes once.
    """
    return Seen()
