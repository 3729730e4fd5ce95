"""Nodes and relations in JSON of any shape, as rows: what replies and files keep them in, however it is nested.

Read are objects of nodes and links, lists of relations and of triples, tables by their columns, what networkx, d3,
Cytoscape and Neo4j write, and JSON-LD. What stands where a relation should and is none is counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from graphgrow.parse.fields import (
    EDGES,
    ID,
    NAME,
    NODES,
    PREDICATE,
    SAYING,
    SOURCE,
    TARGET,
    TEXT,
    TITLE,
    TYPE,
    Way,
    are_known,
    decoded,
    end_of,
    find,
    find_ends,
    flat,
    is_number,
    type_fields,
    type_of,
    word,
)
from graphgrow.parse.nodes import in_words, texts_of

Row = dict[str, Any]
SIDES = 3
DOCUMENT = "\0document"  # the field of a row that says to which of several documents its ids belong
# Which way a link goes by whether it has an arrow at its source, and at its target.
WAYS: dict[tuple[bool, bool], Way] = {
    (False, False): "none", (False, True): "forward", (True, False): "backward", (True, True): "both"
}  # fmt: skip
TYPED_BY = "\0typed by"  # the field of a node that is the end of a relation: which field of this said its type
ENDS = ("source", "predicate", "target")
# Fields that describe other fields and not nodes, or that hold the words of a text.
_ASIDE = frozenset("attributedeclarations schema sents tokens".split())
_OF_NEO4J = frozenset("labels properties elementid".split())  # whose records have nodes in their fields
_LISTS = frozenset("items list nodes entities results records".split())  # hold nodes, and are no type
_HOLDERS = NODES | EDGES | {"adjacency"}
_OF_CANVAS = {"file": "file", "group": "label", "link": "url"}  # where the text of a card stands, by its type
_LINKS = ("edges", "links", "relations", "relationships")  # endings of the names of lists that should hold links


@dataclass(slots=True)
class Shapes:
    """Nodes and links found so far, and what was looked at in vain.

    `lost` counts items that are neither, `unread` those of them in a list of links. `is_graph` says that something is
    there which holds nodes or links, be it empty; `is_blank` that a list was. Objects and lists in each other are
    followed `deepest` levels down. Of broken JSON (`is_salvaged`) what has an id and no ends is a node.
    """

    deepest: int
    is_salvaged: bool = False
    nodes: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    lost: int = 0
    unread: int = 0
    is_graph: bool = False
    is_blank: bool = False
    wrong: str = ""  # what should hold nodes or links and does not, in a sentence
    repeats: int = 0  # links with an id that were there already, as often as results repeat them
    _documents: int = 0
    _blank: int = 0  # things of JSON-LD without an address
    _seen: dict[tuple[int, str], Row] = field(default_factory=dict)
    # By document: nodes that were not looked at yet, and the ids, places and names of the others; how many those are.
    _of: dict[int, tuple[list[Row], set[str]]] = field(default_factory=dict)
    _looked_at: dict[int, int] = field(default_factory=dict)
    _stubs: dict[str, None] = field(default_factory=dict)  # what JSON-LD points to
    _references: set[str] = field(default_factory=set)  # its fields that hold addresses, as a context says

    def take(
        self,
        value: Any,  # noqa: ANN401  # JSON
        depth: int = 0,
        document: int = 0,
        *,
        is_directed: bool = True,
        is_item: bool = True,
    ) -> None:
        """Look for nodes and links in a value and in what is inside it; `is_item`: it stands in a list, or alone."""
        value = decoded(value)
        value = called_with(value) if isinstance(value, dict) else value
        if value == {} and not (depth and is_item):
            return
        if depth > self.deepest or not isinstance(value, (dict, list)):
            self.lost += 1
            return
        if isinstance(value, list):
            self.is_blank |= not value
            # A relation alone, as Neo4j's driver has it in a field.
            is_three = _is_three(value) and isinstance(value[0], dict) and isinstance(value[1], str)
            self.hold_links([value] if is_three else value, depth, document, is_directed=is_directed, are_links=False)
            return

        words = {word(name): name for name in value}
        holders = [one for one in words if one in _HOLDERS and isinstance(decoded(value[words[one]]), (list, dict))]
        ends = () if holders else find_ends(tuple(value))
        if _says_undirected(value, words) and not ends:
            is_directed = False
        if (table := _columns(value, words)) is not None:
            for row in table:
                self.link(row, document, is_directed=is_directed)
        elif "segments" in words:  # a path of Neo4j, which also has a start and an end
            self.take(value[words["segments"]], depth + 1, document, is_directed=is_directed)
        elif ends:
            self.link(value, document, is_directed=is_directed)
        elif holders or not _HOLDERS.isdisjoint(words):
            self.holders(value, words, depth, document, is_directed=is_directed)
        elif not {"@graph", "@id", "@type"}.isdisjoint(value):
            self.thing(value, document, depth)
        elif (_is_node(words) and (is_item or not _OF_NEO4J.isdisjoint(words))) or (self.is_salvaged and "id" in words):
            self.node(value, document)
        elif _is_half(words):
            self.lost += 1
        else:
            held = {one: decoded(value[name]) for one, name in words.items() if name != "@context"}
            inside = {one: inner for one, inner in held.items() if one not in _ASIDE and _holds(inner)}
            for one, inner in inside.items():  # Cytoscape has an element in its data
                is_element = is_item and one == "data"
                self.take(inner, depth + 1, document, is_directed=is_directed, is_item=is_element)
            self.lost += bool(depth and is_item and not inside)

    def holders(self, value: Row, words: dict[str, str], depth: int, document: int, *, is_directed: bool) -> None:
        """Take in an object that holds nodes and links in lists; ids of its nodes may be its own."""
        self.is_graph = True
        held = {one: decoded(value[name]) for one, name in words.items() if one in _HOLDERS}
        if any(held[one] for one in held if one in NODES):
            self._documents += 1
            document = self._documents
        first = len(self.nodes)
        for one, inner in held.items():
            if one in NODES and isinstance(inner, (list, dict)):
                self.is_blank |= not inner
                self.hold_nodes(inner, document)
        for one, inner in held.items():
            if inner and not isinstance(inner, (list, dict)):
                self.wrong = f"{words[one]!r} has to be a list of nodes or of links, not {str(inner)[:60]!r}"
        lists = [inner for one, inner in held.items() if one in EDGES and isinstance(inner, (list, dict))]
        for inner in lists:
            self.is_blank |= not inner
            if isinstance(inner, dict) and find_ends(tuple(inner)):
                self.take(inner, depth + 1, document, is_directed=is_directed)
            elif isinstance(inner, dict):
                self.hold_links(list(inner.values()), depth, document, is_directed=is_directed, are_links=True)
            elif not all(isinstance(one, str) and isinstance(spoken(one), str) for one in inner) or not any(
                other for other in lists if other is not inner
            ):
                # KGGen lists its predicates beside its relations.
                self.hold_links(inner, depth, document, is_directed=is_directed, are_links=True)
        if isinstance(beside := held.get("adjacency"), list):
            ids = [ident_of(row) for row in self.nodes[first:]]
            for ident, others in zip(ids, beside, strict=False):
                for other in others if isinstance(others, list) else ():
                    if isinstance(other, dict):
                        row = {name: inner for name, inner in other.items() if name not in {"id", "key"}}
                        row |= {"key": other["key"]} if other.get("key") else {}
                        self.link(
                            {"source": ident, "target": other.get("id"), **row}, document, is_directed=is_directed
                        )
        for one, name in words.items():  # relations under a name of their own, beside others or alone; a graph inside
            inner = decoded(value[name])
            is_beside = one not in _HOLDERS and one not in _ASIDE and bool(inner) and _holds(inner)
            if is_beside and one.endswith(_LINKS) and _are_sets(inner):  # "hyperedges"
                self.unread += len(inner)
            elif is_beside and (not any(lists) or _has_links(inner)):
                self.take(inner, depth + 1, document, is_directed=is_directed, is_item=False)

    def hold_nodes(self, inner: Any, document: int) -> None:  # noqa: ANN401  # JSON
        """Take in a list of nodes, or an object of nodes by their ids."""
        if isinstance(inner, dict):
            held = {str(name): decoded(row) for name, row in inner.items()}
            lists = [some for some in held.values() if isinstance(some, list)]
            is_named = held.keys().isdisjoint(str(one) for some in lists for one in some)
            if len(held) == len(lists) == 1 and word(next(iter(held))) in _LISTS:
                inner = lists[0]
            elif held and len(lists) == len(held) and is_named:  # lists of nodes, by their type
                inner = [
                    {"type": kind, **(one if isinstance(one, dict) else {"id": one})}
                    for kind, some in held.items()
                    for one in some
                    if isinstance(one, (dict, str, int))
                ]
            else:  # by their id; what is a text beside that is a name or a type, as a label is
                inner = [
                    {"id": ident, **(row if isinstance(row, dict) else {"label": row})} for ident, row in held.items()
                ]
        for one in map(decoded, inner):
            if isinstance(one, dict) and _is_relation(one):
                self.link(flat(one), document, is_directed=True)
            elif isinstance(one, dict):
                self.node(one, document)
            elif _is_pair(one):  # networkx has what is known of a node beside its id
                self.node({"id": one[0], **one[1]}, document)
            elif isinstance(one, list) and one and all(isinstance(mention, dict) for mention in one):
                names = [text for mention in one for text in texts_of(mention.get("name"))]  # as DocRED has them
                self.node({**one[0], "name": list(dict.fromkeys(names))}, document)
            elif isinstance(one, list) and len(one) == SIDES - 1 and _are_scalars(one) and None not in one:
                self.node(dict(zip(("id", "label"), one, strict=True)), document)
            elif isinstance(one, (str, int, float)) and one != "":
                self.node({"id": one}, document)
            else:
                self.lost += 1
                self.unread += 1

    def hold_links(self, listed: list[Any], depth: int, document: int, *, is_directed: bool, are_links: bool) -> None:
        """Take in a list of links, or of anything: each an object, or its ends and what it says in a list."""
        rows, others = _tabled(listed)
        for row in rows:
            self.link(row, document, is_directed=is_directed)
        others = [spoken(one) if are_links and isinstance(one, str) else one for one in map(decoded, others)]
        order = self.order_of([one for one in others if _is_three(one)], document)
        for one in others:
            if _is_three(one):
                self.three(one, order, document, is_directed=is_directed)
            elif isinstance(one, list) and len(one) == SIDES and isinstance(one[2], dict) and _are_scalars(one[:2]):
                self.link({**one[2], "source": one[0], "target": one[1]}, document, is_directed=is_directed)
            elif are_links and isinstance(one, list) and len(one) == SIDES - 1 and _are_scalars(one):
                self.link(dict(zip(("source", "target"), one, strict=True)), document, is_directed=is_directed)
            elif not are_links and _is_pair(one):
                self.node({"id": one[0], **one[1]}, document)
            elif are_links and isinstance(one, dict) and (
                find_ends(tuple(fields := flat(one))) or not any(_holds(decoded(inner)) for inner in one.values())
            ):  # fmt: skip
                self.link(fields, document, is_directed=is_directed)
            else:
                before = len(self.links) + len(self.nodes)
                self.take(one, depth + 1, document, is_directed=is_directed)
                self.unread += are_links and before == len(self.links) + len(self.nodes)

    def order_of(self, threes: list[list[Any]], document: int) -> tuple[int, int, int]:
        """Return which items of triples are source, predicate and target: the ends are those that are nodes."""
        if not threes or document not in self._of:
            return 0, 1, 2
        rows, declared = self._of[document]
        for place, row in enumerate(rows, self._looked_at.get(document, 0)):
            declared.update(called(row), [ident_of(row) or str(place)])
        self._looked_at[document] = self._looked_at.get(document, 0) + len(rows)
        rows.clear()
        hits = [sum(str(one[place]) in declared for one in threes) for place in range(SIDES)]
        says = min((1, 2, 0), key=lambda place: hits[place])
        source, target = (place for place in range(SIDES) if place != says)
        return source, says, target

    def three(self, items: list[Any], order: tuple[int, int, int], document: int, *, is_directed: bool) -> None:
        """Take in a relation in a list: its three parts, and what is known of it."""
        source, says, target = order
        beside = items[SIDES] if len(items) > SIDES else {}
        beside = beside if isinstance(beside, dict) else {"value": beside}
        parts = dict(zip(ENDS, (items[source], items[says], items[target]), strict=True))
        self.link({**beside, **parts}, document, is_directed=is_directed)

    def node(self, row: Row, document: int) -> None:
        """Take in a node; one that is there again with nothing else to say, or to add to it, is the same one."""
        ident = ident_of(row)
        known = self._seen.get((document, ident)) if ident else None
        if known is not None and all(known.get(name, value) == value for name, value in row.items()):
            known |= row
            return
        row = {**row, DOCUMENT: document}
        says = _OF_CANVAS.get(str(row.get("type")), "")
        if isinstance(text := row.get(says), str):  # a card of Obsidian
            row.setdefault("text", text.rpartition("/")[2].removesuffix(".md") if says == "file" else text)
        self.nodes.append(row)
        self._of.setdefault(document, ([], set()))[0].append(row)
        if ident:
            self._seen.setdefault((document, ident), row)

    def link(self, row: Row, document: int, *, is_directed: bool) -> None:
        """Take in a link; a list of targets is a link to each."""
        row = {**row, DOCUMENT: document}
        for name in [name for name in row if word(name) in {"undirected", "bidirectional"}]:
            if str(row.pop(name)).casefold() in {"true", "1"}:
                row.setdefault("directed", False)
        if not {"fromEnd", "toEnd"}.isdisjoint(row):  # of a canvas: which end has an arrow
            has_arrow = row.pop("fromEnd", "none") != "none", row.pop("toEnd", "arrow") != "none"
            row["direction"] = WAYS[has_arrow]
        if not is_directed:
            row = {"directed": False, **row}
        ends = find_ends(tuple(row))
        # A list of sources, of targets or of what is said is a link each; of two lists nobody knows what goes together.
        words = {word(name): name for name in row if name not in chain(*ends)}
        parts = [*(ends[0] if ends else ()), *(words[one] for one in (find(words, PREDICATE),) if one)]
        several = [name for name in dict.fromkeys(parts) if isinstance(row[name], list) and row[name]]
        if len(several) == 1:
            self.links += [{**row, several[0]: one} for one in row[several[0]]]
        else:
            self.links.append(row)

    def thing(self, value: Row, document: int, depth: int) -> str:
        """Take in a thing of JSON-LD with what it points to, and return its address, "" where it is too deep."""
        if depth > self.deepest:
            self.lost += 1
            return ""
        for context in filter(lambda one: isinstance(one, dict), _list(value.get("@context"))):
            self._references |= {
                name for name, how in context.items() if isinstance(how, dict) and how.get("@type") == "@id"
            }
        for one in value.get("@graph", ()) if isinstance(value.get("@graph"), list) else ():
            if isinstance(one, dict):
                self.thing(one, document, depth + 1)
        said = {name: inner for name, inner in value.items() if name[:1] != "@"}
        if "@graph" in value and not said:
            return ""
        self._blank += "@id" not in value
        ident = str(value.get("@id") or f"_:{self._blank}")
        row: Row = {"id": ident}
        if kinds := [in_words(str(one)) for one in _list(value.get("@type"))]:
            row["type"] = kinds
        links = list[Row]()
        for name, inner in said.items():
            says = in_words(name).lower()
            for one in _list(inner):
                if isinstance(one, str) and name in self._references:
                    one = {"@id": one}  # noqa: PLW2901  # as it could be written
                if not isinstance(one, dict) or "@value" in one:
                    text = one.get("@value") if isinstance(one, dict) else one
                    is_name = word(says) in (*NAME, "label", "title")
                    row.setdefault("name" if is_name else f"literal {says}", []).append(text)
                    continue
                is_reference = one.keys() == {"@id"}
                other = str(one["@id"]) if is_reference else self.thing(one, document, depth + 1)
                self._stubs[other] = None
                links.append({"source": ident, "predicate": says, "target": other})
        self.is_graph = True
        if row.keys() > {"id"}:
            row.setdefault("name", "" if ident.startswith("_:") else in_words(ident))
            self.node(row, document)
        elif links:
            self._stubs[ident] = None
        for link in links:
            self.link(link, document, is_directed=True)
        return ident

    def finish(self) -> None:
        """Settle what only the whole can say: whose ids are whose, and how things that nobody describes are called."""
        self._declare_ends()
        names: dict[str, dict[int, Row]] = {}
        for (document, ident), row in self._seen.items():
            names.setdefault(ident, {})[document] = row
        for ident in self._stubs:
            if ident not in names and not ident.startswith("_:"):
                self.nodes.append({"id": ident, "name": in_words(ident), DOCUMENT: 0})
        shared = {ident: rows for ident, rows in names.items() if len(rows) > 1}
        is_local = any(len({tuple(called(row)) for row in rows.values()} - {()}) > 1 for rows in shared.values())
        if not is_local:  # what a document lacks of a node another one may have
            nodes, self.nodes = self.nodes, []
            for row in nodes:
                rows = shared.get(ident_of(row), {})
                first = next(iter(rows.values()), row)
                if first is row or rows.get(row[DOCUMENT]) is not row:
                    self.nodes.append(row)
                else:
                    first |= {name: inner for name, inner in row.items() if name not in first}
            for row in (*self.nodes, *self.links):
                row.pop(DOCUMENT, None)
        links, self.links = self.links, []
        known = set[str]()
        for row in links:
            text = repr(row) if has_id(row) else ""
            if text and text in known:
                self.repeats += 1
            else:
                self.links.append(row)
            known.add(text)

    def _declare_ends(self) -> None:
        """Make nodes of ends that are objects: each is meant by its id, or else its name, with its type if need be.

        An end with a field for its type is one too, unless it means a node.
        """
        for row in self.links:
            for ends in find_ends(tuple(row))[:1]:
                for end, kind in zip(ends, type_fields(tuple(row), ends) or (), strict=False):
                    known = self._seen.get((row[DOCUMENT], str(row[end])))
                    if known is not None:
                        known.setdefault("type", row.pop(kind))
                    elif isinstance(row[end], (str, int)) and row[end] != "" and type_of(row[kind]):
                        row[end] = {"name": str(row[end]), "type": row.pop(kind), TYPED_BY: kind}
        inside = [(row, name, row[name]) for row in self.links for name in chain(*find_ends(tuple(row)))
                  if isinstance(row[name], dict) and end_of(row[name])]  # fmt: skip
        types: dict[str, set[str]] = {}
        kinds = [next((kind for one in TYPE for name in end if word(name) == one and (kind := type_of(end[name]))), "")
                 for _, _, end in inside]  # fmt: skip
        for (_, _, end), kind in zip(inside, kinds, strict=True):
            types.setdefault(end_of(end), set()).update({kind} - {""})
        for (row, name, end), kind in zip(inside, kinds, strict=True):
            ident = end_of(end)
            if not ident_of(flat(end)) and len(types[ident]) > 1:
                ident = f"{ident}\t{kind}"
            row[name] = ident
            if (row[DOCUMENT], ident) not in self._seen:
                plain = flat(end)
                self.node(plain if ident_of(plain) == ident else {**plain, "id": ident}, row[DOCUMENT])


def spoken(text: str) -> str | list[str]:
    """Return the three parts of a relation that is a text: "(a, says, b)", "a | says | b", "a -> says -> b"."""
    plain = text.strip()
    is_tuple = plain[:1] + plain[-1:] in {"()", "<>", "[]"}
    plain = plain[1:-1] if is_tuple else plain
    for mark in ("|", "\t", "->", "\u2192", ";", *("," if is_tuple else "")):  # a sentence has commas too
        parts = [part.strip().strip("\"'") for part in plain.strip(" |").split(mark)]
        if len(parts) == SIDES and all(parts):
            return parts
    return text


def called_with(value: Row) -> Any:  # noqa: ANN401  # JSON
    """Return the arguments of a call of a function, as logs of models hold it; any other object as it is."""
    call = next((value[name] for name in ("function", "function_call", "functionCall") if name in value), value)
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return value
    is_call = call is not value or value.get("type") in {"function_call", "tool_use", "tool_call"}
    arguments = (decoded(call[name]) for name in ("arguments", "input", "args") if name in call)
    return next((one for one in arguments if is_call and isinstance(one, (dict, list))), value)


def ident_of(row: Row) -> str:
    """Return the id of a node, "" where it has none."""
    words = {word(name): name for name in row}
    found = (row[words[one]] for one in ID if one in words)
    return next((str(one) for one in found if one not in (None, "") and not isinstance(one, dict)), "")


def called(row: Row) -> list[str]:
    """Return how a node calls itself, empty where it does not."""
    fields = {word(name): inner for name, inner in row.items()}
    inside = [
        fields,
        *({word(name): one for name, one in inner.items()} for inner in row.values() if isinstance(inner, dict)),
    ]
    found = (texts_of(one[name]) for name in (*NAME, *TEXT, "label", *TITLE) for one in inside if name in one)
    return next(filter(None, found), [])


def has_id(row: Row) -> bool:
    """Tell whether a link has an id of its own."""
    return any(word(name) in ID and word(name) != "key" for name in row)


def _list(value: Any) -> list[Any]:  # noqa: ANN401  # JSON
    return value if isinstance(value, list) else [] if value is None else [value]


def _are_scalars(items: list[Any]) -> bool:
    return not any(isinstance(one, (dict, list)) for one in items)


def _is_three(value: object) -> bool:
    """Tell whether a list is a relation in its three parts, the last of which may be several, with or without more."""
    if not isinstance(value, list) or not SIDES <= len(value) <= SIDES + 1:
        return False
    more = value[SIDES:]
    is_more = all(isinstance(one, (int, float, dict)) or (isinstance(one, str) and is_number(one)) for one in more)
    ends = [one for one in (value[0], value[2]) if isinstance(one, dict)]
    return is_more and _are_scalars(value[1:2]) and not isinstance(value[0], list) and all(map(_is_end, ends))


def _is_end(value: Row) -> bool:
    """Tell whether an object is a node, by its name or id, and not what is known of a relation."""
    return not {word(name) for name in value}.isdisjoint((*NAME, *ID, *TEXT, "title", "value"))


def _is_pair(value: object) -> bool:
    """Tell whether a list is a node by its id and what is known of it."""
    return (isinstance(value, list) and len(value) == SIDES - 1 and isinstance(value[0], (str, int))
            and isinstance(value[1], dict))  # fmt: skip


def _is_relation(value: Row) -> bool:
    """Tell whether an object has both ends of a relation and what it says, though it stands among nodes."""
    words = {word(name) for name in value}
    has_ends = any(are_known(ends) and _are_scalars([value[end] for end in ends]) for ends in find_ends(tuple(value)))
    return has_ends and not words.isdisjoint(SAYING) and words.isdisjoint((*NAME, "id"))


def _is_node(words: Iterable[str]) -> bool:
    there = set(words)
    is_named = bool(find(there, (*NAME, *TEXT, *TITLE)))
    if find(there, ID):
        return is_named or not {"label", "labels", "properties", "type"}.isdisjoint(there)
    return is_named and not {"labels", "properties"}.isdisjoint(there)


def _is_half(words: Iterable[str]) -> bool:
    """Tell whether a row says one end of a relation and what it is, and no other end."""
    there = set(words)
    source, target = find(there, SOURCE, TARGET), find(there, TARGET, SOURCE)
    return bool(source or target) and bool(find(there - {source, target}, PREDICATE)) and not there & _HOLDERS


def _holds(value: Any) -> bool:  # noqa: ANN401  # JSON
    """Tell whether a value of an object may hold nodes and links; tags and notes beside them are not read."""
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and (not value or any(isinstance(item, (dict, list)) for item in value))


def _has_links(value: list[Any] | Row) -> bool:
    """Tell whether a list holds links, or an object nodes or links."""
    if isinstance(value, dict):
        return any(word(name) in _HOLDERS and isinstance(inner, (list, dict)) for name, inner in value.items())
    return any(isinstance(one, dict) and find_ends(tuple(one)) for one in value)


def _are_sets(value: list[Any] | Row) -> bool:
    """Tell whether a list holds links between any number of nodes each, which are no relations."""
    rows = [{word(name) for name in one} if isinstance(one, dict) else set[str]() for one in value]
    return isinstance(value, list) and all(words & NODES and not words & EDGES for words in rows)


def _says_undirected(value: Row, words: dict[str, str]) -> bool:
    """Tell whether an object says of all links in it that they have no direction."""
    said = [value, *(one for name in ("options", "graph") if isinstance(one := value.get(words.get(name, "")), dict))]
    fields = {word(name): str(inner).casefold() for one in said for name, inner in one.items()}
    kinds = {fields.get(name) for name in ("directed", "isdirected", "edgedefault", "defaultedgetype")}
    return "undirected" in {fields.get("type"), *kinds} or "false" in kinds or fields.get("undirected") == "true"


def _tabled(value: list[Any]) -> tuple[list[Row], list[Any]]:
    """Return the rows of a table that begins with its header, and the items of a list that is none."""
    header = value[0] if len(value) > 1 else None
    if not isinstance(header, list) or len(header) < SIDES - 1 or not all(isinstance(name, str) for name in header):
        return [], value
    words = {word(name) for name in header}
    if not find_ends(tuple(header)) or len(words) < len(header) or (len(header) == SIDES and not words & SAYING):
        return [], value  # that the cause precedes the effect is a relation
    if not all(isinstance(row, list) and len(row) == len(header) for row in value):
        return [], value
    return [dict(zip(header, row, strict=True)) for row in value[1:]], []


def _columns(value: Row, words: dict[str, str]) -> list[Row] | None:
    """Return the rows of a table that is kept as its columns, or beside their names, as pandas writes it."""
    names = next((value[words[one]] for one in ("columns", "header", "fields", "keys") if one in words), None)
    data = next((value[words[one]] for one in ("data", "rows", "values", "records") if one in words), None)
    if isinstance(names, list) and isinstance(data, list) and all(isinstance(name, str) for name in names):
        is_table = bool(find_ends(tuple(names))) and data and all(
            isinstance(row, list) and len(row) == len(names) for row in data)  # fmt: skip
        return [dict(zip(names, row, strict=True)) for row in data] if is_table else None
    ends = find_ends(tuple(value))
    if not ends:
        return None
    columns = {name: inner for name, inner in value.items() if isinstance(inner, (list, dict)) and inner}
    source, target = (columns.get(name) for name in ends[0])
    if isinstance(source, list) and isinstance(target, list) and len(source) == len(target):
        is_table = all(isinstance(inner, list) and len(inner) == len(source) for inner in value.values())
        if any(isinstance(one, (list, dict)) for one in (*source, *target)) or not (is_table or len(source) == 1):
            return None
        each = {name: inner if isinstance(inner, list) else [inner] for name, inner in value.items()}
        columns = {name: dict(enumerate(inner)) for name, inner in each.items()}
    elif not (isinstance(source, dict) and isinstance(target, dict) and source.keys() == target.keys()):
        return None
    elif not all(str(key).isdigit() for key in source) or any(isinstance(one, dict) for one in source.values()):
        return None  # each end is an object of its own
    rows = columns[ends[0][0]]
    return [{name: inner.get(row) for name, inner in columns.items() if isinstance(inner, dict)} for row in rows]
