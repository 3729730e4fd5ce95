"""Which concept of a graph a name means: by key, by canonical key, by any of its spellings."""

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean, common, without_article
from graphgrow.graph.visible import check_length


def look_up(graph: Graph, name: str) -> str | None:
    """Return the key of the shown concept that a name means, by key, canonical key or any of its spellings.

    Where nothing has that name, capitals do not count, and a plural with one means its singular; signs always count.
    Raises BadInput for an unreasonably long name that is no key.
    """
    if name not in graph.concepts:
        check_length(name)
    key = canonical(name)
    plain = key if any(len(word) > 1 and word.isupper() for word in name.split()) else common(key)
    folded = canonical(without_article(name))
    owns = (graph.corrections.key_of(form(name), one) for form in (clean, without_article) for one in (key, folded))
    for one in (*(own for own in owns if own not in {key, folded}), name, key, plain):
        found = graph.representative(one)
        if found in graph.concepts:
            return found
    spellings = [(key, spelling) for key, one in graph.concepts.items() for spelling in (one.name, *one.aliases)]
    for form in (clean, canonical, _without_case, _without_article):
        text = form(name)
        for known, spelling in spellings:
            if text and form(spelling) == text:
                return known
    return None


def _without_case(name: str) -> str:
    return clean(name).casefold()


def _without_article(name: str) -> str:  # of a title too: The Cure
    return canonical(without_article(name))
