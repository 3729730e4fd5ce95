"""Which fields of the rows of any graph file are ids, names, types, ends and predicates, and that in words.

All rows are looked at before a field is taken for anything.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row
from graphgrow.graph.keys import clean
from graphgrow.parse.fields import (
    DIRECTIONS,
    ID,
    INSIDE,
    NAME,
    PREDICATE,
    SOURCE,
    TARGET,
    TYPE,
    are_types,
    find,
    flat,
    handles,
    is_number,
    type_of,
    word,
)
from graphgrow.resolve.predicates import FALLBACK

ROLES = ("source", "predicate", "target", "name", "type")  # what a field may be said to be
UNNAMED = ("column 1", "column 2", "column 3")  # of a table without a header
PLACE = "the place in the list"  # as the field by which d3 means nodes
ADVICE = "say which they are with  --columns source=NAME,predicate=NAME,target=NAME"
FIELDS = 8  # names of fields in a sentence
MANY = 5  # nodes; so many labels that all differ are names
# Fields of an export, which nobody misses where its relations come with their evidence.
OURS = frozenset("id key name label aliases degree first_seq last_seq depth type community concept_key x y weight "
                 "support evidence confidence directed".split())  # fmt: skip
READ = frozenset("key aliases support evidence raw".split())  # beside those that have a role
_SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_SLUG = re.compile(r"[a-z0-9_.:/#-]+")


@dataclass(frozen=True, slots=True)
class Node:
    """A node: the id that links mean it by, its name and type in the file's words, the row it stands in."""

    ident: str
    name: str
    type: str
    row: Row


@dataclass(frozen=True, slots=True)
class Link:
    """A link between ids of nodes: its predicate, the words that the file has for it, whether it has a direction."""

    source: str
    predicate: str
    words: str
    target: str
    is_directed: bool
    row: Row


@dataclass(frozen=True, slots=True)
class Understanding:
    """Nodes and links of a file, and in words which field was `taken` for what, and what was `left_out`."""

    nodes: list[Node]
    links: list[Link]
    taken: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Ends:
    """The fields that hold the ends of links, and that by which links mean a node, or PLACE, from 0."""

    source: str = ""
    target: str = ""
    ident: str = ""


def understand(nodes: list[Row], links: list[Row], columns: Mapping[str, str] | None = None) -> Understanding:
    """Return what rows of nodes and links mean; `columns` says which field has a role (ROLES), whatever it is called.

    Raises BadInput where there are links, and none with two ends that can be read.
    """
    nodes, links, columns = _flattened(nodes), _flattened(links), dict(columns or {})
    is_ours = any("evidence" in row for row in links)
    taken, left_out, used = list[str](), list[str](), set[str]()
    if links and tuple(links[0]) == UNNAMED and not columns:
        columns = dict(zip(ROLES, UNNAMED, strict=False))
        first = [clean(str(links[0][name])) for name in UNNAMED]
        said = ",".join(f"{role}={cell}" for role, cell in zip(ROLES, first, strict=False))
        taken.append(f"no header is known, so that the first row is a relation; if it is none, say  --columns {said}")
    there = _fields([*nodes, *links])
    if missing := [name for name in columns.values() if name not in there]:
        raise BadInput(f"there is no column {missing[0]!r}: there are {listed(there)}")

    ends, nodes = _ends(nodes, links, columns)
    ids = [str(row[ends.ident]) if row.get(ends.ident) is not None else "" for row in nodes]
    made = _nodes(nodes, ids, ends, columns, taken, used, is_ours=is_ours)
    drawn = _links(links, made, ends, columns, taken, used, is_ours=is_ours)
    if links and not drawn:
        raise BadInput(
            f"none of its {len(links)} links can be read: no node of the file is meant by "
            f"{listed((ends.source, ends.target))}"
        )

    filled = _fields([{name: value for name, value in row.items() if value not in (None, "", [])}
                      for row in (*nodes, *links)])  # fmt: skip
    unused = [field for field in filled if field not in used and word(field) not in READ
              and not (is_ours and field in OURS)]  # fmt: skip
    if unused:
        left_out.append(f"left out: {listed(unused)}")
    if nameless := sum(not node.name for node in made):
        left_out.append(f"{nameless} of {len(made)} nodes have no name and are left out")
    if lost := len(links) - len(drawn):
        left_out.append(f"{lost} of {len(links)} links have no end, or one that is not in the file, and are left out")
    if (
        not made
        and drawn
        and not is_ours
        and all(is_number(end) for link in drawn for end in (link.source, link.target))
    ):
        left_out.append("the ends are bare numbers, for which the file has no names")
    return Understanding(made, drawn, tuple(taken), tuple(left_out))


def _ends(nodes: list[Row], links: list[Row], columns: Mapping[str, str]) -> tuple[_Ends, list[Row]]:
    """Return which fields hold the ends of links, and the nodes with those that are objects at such an end."""
    fields = _fields(links)
    words = {word(field): field for field in reversed(fields)}
    found = {
        "source": [words[one] for one in SOURCE if one in words and find(words, (one,), TARGET)],
        "target": [words[one] for one in TARGET if one in words and find(words, (one,), SOURCE)],
    }
    found |= {end: [columns[end]] for end in found.keys() & columns.keys()}
    if links and not all(found.values()):
        raise BadInput(f"no column of it is known to be the source or the target of a relation: there are "
                       f"{listed(fields)}; {ADVICE}")  # fmt: skip
    meant = {field: {_ident(row.get(field)) for row in links} - {""} for some in found.values() for field in some}

    words = {word(field): field for field in reversed(_fields(nodes))}
    declared = {str(row[words[one]]) for one in ID if one in words for row in nodes if row.get(words[one]) is not None}
    inside = {_ident(row[field]): row[field] for row in links for some in found.values() for field in some
              if isinstance(row.get(field), dict)}  # fmt: skip
    nodes = [*nodes, *({"id": key, **_flattened([row])[0]} for key, row in inside.items() if key not in declared)]

    # Links mean nodes by the field that holds most of their ends; d3 means them by their place.
    words = {word(field): field for field in reversed(_fields(nodes))}
    candidates = [words[one] for one in (*ID, *NAME, "label") if one in words]
    values = {field: {str(row[field]) for row in nodes if row.get(field) is not None} for field in candidates}
    values[PLACE] = set(map(str, range(len(nodes))))
    choices = [
        _Ends(source, target, ident) for ident in values for source in found["source"] for target in found["target"]
    ]

    def hits(choice: _Ends) -> int:
        known = values[choice.ident]
        return len(meant[choice.source] & known) + len(meant[choice.target] & known)

    best = max(choices, key=hits, default=_Ends(ident=candidates[0] if candidates else ""))
    if links and not hits(best):  # names before ids that only point
        telling = {
            end: next((field for field in some if not handles(meant[field]) >= meant[field]), some[0])
            for end, some in found.items()
        }
        best = _Ends(telling["source"], telling["target"], candidates[0] if candidates else "")
    return best, nodes if best.ident != PLACE else [{**row, PLACE: at} for at, row in enumerate(nodes)]


def _nodes(
    rows: list[Row],
    ids: list[str],
    ends: _Ends,
    columns: Mapping[str, str],
    taken: list[str],
    used: set[str],
    *,
    is_ours: bool,
) -> list[Node]:
    """Return nodes by name and type: a name field before a label, a label before an id that only points."""
    words = {word(field): field for field in reversed(_fields(rows))}
    names = [columns["name"]] if "name" in columns else [words[one] for one in NAME if one in words]
    named = [next((text for field in names if (text := _text(row.get(field)))), "") for row in rows]
    label_field = words.get("label", "label")
    labels = [_text(row[label_field]) if isinstance(row.get(label_field), str) else "" for row in rows]
    has_types = not is_ours and are_types(labels, ids, named)
    pointing = handles(ids)
    if len(set(labels)) == len(labels) and (len(labels) >= MANY or all(map(_SLUG.fullmatch, ids))):
        pointing = set(ids)  # each has a label of its own, which is what people read
    types = [columns["type"]] if "type" in columns else [
        *([label_field] if has_types else []), *(words[one] for one in TYPE if one in words and words[one] not in names)
    ]  # fmt: skip

    made, from_field = list[Node](), Counter[str]()
    for row, ident, name, label in zip(rows, ids, named, labels, strict=True):
        called, field = name, next((field for field in names if _text(row.get(field))), "")
        if not name and label and not has_types and (ident in pointing or not ident or word(label) == word(ident)):
            called, field = label, label_field
        elif not name and ends.ident != PLACE:
            called, field = _text(ident), ends.ident
        kinds = ((_text(kind), field) for field in types if (kind := type_of(row.get(field))))
        kind, kind_field = next(kinds, ("", ""))
        from_field.update([field] if called else [])
        from_field.update([kind_field] if kind else [])
        made.append(Node(ident, called, "" if kind == called else kind, row))
    used |= {*from_field, *([ends.ident] if rows else [])}
    if rows:
        sources = [field for field in dict.fromkeys((*names, label_field, ends.ident)) if from_field[field]]
        sources = [field for field in sources if field not in types or field in names]
        taken.append(f"names of nodes from {listed(sources)}")
        if kinds_from := [field for field in types if from_field[field]]:
            taken.append(f"types from {listed(kinds_from)}")
        if ends.source and ends.ident == PLACE:
            taken.append("links mean nodes by their place in the list, from 0")
        elif ends.source and ends.ident not in sources:
            taken.append(f"links mean nodes by {listed([ends.ident])}")
    return made


def _links(
    rows: list[Row],
    nodes: list[Node],
    ends: _Ends,
    columns: Mapping[str, str],
    taken: list[str],
    used: set[str],
    *,
    is_ours: bool,
) -> list[Link]:
    """Return links with what they say and whether they have a direction; those without two ends are left out."""
    others = [field for field in _fields(rows) if field not in {ends.source, ends.target}]
    words = {word(field): field for field in reversed(others)}
    has_passages = "source_id" in others and "target_id" not in others  # each with a description of its own
    said = [words[one] for one in (*PREDICATE, "keywords", "description") if one in words]
    directions = [
        field
        for field in others
        if word(field) in {"directed", "type", "direction"}
        and all(word(str(row[field])) in DIRECTIONS for row in rows if row.get(field) not in {None, ""})
    ]
    if is_ours or "predicate" in columns:
        said = [columns.get("predicate", "predicate")]
        directions = [field for field in directions if field not in said]
    else:
        said = [field for field in said if field not in directions and (field != "description" or not has_passages)
                and not all(is_number(text) for row in rows if (text := _said(row.get(field))))]  # fmt: skip
    texts = [next(((text, field) for field in said if (text := _said(row.get(field)))), ("", "")) for row in rows]
    is_shouted = not is_ours and all(_SHOUTED.fullmatch(text) for text, _ in texts if text)

    declared, ids = {node.ident for node in nodes if node.name}, [node.ident for node in nodes]
    point_only = bool(ids) and handles(ids) >= set(ids)
    drawn, told = list[Link](), Counter[str]()
    for row, (text, field) in zip(rows, texts, strict=True):
        source, target = _ident(row.get(ends.source)), _ident(row.get(ends.target))
        strangers = [end for end in (source, target) if end not in declared]
        if not (source and target) or (point_only and handles(strangers)):
            continue
        predicate = _text(text.replace("<SEP>", ",").split(",")[0]) if field == "keywords" else text
        if text and not is_ours:
            predicate = clean((predicate.lower() if is_shouted else predicate).replace("_", " ")) or text
        is_directed = not any(word(str(row.get(field))) in {"undirected", "false", "none"} for field in directions)
        told.update([field] if text else [])
        drawn.append(Link(source, predicate or FALLBACK, text or FALLBACK, target, is_directed, row))
    used |= {ends.source, ends.target, *told, *directions}
    used |= {"source_id", "description"} if has_passages else set()
    if not drawn:
        return drawn
    taken.append(f"source from {listed([ends.source])}")
    if told:
        taken.append(f"predicate from {listed(field for field in said if told[field])}")
    if silent := len(drawn) - told.total():
        which = f"{silent} of {len(drawn)} relations have no predicate" if told else "no relation has a predicate"
        taken.append(f"{which}, which reads {FALLBACK!r}")
    taken.append(f"target from {listed([ends.target])}")
    if undirected := sum(not link.is_directed for link in drawn):
        taken.append(f"without a direction in the file: {undirected} of {len(drawn)} relations")
    elif directions and not is_ours and directions != ["directed"]:
        taken.append(f"direction from {listed(directions)}")
    return drawn


def listed(fields: Iterable[str]) -> str:
    """Return names of fields for a sentence, the first of many."""
    names = [f"`{clean(field)[:60]}`" if clean(field) else "a column without a name" for field in fields]
    return ", ".join(names[:FIELDS]) + (f" and {len(names) - FIELDS} more" if len(names) > FIELDS else "") or "none"


def _fields(rows: Sequence[Row]) -> dict[str, None]:
    return dict.fromkeys(field for row in rows for field in row)


def _flattened(rows: list[Row]) -> list[Row]:
    """Return rows without objects that only keep fields of the row, where any row has one."""
    return [flat(row) for row in rows] if any(word(field) in INSIDE for field in _fields(rows)) else rows


def _ident(end: object) -> str:
    """Return the id of an end of a link, which may be an object with one or with a name."""
    if isinstance(end, dict):
        words = {word(field): value for field, value in flat(end).items()}
        return next((str(words[one]) for one in (*ID, *NAME, "value") if words.get(one) not in (None, "")), "")
    return "" if end is None or isinstance(end, list) else str(end)


def _said(value: object) -> str:
    """Return what a link says; of an object its type or name."""
    if isinstance(value, dict):
        words = {word(field): inner for field, inner in value.items()}
        return next((_text(words[one]) for one in ("value", *PREDICATE) if isinstance(words.get(one), str)), "")
    return "" if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""
