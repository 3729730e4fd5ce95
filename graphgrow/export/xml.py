"""XML as graph files use it, a piece at a time: a graph of any size needs no more room than its rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast
from xml.etree.ElementTree import Element, XMLPullParser
from xml.sax.saxutils import escape

from graphgrow.graph.progress import SILENT, Progress

CHUNK = 2**16  # bytes read at a time
_QUOTED = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}

__all__ = ["Element", "attribute", "content", "events", "local", "words"]


def events(path: Path, progress: Progress = SILENT) -> Iterator[tuple[str, Element]]:
    """Yield ("start" or "end", element) of a file as it is read; raises ParseError where it is not well-formed."""
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))  # expat refuses what unfolds to many times its size
    with path.open("rb") as file:
        size = -(-path.stat().st_size // CHUNK)
        for chunk in progress.over(iter(lambda: file.read(CHUNK), b""), f"reading {path.name}", size):
            parser.feed(chunk)
            yield from cast("Iterator[tuple[str, Element]]", parser.read_events())
        parser.close()
        yield from cast("Iterator[tuple[str, Element]]", parser.read_events())


def local(element: Element) -> str:
    """Return the name of an element without its namespace, which changes with the version of a format."""
    return str(element.tag).rpartition("}")[2]


def words(element: Element) -> str:
    """Return the text of an element; of one that holds elements, as yEd writes, the first label in it."""
    if not len(element):
        return (element.text or "").strip()
    return next((" ".join((one.text or "").split()) for one in element.iter() if local(one).endswith("Label")
                 and (one.text or "").strip()), "")  # fmt: skip


def attribute(value: object) -> str:
    """Return a value as an attribute in quotation marks."""
    return f'"{escape(str(value), _QUOTED)}"'


def content(value: object) -> str:
    """Return a value as the text of an element."""
    return escape(str(value), {"\r": "&#13;"})
