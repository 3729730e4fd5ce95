"""Which concept of a graph a name means: by key, by canonical key, by any of its spellings; and what is named alike."""

from collections.abc import Iterator

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical, clean, common, loose
from graphgrow.graph.visible import check_length

ALIKE = 60  # per cent; names less alike are no help to who mistyped one


def look_up(graph: Graph, name: str) -> str | None:
    """Return the key of the shown concept that a name means, by key, canonical key or any of its spellings.

    Where nothing has that name, capitals do not count, and a plural with one means its singular; signs always count.
    Raises BadInput for a name of a length beyond reason that is no key.
    """
    if name not in graph.concepts:
        check_length(name)
    key = canonical(name)
    plain = key if any(len(word) > 1 and word.isupper() for word in name.split()) else common(key)
    for one in (graph.corrections.key_of(bare(name), key), name, key, plain):
        found = graph.representative(one)
        if found in graph.concepts:
            return found
    spellings = [(key, spelling) for key, one in graph.concepts.items() for spelling in (one.name, *one.aliases)]
    for form in (clean, canonical, _without_case):
        text = form(name)
        for known, spelling in spellings:
            if text and form(spelling) == text:
                return known
    return None


def _without_case(name: str) -> str:
    return clean(name).casefold()


def search(graph: Graph, text: str) -> list[str]:
    """Return the concepts that have a part of a name, in any of their spellings, the most connected first.

    A part is looked for anywhere in a name, so that it is found in scripts without blanks too; signs need not be typed.
    """
    part = loose(check_length(text, "text that is searched for"))
    if not part:
        return []
    keys = [key for key, one in graph.concepts.items() if any(part in loose(name) for name in (one.name, *one.aliases))]
    return sorted(keys, key=lambda key: (part not in (loose(key), loose(graph.name(key))), -graph.degree(key), key))


def alike(graph: Graph, name: str, limit: int, at_least: int = ALIKE) -> Iterator[str]:
    """Yield the concepts that are written most like a name, at least so many per cent."""
    from rapidfuzz.process import extract

    spellings = {key: loose(one.name) or key for key, one in graph.concepts.items()}
    yield from (key for _, _, key in extract(loose(name), spellings, limit=limit, score_cutoff=at_least))


def find(graph: Graph, name: str) -> str:
    """Return the key of the concept a person means; raises BadInput with the nearest names where there is none."""
    known = look_up(graph, name)
    if known:
        return known
    if graph.is_rejected(canonical(name)):
        raise BadInput(f"{name!r} was rejected: bring it back with  graphgrow restore")
    near = [graph.name(key) for key in (search(graph, name)[:3] or alike(graph, name, 3))]
    hint = f": did you mean {', '.join(map(repr, near))}?" if near else ": see  graphgrow show STORE"
    raise BadInput(f"no concept {name!r} in this graph{hint}")
