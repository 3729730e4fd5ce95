"""How the nodes of a reply or a file are called and what they are, by all of them together.

A field of names outranks an id that tells, that outranks a label which says what a node is; a label that is unique
outranks an id that only points or is made of the label. What somebody writes about a node, its title or text, comes
last.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphgrow.graph.keys import canonical, clean
from graphgrow.parse.fields import NAME, TEXT, TITLE, TYPE, are_types, handles, is_number, type_of, word

SHORT = 2  # letters of an id that stands for something
ADDRESS = re.compile(r"(?:https?|urn|file)[:/]\S+")
_SLUG = re.compile(r"[a-z0-9_.:/#-]+")
_NUMBERED = re.compile(r"(?=[a-z_-]*\d)[a-z0-9_-]+|[A-Z]\d+")
_NAME_OF = re.compile(r"[^\W\d]{3,}name|(?:gene|official|approved|hgnc)?symbol")
_NO_NAMES = frozenset("firstname givenname forename middlename lastname surname familyname username filename "
                      "hostname typename classname labelname groupname tagname nickname pathname".split())  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Named:
    """A node: its name and the field that has it, other names, its type and the field of that; "" for what is not."""

    name: str
    field: str
    aliases: tuple[str, ...] = ()
    type: str = ""
    type_field: str = ""


def name_nodes(
    rows: Sequence[Mapping[str, Any]],
    ids: Sequence[str],
    ident_field: str = "id",
    *,
    name_field: str = "",
    type_field: str = "",
    has_types: bool | None = None,
    are_ids_names: bool = True,
) -> list[Named]:
    """Return what nodes are called, in their order; `ids` are theirs, "" where one has none.

    `name_field` and `type_field` are those that somebody has named. `has_types` says whether labels are types, None for
    what they look like. Where no link means a node by its id (`are_ids_names` is false), that is none of its names.
    """
    fields = list(dict.fromkeys(field for row in rows for field in row))
    by_word: dict[str, list[str]] = {}
    for field in fields:
        by_word.setdefault(word(field), []).append(field)

    def named_as(*words: str) -> list[str]:
        return [field for one in words for field in by_word.get(one, ())]

    def texts(fields: list[str]) -> list[tuple[list[str], str]]:
        if not fields:
            return [([], "")] * len(rows)
        found = (
            next(((some, field) for field in fields if (some := texts_of(row.get(field)))), ([], "")) for row in rows
        )
        return list(found)

    # Without a field for names one for a kind of thing counts, "company_name", "gene symbol", or a person's two.
    own = [field for field in fields if _NAME_OF.fullmatch(word(field)) and word(field) not in (*NAME, *_NO_NAMES)]
    named = texts([name_field] if name_field else named_as(*NAME))
    given, family = named_as("firstname", "givenname", "forename"), named_as("lastname", "surname", "familyname")
    of_person = [*given[:1], *family[:1]]
    if not name_field and (own or of_person):
        pointing = {"", *handles(ids)}
        for at, row in enumerate(rows):
            field = next((one for one in own if texts_of(row.get(one))), "")
            if named[at][0]:
                continue
            if whole := [some[0] for one in of_person if (some := texts_of(row.get(one)))]:
                named[at] = [" ".join(whole)], of_person[0]
            elif field and ids[at] in pointing:
                named[at] = texts_of(row[field]), field
    quoted = texts([] if name_field else [field for field in named_as(*TEXT) if field != ident_field])
    titled = texts([] if name_field else [field for field in named_as(*TITLE) if field != ident_field])
    by_language = [field for field in named_as("labels") if any(isinstance(row.get(field), dict) for row in rows)]
    labelled = texts([field for field in (*named_as("label"), *by_language) if field != name_field])
    labels = [some[0] if some and isinstance(row[field], (str, dict)) else ""
              for row, (some, field) in zip(rows, labelled, strict=True)]  # fmt: skip
    titled = [one if one[0] and not is_number(one[0][0]) else ([], "") for one in titled]  # the size of a node
    if has_types is None:
        beside = [next((some[0] for some, _ in found if some), "")
                  for found in zip(named, quoted, titled, strict=True)]  # fmt: skip
        pairs = [(label, words) for label, (words, _) in zip(labels, quoted, strict=True) if label]
        are_quoted = bool(pairs) and all(words and word(words[0]) != word(label) for label, words in pairs)
        has_types = are_quoted or are_types(labels, ids, beside)
        # Where the label of named nodes differs from their name, that of a node with a title is no name either.
        found = [(label, some or title, not some and title) for label, (some, _), (title, _) in
                 zip(labels, named, titled, strict=True) if label]  # fmt: skip
        has_types = has_types or (
            any(words for words, _ in named)
            and any(is_titled for *_, is_titled in found)
            and all(words and word(words[0]) != word(label) for label, words, _ in found)
        )
    pointing = handles(ids)
    if not has_types and are_names(labels, ids):
        pointing = set(ids)
    are_numbered = all(map(_NUMBERED.fullmatch, ids))  # "ab12" is no name beside a text
    kinds = [type_field] if type_field else [
        *(named_as("label") if has_types else ()), *(field for field in named_as(*TYPE) if word(field) not in NAME)
    ]  # fmt: skip

    made = list[Named]()
    for row, ident, label, *others in zip(rows, ids, labels, labelled, named, quoted, titled, strict=True):
        (_, label_field), (called, where), (words, words_field), (title, title_field) = others
        points = ident in pointing or not ident or bool(ADDRESS.fullmatch(ident))
        if not called and words and (points or are_numbered):
            called, where = words, words_field
        elif not called and label and not has_types and points:
            called, where = [label], label_field
        elif not called and title and (points or are_numbered):
            called, where = title, title_field
        elif not called and ident and are_ids_names and not ident.startswith("_:"):  # a blank node of RDF
            called, where = [clean(ident)], ident_field
        kind, kind_field = next(
            ((clean(kind), field) for field in kinds if (kind := type_of(row.get(field)))), ("", "")
        )
        name, *aliases = called or [""]
        kind = "" if kind == name else kind
        made.append(Named(name, where if name else "", tuple(aliases), kind, kind_field if kind else ""))
    return made


def kept_apart(named: Sequence[Named], ids: Sequence[str]) -> list[Named]:
    """Return nodes of which those with one name and different types say their type in it: "Paris (City)"."""
    types: dict[str, set[str]] = {}
    holders: dict[str, set[str]] = {}
    keys = [canonical(node.name) for node in named]
    for key, node, ident in zip(keys, named, ids, strict=True):
        if ident and node.name:
            types.setdefault(key, set()).add(word(node.type))
            holders.setdefault(key, set()).add(ident)
    apart = {key for key, some in types.items() if len(some - {""}) > 1 and len(holders[key]) > 1}
    return [
        replace(node, name=f"{node.name} ({node.type})") if key in apart and ident and node.type else node
        for key, node, ident in zip(keys, named, ids, strict=True)
    ]


def are_names(labels: Sequence[str], ids: Sequence[str]) -> bool:
    """Tell whether the labels of nodes are what people read: each has its own, and the ids are made to point.

    So they are where they are slugs, as short as handles, or out of the labels: "GR" of "General relativity".
    """
    if len(set(labels)) < len(labels) or not any(labels):
        return False
    if all(map(_SLUG.fullmatch, ids)):
        return True
    if not all(labels):
        return False
    made = sum(is_made_of(ident, label) for ident, label in zip(ids, labels, strict=True))
    return made * 2 > len(labels) or all(len(ident) <= SHORT for ident in ids)


def is_made_of(ident: str, label: str) -> bool:
    """Tell whether an id is made of a label, or has it in it: its letters, a part of it, or its initials."""
    plain, read = word(ident), word(label)
    initials = "".join(part[0] for part in label.casefold().replace("-", " ").split())
    is_part = min(len(plain), len(read)) > SHORT and (plain in read or read in plain)
    return is_part or plain in (read, initials)


def texts_of(value: object) -> list[str]:
    """Return the text of a field, or texts: of a list all of them, of an object the English or the first one."""
    if isinstance(value, str):
        return [text] if (text := clean(value)) else []
    if isinstance(value, dict):
        words = {str(field).lstrip("@").casefold(): inner for field, inner in value.items()}
        own = next((words[one] for one in ("en", "value", "name", "text") if words.get(one)), None)
        if isinstance(own, dict):  # of Wikidata
            own = own.get("value")
        value = own or next((inner for inner in value.values() if isinstance(inner, str)), None)
    found = value if isinstance(value, list) else [value]
    texts = (one if isinstance(one, str) else "" if one is None or isinstance(one, (list, dict)) else
             str(one).lower() if isinstance(one, bool) else str(one) for one in found)  # fmt: skip
    return [text for one in texts if (text := clean(one))]


def in_words(address: str) -> str:
    """Return the last part of an address or of a prefixed name, in words: "http://x/hasPart" is "has Part"."""
    from urllib.parse import unquote

    last = unquote(re.split(r"[/#:]", address.strip("<>").rstrip("/#:"))[-1])
    return _CAMEL.sub(" ", last.replace("_", " "))
