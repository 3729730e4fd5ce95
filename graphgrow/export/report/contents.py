"""What stands on the page and in which order: the words of figures.toml, read once."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: `sentence` says how to read it, `tag` is "paper" or "corrected" where the two differ.

    `note` is the correction; `wide` takes the whole width.
    """

    name: str
    title: str
    sentence: str
    tag: str = ""
    note: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that belong together."""

    name: str
    title: str
    intro: str
    figures: tuple[Figure, ...]


def sections() -> list[Section]:
    """Return the sections of a page in their order."""
    text = files("graphgrow.export.report").joinpath("figures.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["section"]
    return [
        Section(part["name"], part["title"], part["intro"], tuple(Figure(**figure) for figure in part["figure"]))
        for part in found
    ]
