"""XML as graph files use it, a piece at a time: a graph of any size needs no more room than its rows."""

from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser
from xml.sax.saxutils import escape

from graphgrow.graph.progress import SILENT, Progress

CHUNK = 2**18  # bytes read at a time
_TAGS = 256  # remembered: a format has fewer
_QUOTED = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}

__all__ = ["Element", "attribute", "content", "local", "pieces", "words"]


def pieces(path: Path, holders: Collection[str], progress: Progress = SILENT) -> Iterator[tuple[Element, Element]]:
    """Yield (holder, child) of the elements in a file that hold many, as they are read, and forget them.

    `holders` are the names of such elements; the outermost one is one too. One inside another comes before its children
    as (holder, holder).
    Raises ParseError where a file is not well-formed; expat refuses what unfolds to many times its size.
    """
    opened = dict[int, Element]()
    builder = TreeBuilder()
    above = builder.start("", {})  # of the outermost element, which can be had no sooner from the builder itself
    parser = XMLParser(target=builder)  # noqa: S314  # as above
    with path.open("rb") as file:
        size = -(-path.stat().st_size // CHUNK)
        for chunk in progress.over(iter(lambda: file.read(CHUNK), b""), f"reading {path.name}", size):
            parser.feed(chunk)
            for outermost in above:
                yield from _complete(outermost, holders, opened, whole=False)
    builder.end("")
    parser.close()
    yield from _complete(above[0], holders, opened, whole=True)


def _complete(
    holder: Element, holders: Collection[str], opened: dict[int, Element], *, whole: bool
) -> Iterator[tuple[Element, Element]]:
    """Yield the children of a holder that are read to their end, and take them out: all but the last, or all."""
    children = list(holder)
    done = len(children) if whole else len(children) - 1
    for place, child in enumerate(children):
        if local(child.tag) in holders:
            if id(child) not in opened:
                opened[id(child)] = child
                yield child, child
            yield from _complete(child, holders, opened, whole=place < done)
        elif place < done:
            yield holder, child
    del holder[: max(done, 0)]


@lru_cache(_TAGS)
def local(tag: str) -> str:
    """Return the name of an element without its namespace, which changes with the version of a format."""
    return str(tag).rpartition("}")[2]


def words(element: Element) -> str:
    """Return the text of an element; of one that holds elements, as yEd writes, the first label in it."""
    if not len(element):
        return (element.text or "").strip()
    return next((" ".join((one.text or "").split()) for one in element.iter() if local(one.tag).endswith("Label")
                 and (one.text or "").strip()), "")  # fmt: skip


def attribute(value: object) -> str:
    """Return a value as an attribute in quotation marks."""
    return f'"{escape(str(value), _QUOTED)}"'


def content(value: object) -> str:
    """Return a value as the text of an element."""
    return escape(str(value), {"\r": "&#13;"})
