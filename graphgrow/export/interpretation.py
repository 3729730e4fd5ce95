"""What the rows of any graph file mean: which fields are names, ends, predicates and types, and what follows from that.

`understand` looks at all rows before it takes a field for anything; `reading` makes concepts and relations of them, and
says in words what was taken for what and what was left out.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from graphgrow.errors import BadInput
from graphgrow.export.rows import UNDIRECTED, Row
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Concept, Delta, Relation, Statement, Triple
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.field_names import (
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

ROLES = ("source", "predicate", "target", "name", "type")  # what a column may be said to be
OURS = frozenset("id key name label aliases degree first_seq last_seq depth type community concept_key x y start weight "
                 "support evidence confidence raw directed".split())  # fields that an export has  # fmt: skip
MOST_SUPPORT = 2**31
SEPARATOR = "<SEP>"  # between what several passages say, as LightRAG and GraphRAG write it
SAMPLES = 3
FIELDS = 8  # names of fields in a sentence
SIDES = 3
MANY = 5  # nodes; so many labels that all differ are names
_SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")


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
class Reading:
    """A file as concepts and relations, in words what was taken for what and left out, and up to three relations."""

    delta: Delta
    taken: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    samples: tuple[Triple, ...] = ()


def understand(nodes: list[Row], links: list[Row], columns: Mapping[str, str] | None = None) -> Understanding:
    """Return what rows of nodes and links mean; `columns` says which field has a role (ROLES), whatever it is called.

    Raises BadInput where there are links, and none with two ends that can be read.
    """
    columns = columns or {}
    nodes, links = _flattened(nodes), _flattened(links)
    node_fields, link_fields = _fields(nodes), _fields(links)
    missing = [name for name in columns.values() if name not in node_fields | link_fields]
    if missing:
        raise BadInput(f"there is no column {missing[0]!r}: there are {listed(node_fields | link_fields)}")

    is_ours = "evidence" in link_fields  # an export, whose fields are known

    # The ends of links. Where an end is an object it is a node, which may be declared nowhere else.
    ends = {}
    tables = {"source": (SOURCE, TARGET), "target": (TARGET, SOURCE)}
    for end, (table, other) in tables.items():
        words = {word(field): field for field in reversed(link_fields)}
        found = [words[one] for one in table if one in words and find(words, (one,), other)]
        ends[end] = [columns[end]] if end in columns else found
    if links and not all(ends.values()):
        raise BadInput(
            f"no column is known to be the source or the target of a relation: there are {listed(link_fields)}; say "
            "which they are with  --columns source=NAME,predicate=NAME,target=NAME"
        )
    inside = {_ident(row[field]): row[field] for row in links for fields in ends.values() for field in fields[:1]
              if isinstance(row.get(field), dict)}  # fmt: skip
    by_field = {field: {_ident(row.get(field)) for row in links} - {""} for fields in ends.values() for field in fields}

    # By which field links mean a node: that which holds most of their ends. d3 means nodes by their place, from 0.
    words = {word(field): field for field in reversed(node_fields)}
    names = [words[one] for one in NAME if one in words]
    candidates = [*(words[one] for one in ID if one in words), *names, *((words["label"],) if "label" in words else ())]
    values = {field: {str(row[field]) for row in nodes if row.get(field) is not None} for field in candidates}
    values[""] = set(map(str, range(len(nodes))))
    pairs = [(one, other) for one in ends["source"] for other in ends["target"]]
    best = max(
        ((one, other, field) for field in values for one, other in pairs),
        key=lambda pick: len(by_field[pick[0]] & values[pick[2]]) + len(by_field[pick[1]] & values[pick[2]]),
        default=("", "", candidates[0] if candidates else ""),
    )
    source, target, ident = best
    hits = len((by_field.get(source, set()) | by_field.get(target, set())) & values[ident])
    if not hits:
        ident = candidates[0] if candidates else ""
        if not nodes and pairs:  # names before ids that only point
            source, target = (
                next((field for field in ends[end] if not handles(by_field[field]) >= by_field[field]), ends[end][0])
                for end in ("source", "target")
            )
    nodes = [row if ident else {**row, "": place} for place, row in enumerate(nodes)]
    known = {str(row.get(ident)) for row in nodes}
    nodes += [{**_flattened([row])[0], ident: key} for key, row in inside.items() if key not in known]

    # What a node is called, and of which kind it is.
    ids = [str(row.get(ident)) if row.get(ident) is not None else "" for row in nodes]
    names = [columns["name"]] if "name" in columns else names
    named = [next((text for field in names if (text := _text(row.get(field)))), "") for row in nodes]
    labels = [_text(row.get("label")) if isinstance(row.get("label"), str) else "" for row in nodes]
    pointing, has_types = handles(ids), not is_ours and are_types(labels, ids, named)
    differ = len(set(labels)) == len(labels) >= MANY
    types = [columns["type"]] if "type" in columns else [
        *(["label"] if has_types else []),
        *(words[one] for one in TYPE if one in words and words[one] not in {ident, *names}),
    ]  # fmt: skip
    made, used, nameless = list[Node](), Counter[str](), 0
    for row, key, name, label in zip(nodes, ids, named, labels, strict=True):
        called = name
        if not called and label and not has_types and (not key or key in pointing or differ or word(label) == word(key)):
            called, used["label"] = label, used["label"] + 1
        elif name:
            used[next(field for field in names if _text(row.get(field)))] += 1
        elif ident and key:
            called, used[ident] = key, used[ident] + 1
        kind = next(((kind, field) for field in types if (kind := type_of(row.get(field))) and kind != called), ("", ""))
        used[kind[1]] += bool(kind[0])
        if not _text(called):
            nameless += 1
        made.append(Node(key, _text(called), _text(kind[0]), row))
    taken = list[str]()
    if nodes:
        is_type = set(types)
        called_by = [field for field in dict.fromkeys([*names, "label", ident]) if used[field] and field not in is_type]
        taken.append(f"names of nodes from {listed(called_by)}" if called_by else "no names of nodes")
        if kinds := [field for field in types if used[field]]:
            taken.append(f"types from {listed(kinds)}")
        if links and ident != "" and ident not in called_by:
            taken.append(f"links mean nodes by {listed([ident])}")
        elif links and ident == "":
            taken.append("links mean nodes by their place, from 0")

    # What links say, and whether they have a direction.
    link_words = {word(field): field for field in reversed(link_fields) if field not in {source, target}}
    extra = ("keywords",) if "source_id" in link_fields else ("keywords", "description")
    says = [columns["predicate"]] if "predicate" in columns else ["predicate"] if is_ours else [
        link_words[one] for one in (*PREDICATE, *extra) if one in link_words
    ]  # fmt: skip
    directions = [field for field in link_fields if field not in {source, target, *says[:is_ours]} and
                  all(word(str(row[field])) in DIRECTIONS for row in links if row.get(field) not in (None, ""))]  # fmt: skip
    if "predicate" not in columns and not is_ours:
        says = [field for field in says if field not in directions and not all(
            is_number(_said(row.get(field))) for row in links if _said(row.get(field)))]  # fmt: skip
    texts = [next(((text, field) for field in says if (text := _said(row.get(field)))), ("", "")) for row in links]
    is_shouted = not is_ours and all(_SHOUTED.fullmatch(text) for text, _ in texts if text)
    drawn, lost, silent, undirected, told = list[Link](), 0, 0, 0, Counter[str]()
    declared = {node.ident for node in made if node.name}
    for row, (text, field) in zip(links, texts, strict=True):
        one, other = _ident(row.get(source)), _ident(row.get(target))
        if not (one and other) or any(
            end not in declared and (end in pointing or (pointing and handles((end,)))) for end in (one, other)
        ):
            lost += 1
            continue
        is_directed = not any(word(str(row.get(field))) in {"undirected", "false", "none"} for field in directions)
        undirected += not is_directed
        told[field] += bool(text)
        silent += not text
        predicate = text
        if field == "keywords":
            predicate = _text(text.replace(SEPARATOR, ",").split(",")[0])
        elif text and not is_ours:
            predicate = clean((text.lower() if is_shouted else text).replace("_", " ")) or text
        drawn.append(Link(one, predicate or FALLBACK, text or FALLBACK, other, is_directed, row))
    if links:
        taken.append(f"source from {listed([source])}")
        if told.total():
            taken.append(f"predicate from {listed(field for field in says if told[field])}")
        if silent:
            which = f"{silent} of {len(drawn)} relations have" if told.total() else "no relation has"
            taken.append(f"{which} a predicate and {'are' if told.total() else 'each is'} {FALLBACK!r}"
                         if not told.total() else f"{silent} of {len(drawn)} relations have none and are {FALLBACK!r}")  # fmt: skip
        taken.append(f"target from {listed([target])}")
        if undirected:
            taken.append(f"{undirected} of {len(drawn)} relations have no direction, which their evidence says")
    left_out = list[str]()
    unused = [field for field in dict.fromkeys([*node_fields, *link_fields]) if field not in
              {source, target, ident, *(one for one in used if used[one]), *says, *directions, *columns.values()}
              and not (field in OURS and (is_ours or "first_seq" in node_fields))
              and word(field) not in {"aliases", "support", "evidence", "raw", "key"}
              and not ("source_id" in link_fields and field in {"description", "source_id"})]  # fmt: skip
    if unused:
        left_out.append(f"left out: {listed(unused)}")
    if nameless:
        left_out.append(f"{nameless} of {len(made)} nodes have no name and are left out")
    if lost:
        left_out.append(f"{lost} of {len(links)} links have no end, or one that is not in the file, and are left out")
    if links and not drawn:
        raise BadInput(f"none of {len(links)} links can be read: {source!r} and {target!r} name no nodes of the file")
    return Understanding(made, drawn, tuple(taken), tuple(left_out))


def reading(found: Understanding, progress: Progress = SILENT) -> Reading:
    """Return concepts and relations; names that agree by their key become one, and what has no name is left out."""
    concepts: dict[str, Concept] = {}
    by_id: dict[str, str] = {}
    declared = {node.ident for node in found.nodes}
    ends = dict.fromkeys(end for link in found.links for end in (link.source, link.target) if end not in declared)
    nodes = [*found.nodes, *(Node(end, _text(end), "", {}) for end in ends)]
    for node in progress.over(nodes, "reading concepts", len(nodes)):
        name, key = node.name, _text(node.row.get("key")) if "aliases" in node.row else ""  # the key of an export
        if not key and len(name) > 1 and name[0] == name[-1] == '"':
            name = _text(name[1:-1])  # GraphRAG keeps the quotation marks that its prompt asks for
        key = key or canonical(name)
        if not (key and name):
            continue
        spellings = {_text(spelling) for spelling in _list(node.row.get("aliases"))} - {"", name}
        concept = concepts.setdefault(key, Concept(key, name, tuple(sorted(spellings)), node.type))
        if concept.name != name:
            both = {*concept.aliases, name, *spellings} - {concept.name}
            concepts[key] = concept = replace(concept, aliases=tuple(sorted(both)), type=concept.type or node.type)
        by_id.setdefault(node.ident, key)

    first = dict[Relation, Statement]()
    support = list[Statement]()
    for link in progress.over(found.links, "reading relations", len(found.links)):
        source, target = by_id.get(link.source), by_id.get(link.target)
        if source is None or target is None:
            continue
        relation = Relation(source, link.predicate, target)
        if not link.is_directed and (turned := Relation(target, link.predicate, source)) in first:
            relation = turned
        # What was said and how often: our own evidence, else what each passage of a text says, else the link itself.
        ours = [piece for piece in _list(link.row.get("evidence")) if isinstance(piece, dict)]
        ours.append({"said": _list(link.row.get("raw")), "support": link.row.get("support")})  # of earlier versions
        evidence = [
            (Triple(*(str(part).encode("utf-8", "ignore").decode() for part in said)), _count(piece.get("support")))
            for piece in ours  # raw words, but no lone surrogate, which no store keeps
            if isinstance(said := piece.get("said"), list) and len(said) == SIDES
        ]
        if not evidence:
            passages = str(link.row.get("description") or "").split(SEPARATOR) if "source_id" in link.row else []
            said = [sentence for part in passages if (sentence := _text(part).strip('"'))]  # each has its own direction
            said = said or [link.words if link.is_directed else link.words + UNDIRECTED]
            names = concepts[source].name, concepts[target].name
            times = _count(link.row.get("support"))
            evidence = [(Triple(names[0], words, names[1]), times if len(said) == 1 else 1) for words in said]
        for raw, times in evidence:
            statement = Statement(relation, raw, times)
            if first.setdefault(relation, statement) is not statement:
                support.append(statement)
    samples = tuple(
        Triple(concepts[one.source].name, one.predicate, concepts[one.target].name) for one in islice(first, SAMPLES)
    )
    delta = Delta(tuple(concepts.values()), relations=tuple(first.values()), support=tuple(support))
    return Reading(delta, found.taken, found.left_out, samples)


def listed(fields: Iterable[str]) -> str:
    """Return names of fields for a sentence, the first of many."""
    names = [f"`{clean(field)[:60]}`" if clean(field) else "a column without a name" for field in fields]
    return ", ".join(names[:FIELDS]) + (f" and {len(names) - FIELDS} more" if len(names) > FIELDS else "") or "none"


def _fields(rows: list[Row]) -> dict[str, None]:
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
        return next((_text(words[one]) for one in (*PREDICATE, "value") if isinstance(words.get(one), str)), "")
    return "" if isinstance(value, list) else _text(value)


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""


def _list(value: object) -> list[object]:
    """Return a list that may come as JSON text; anything else is no list of ours and counts as none."""
    try:
        items = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return []
    return items if isinstance(items, list) else []


def _count(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")  # a number of thousands of digits is none that Python reads
    return MOST_SUPPORT if len(digits) > len(str(MOST_SUPPORT)) else min(max(int(digits or 0), 1), MOST_SUPPORT)
