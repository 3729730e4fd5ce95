"""Under which words files and replies keep the parts of a node and of a relation: one table for reading both.

A word is the name of a field without case, blanks and signs: `source_node_id`, `sourceNodeId` and `:Source Node-ID` are
one. In every tuple the most telling word comes first.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

_SIGNS = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def word(field: str) -> str:
    """Return the name of a field as the tables below have it."""
    return _SIGNS.sub("", field.casefold())


def _ends(roots: str, others: str, numbered: str) -> tuple[str, ...]:
    """Return the words for one end of a relation: roots alone, then with what may stand behind them."""
    kinds = ["", *("name label node nodename entity entityname concept term title text value id nodeid entityid "
                   "conceptid key uri iri curie index vertex vertexid").split()]  # fmt: skip
    things = "node entity concept term gene protein vertex item word name id drug disease".split()
    return (
        *(root + kind for kind, root in product(kinds, roots.split())),
        *others.split(),
        *(thing + number for number, thing in product(numbered.split(), things)),
    )


# Words that mean the end of a relation only where the other end has one too: they mean much else.
_LOOSE = frozenset("t h u v xname xid xindex yname yid yindex start end begin in out parent child".split())
SOURCE = _ends("source subject subj head from src", "startnode startnodeid startnodeelementid startnodename startid "
               "startnodekey s h u xname xid xindex start", "1 a")  # fmt: skip
TARGET = _ends("target object obj tail to dst dest destination tgt", "endnode endnodeid endnodeelementid endnodename "
               "endid endnodekey o t v yname yid yindex end", "2 b")  # fmt: skip
PREDICATE = tuple(
    "predicate predicatename predicatelabel pred relation relationship relationshipname relationname relationlabel "
    "relationshiplabel relationtype relationshiptype reltype rel verb verbphrase property propertyname propertylabel "
    "interaction interactiontype metaedge linktype linklabel edgelabel edgename edgetype edge "
    "connection relationshipdescription relationdescription p r label type kind title name".split()
)
NAME = tuple(
    "name preferredname displayname fullname preflabel title caption entityname nodename conceptname entityid entity "
    "concept term nodelabel".split()
)
ID = tuple("id nodeid identity identifier elementid uid uuid key index".split())
TYPE = tuple("type entitytype nodetype concepttype category class kind semantictype labels group".split())
NODES = frozenset("nodes entities concepts vertices nodeslist entitylist".split())
EDGES = frozenset("relations relationships edges links triples triplets edgelist rels statements facts".split())
INSIDE = ("properties", "attributes", "attrs", "data", "props", "metadata")  # objects that keep fields of a row
DIRECTIONS = frozenset("directed undirected mutual true false both none".split())  # what a field of directions says

# What nodes are commonly typed as, by words; a label that is one of these is no name beside a name.
CLASSES = frozenset(
    """agent animal article author biomarker brand cell celltype chemical city class company component compound concept
    condition country date device disease document drug element entity event facility food function gene geo group
    institution keyword location material measurement mechanism metabolite method molecule mutation node object
    organisation organism organization pathway patient person phenotype place plant process product property protein
    publication relation sideeffect species state structure substance symptom system task technology term theory thing
    time tissue tool topic treatment variable variant work""".split()
)
_GENERIC = frozenset(
    "entity node resource base thing literal uri bnode vertex default".split()
)  # types that say nothing
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_HANDLE = re.compile(r"(?P<prefix>[A-Za-z_]{0,8}[-_ :]?)\d+(?:\.0)?")
_OPAQUE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{20,}|(?=[a-f]*\d)[0-9a-f]{16,}|\d+:[0-9a-f-]+:\d+", re.IGNORECASE)


def find(words: Iterable[str], table: Sequence[str], other: Sequence[str] = ()) -> str:
    """Return the most telling word of a table among words, "" where there is none.

    A word that means the end of a relation beside another end alone counts where `other` has a word too. Beside its own
    partner an end is more telling than others: of "subject", "object" and "source" the last is where the claim is from.
    """
    there = set(words)
    found = [one for one in table if one in there and (one not in _LOOSE or there & set(other))]
    partner = dict(zip(table, other, strict=False))
    return next((one for one in found if partner.get(one) in there), found[0] if found else "")


def is_number(text: str) -> bool:
    """Tell whether a text is a number and nothing else."""
    return bool(_NUMBER.fullmatch(text))


def decoded(value: object) -> Any:  # noqa: ANN401  # JSON
    """Return the list or object that a text of JSON holds, any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            inner = json.loads(value)
        except (ValueError, RecursionError):
            return value
        if isinstance(inner, (list, dict)):
            return inner
    return value


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the fields of the objects inside it that only keep fields: `properties`, `data` and such."""
    inside = [inner for name in row if word(name) in INSIDE and isinstance(inner := decoded(row[name]), dict)]
    if not inside:
        return dict(row)
    kept = {name: value for name, value in row.items() if word(name) not in INSIDE}
    words = {word(name) for name in kept}
    for fields in inside:
        kept |= {name: value for name, value in flat(fields).items() if word(name) not in words or name == "name"}
    return kept


def handles(ids: Iterable[str]) -> set[str]:
    """Return the ids that only point: numbers, hashes, and one prefix with a number each; "IL6", "TP53" are names."""
    pointing = set[str]()
    by_prefix: dict[str, set[str]] = {}
    for ident in ids:
        if is_number(ident) or _OPAQUE.fullmatch(ident):
            pointing.add(ident)
        elif match := _HANDLE.fullmatch(ident):
            by_prefix.setdefault(match["prefix"], set()).add(ident)
    if len(by_prefix) == 1:
        ((prefix, members),) = by_prefix.items()
        if prefix.islower() or len(members) > 1:
            pointing |= members
    return pointing


def are_types(labels: Sequence[str], ids: Sequence[str], names: Sequence[str] = ()) -> bool:
    """Tell whether the labels of nodes are their types: they repeat, or are classes, beside names or telling ids.

    All three stand for the same nodes in the same order, "" for nothing; without `names` the ids have to tell.
    """
    labelled = [(label, name or ident) for label, ident, name in
                zip(labels, ids, names or [""] * len(ids), strict=True) if label]  # fmt: skip
    if not labelled or all(word(label) == word(name) for label, name in labelled):
        return False
    counts = Counter(label for label, _ in labelled)
    if all(word(label) in CLASSES for label in counts):
        return True
    if not any(names) and handles(ids) >= set(ids):
        return len(labelled) > 3 and len(counts) * 2 <= len(labelled)  # noqa: PLR2004  # a name may come twice
    return len(counts) < len(labelled) and sum(word(label) == word(name) for label, name in labelled) * 2 < len(
        labelled
    )


def type_of(value: object) -> str:
    """Return a type out of a text or a list of some, "" for a number and for one that says nothing."""
    value = decoded(value)
    listed = [str(one) for one in value] if isinstance(value, list) else [str(value)] if isinstance(value, str) else []
    listed = [one.strip().strip(':"') for one in listed]
    listed = [one for one in listed if one and not is_number(one)]
    return next((one for one in listed if word(one) not in _GENERIC), "")
