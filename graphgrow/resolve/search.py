"""Search in a whole graph: concepts by any spelling, British or American, hyphens or none, misspelt too; predicates.

The explorer, the command line, Python and MCP all look here for what somebody means.

A text is looked for anywhere in a name, so that scripts without blanks are found by their middle; what is misspelt is
found by likeness where nothing else is left. Words around a predicate, as "steel is used for" or "contains silk", find
the relations that say so. A text between two slashes, as /fib(er|re)s?$/, is a regular expression, read by an engine
whose time grows with the names alone, whatever is asked (RE2).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, loose, says_something
from graphgrow.graph.lookup import look_up
from graphgrow.stores import GraphIndex

FOUND = 8
JOINED = 20  # concepts of a predicate or a pattern
LOOKED_AT = 50  # spellings that an index has for a text, of which the best are found
OFFERED = 3  # names offered in place of one that is not there
SHORTEST = 4  # characters of what may be misspelt: shorter texts are like too many others
ENOUGH = 75  # per cent of likeness, of the whole name or of one of its words


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: concepts by `keys`, one of them or those that a predicate joins, shown as `name`.

    `also` is the spelling that was found where that is not the name, `links` the neighbours or the relations. Of a
    "pattern" the keys are those of the concepts that fit a regular expression, or that the relations join which fit the
    words around a predicate, and `links` is how many there are.
    """

    kind: Literal["concept", "predicate", "pattern"]
    keys: tuple[str, ...]
    name: str
    also: str
    links: int


@lru_cache(maxsize=200_000)
def forms(name: str) -> tuple[str, ...]:
    """Return a name as it is searched for: its words as typed, as America spells them, and both without blanks."""
    from graphgrow.resolve.identity.spelling import spelled  # its room loads numpy

    plain, american = loose(name), " ".join(spelled(name))
    return tuple(dict.fromkeys((plain, american, plain.replace(" ", ""), american.replace(" ", ""))))


def search(graph: Graph, text: str, limit: int = FOUND) -> list[Found]:
    """Return what a text means in a graph, best first: by the whole name, its beginning, a word, any part.

    Of concepts that fit equally well the most connected come first, after them similar spellings. Predicates come after
    the concepts, each with up to twenty concepts that it joins. What a regular expression between slashes fits comes
    most connected first, after a row for all together where there are several. Where a text is a predicate with what
    stands before or after it in relations of the graph, these come first.

    Raises BadInput for an invalid regular expression.
    """
    if len(text.strip()) > len("//") and text.strip()[0] == text.strip()[-1] == "/":
        return _fitting(graph, text.strip()[1:-1], limit)
    if not says_something(text):
        return []
    wanted = forms(text)
    ranked: list[tuple[int, int, str, str]] = []
    for key, concept in graph.concepts.items():
        best = min(((_rank(wanted, forms(one)), one) for one in (concept.name, *concept.aliases)), key=lambda it: it[0])
        if best[0] < _NOT:
            ranked.append((best[0], -graph.degree(key), key, best[1]))
    ranked.sort()
    found = [
        Found("concept", (key,), graph.name(key), "" if spelling == graph.name(key) else spelling, -degree)
        for _, degree, key, spelling in ranked[:limit]
    ]
    if len(found) < limit:
        known = {one.keys[0] for one in found}
        found += [one for one in _alike(graph, wanted[1] if len(wanted) > 1 else wanted[0], limit)
                  if one.keys[0] not in known][: limit - len(found)]  # fmt: skip
    counts = Counter(relation.predicate for relation in graph.relations)
    for predicate, count in counts.most_common():
        if _rank(wanted, forms(predicate)) <= _WORD:
            found.append(_predicate(graph, predicate, count))
    found = found[: limit + 2]
    if (said := _said(graph, text, counts)) and not (ranked and ranked[0][0] == _WHOLE):
        found.insert(0, said)
    return found


def search_index(index: GraphIndex, text: str, limit: int = FOUND) -> list[Found]:
    """Return the concepts that a text means in a graph too large for memory, best first, by the index of its store.

    They are found by their words, the last one perhaps unfinished, as typed or as America spells them; what is
    misspelt, predicates and regular expressions need the whole graph. `links` are relations. Raises BadInput for a
    regular expression.
    """
    if len(text.strip()) > len("//") and text.strip()[0] == text.strip()[-1] == "/":
        raise BadInput("a regular expression is held against every name: load the whole graph for it")
    if not says_something(text):
        return []
    wanted = forms(text)
    spelt = [(canonical(text), text), *(row for one in wanted[:2] for row in index.find(one, LOOKED_AT))]
    concepts = {one.key: one for one in index.concepts(dict.fromkeys(key for key, _ in spelt))}
    ranked: dict[str, tuple[int, int, str, str]] = {}
    for key, spelling in spelt:
        if one := concepts.get(key):
            fits = min((_rank(wanted, forms(name)), name) for name in (one.name, spelling))
            ranked[key] = min((fits[0], -one.relations, key, fits[1]), ranked.get(key, (_NOT + 1, 0, "", "")))
    return [
        Found("concept", (key,), concepts[key].name, "" if also == concepts[key].name else also, -relations)
        for _, relations, key, also in sorted(ranked.values())[:limit]
    ]


def _said(graph: Graph, text: str, predicates: Iterable[str]) -> Found | None:
    """Return what the relations join that a text tells of: its longest predicate, and words before or after that."""
    words, meant = loose(text).split(), dict[str, set[str]]()
    for predicate in predicates:
        meant.setdefault(forms(predicate)[0], set()).add(predicate)
    spans = [(at, at + size) for size in range(len(words) - 1, 0, -1) for at in range(len(words) - size + 1)]
    for at, end in spans:
        before, middle, after = (" ".join(part) for part in (words[:at], words[at:end], words[end:]))
        if middle not in meant:
            continue
        joined = dict[str, None]()
        for relation in graph.relations:
            if relation.predicate in meant[middle] and all(
                not side or min(_rank(forms(side), forms(one)) for one in _spellings(graph, key)) <= _WORD
                for side, key in ((before, relation.source), (after, relation.target))
            ):
                joined |= dict.fromkeys(relation.ends)
        if joined:
            keys, name = tuple(joined)[:JOINED], f"{before or '…'} {middle} {after or '…'}"
            return Found("pattern", keys, name, "", len(joined))
    return None


def _spellings(graph: Graph, key: str) -> tuple[str, ...]:
    concept = graph.concepts[key]
    return concept.name, *concept.aliases


def _predicate(graph: Graph, predicate: str, count: int) -> Found:
    joined = (end for relation in graph.relations if relation.predicate == predicate for end in relation.ends)
    return Found("predicate", tuple(dict.fromkeys(joined))[:JOINED], predicate, "", count)


def _fitting(graph: Graph, pattern: str, limit: int) -> list[Found]:
    """Return what a regular expression fits anywhere in a spelling or a predicate; capitals do not count."""
    import pyarrow as pa
    from pyarrow import compute

    spellings = [(key, one) for key, concept in graph.concepts.items() for one in (concept.name, *concept.aliases)]
    counts = Counter(relation.predicate for relation in graph.relations).most_common()
    texts = [text.encode("utf-8", "replace").decode() for text in (*(one for _, one in spellings), *dict(counts))]
    try:
        fits = compute.match_substring_regex(pa.array(texts, pa.string()), pattern, ignore_case=True).to_pylist()
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        raise BadInput(f"/{pattern}/ is no regular expression that is understood here: {why}") from None
    first: dict[str, str] = {}
    for (key, one), is_fit in zip(spellings, fits, strict=False):
        if is_fit:
            first.setdefault(key, one)
    found = [
        Found(
            "concept", (key,), graph.name(key), "" if first[key] == graph.name(key) else first[key], graph.degree(key)
        )
        for key in sorted(first, key=lambda key: (-graph.degree(key), key))
    ]
    if len(found) > 1:
        together = tuple(one.keys[0] for one in found[:JOINED])
        found.insert(0, Found("pattern", together, f"/{pattern}/", "", len(found)))
    predicates = [_predicate(graph, *row) for row, is_fit in zip(counts, fits[len(spellings) :], strict=True) if is_fit]
    return [*found[: limit + 1], *predicates][: limit + 2]


def find(graph: Graph, name: str) -> str:
    """Return the key of the concept a person means; raises BadInput with the nearest names where there is none."""
    known = look_up(graph, name)
    if known:
        return known
    if graph.is_rejected(canonical(name)):
        raise BadInput(f"{name!r} was rejected: bring it back with  graphgrow restore")
    near = [one.name for one in search(graph, name, OFFERED) if one.kind == "concept"]
    hint = f": did you mean {', '.join(map(repr, near))}?" if near else ": see  graphgrow show STORE"
    raise BadInput(f"no concept {name!r} in this graph{hint}")


_WHOLE, _BEGINS, _WORD, _PART, _WORDS, _NOT = range(6)


def _rank(wanted: tuple[str, ...], name: tuple[str, ...]) -> int:
    """Return how well one of the forms of a text fits one of a name."""
    if not set(wanted).isdisjoint(name):
        return _WHOLE
    if any(one.startswith(text) for text in wanted[:2] for one in name):
        return _BEGINS
    if any(f" {text}" in one for text in wanted[:2] for one in name[:2]):
        return _WORD
    if any(text in one for text in wanted for one in name):
        return _PART
    words = wanted[0].split()
    return _WORDS if len(words) > 1 and any(all(word in one for word in words) for one in name[:2]) else _NOT


def _alike(graph: Graph, text: str, limit: int) -> list[Found]:
    """Return the concepts whose spelling, or a word of it, is most like a text."""
    from rapidfuzz import fuzz, process

    if len(text) < SHORTEST:
        return []
    names: dict[str, tuple[str, str]] = {}
    for key, concept in graph.concepts.items():
        for one in (concept.name, *concept.aliases):
            names[f"{key}\n{one}"] = key, one
    choices = {place: forms(one)[min(1, len(forms(one)) - 1)] for place, (_, one) in names.items()}
    whole = process.extract(text, choices, scorer=fuzz.ratio, limit=limit, score_cutoff=ENOUGH)
    if len(whole) < limit and " " not in text:
        words = {
            f"{place}\n{word}": word for place, form in choices.items() if " " in form for word in form.split()
            if abs(len(word) - len(text)) <= len(text) // 4
        }  # fmt: skip
        whole += [(word, score - 1, place.rpartition("\n")[0]) for word, score, place in
                  process.extract(text, words, scorer=fuzz.ratio, limit=limit, score_cutoff=ENOUGH)]  # fmt: skip
    found: dict[str, Found] = {}
    for _, _, place in sorted(whole, key=lambda row: (-row[1], row[2])):
        key, spelling = names[place]
        name = graph.name(key)
        found.setdefault(key, Found("concept", (key,), name, "" if spelling == name else spelling, graph.degree(key)))
    return list(found.values())[:limit]
