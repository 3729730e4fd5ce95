"""What a model's reply says, in its own words: triples and declared names out of JSON, broken JSON or arrow lines.

Nothing here judges content (hygiene.py) or knows the graph (resolve.py). `parse` never raises, and every reply ends in
one of six outcomes with a reason in plain words; the reason of an unusable reply is sent back to the model.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Json, Outcome, Proposal, Triple
from graphgrow.parse.salvage import DECODER, PREDICATE, SOURCE, TARGET, salvage, strict

_NODES = frozenset(("nodes", "entities", "concepts", "vertices"))
_EDGES = frozenset(("relations", "relationships", "edges", "links", "triples", "triplets"))
_DEPTH = 6
_LOOP_ITEMS = 20
_LOOP_TAIL = 300
_SIDES = 3

_THINKING = re.compile(r"(<think>|<\|thinking\|>)|(</think>|<\|/thinking\|>)")
_BLANK = re.compile(r"<graph_json>\s*+</graph_json>")
# Where JSON may begin: a citation like [1] or [[Title]] is none.
_START = re.compile(r"""\[\s*+\[?+\s*+["'{\]]|\{\s*+["'}]""")
# An id that only points to a node, so that its name is what the model means.
_HANDLE = re.compile(r"[A-Za-z_]{0,6}[-_ ]?\d+")
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+")
_EMPHASIS = re.compile(r"\*\*|`")
_DASHES = re.compile(r"[-=\u2013\u2014]{2,}")
_NAME = r"(?:\[(?P<name>[^\[\]]+)\] ?-+|(?P<bare>[^\[\]]*?[^\[\]\s-]) ?--)"
_SAID = re.compile(_NAME + r" ?\[?(?P<predicate>[^\[\]]+?)\]? ?-*")
_MAX_LINE = 300
_PROSE_WORDS = 40
PROSE = "The reply is prose: it holds neither JSON nor lines like [A] -[RELATION]-> [B]."
_MAX_LINES = 2_000
FILTERED = "content_filter"


_Name = Annotated[str, Field(min_length=1, max_length=80)]
_Verb = Annotated[str, Field(min_length=1, max_length=40)]


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: _Name
    predicate: _Verb
    target: _Name


class Relations(BaseModel):
    """The reply our own prompt asks for; an empty list is an honest answer."""

    model_config = ConfigDict(extra="forbid")

    relations: Annotated[list[_Item], Field(max_length=8)]


class _List(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: _Name
    predicate: _Verb
    target: Annotated[list[_Name], Field(min_length=1, max_length=8)]


class Lists(BaseModel):
    """The reply to a question for a list: many targets of one relation or two."""

    model_config = ConfigDict(extra="forbid")

    relations: Annotated[list[_List], Field(max_length=2)]


def _bare(schema: Any) -> Any:  # noqa: ANN401  # JSON schema as pydantic types it
    if not isinstance(schema, dict):
        return schema
    return {key: _bare(value) for key, value in schema.items() if key not in {"title", "description", "$defs"}}


@cache
def reply_schema(predicates: tuple[str, ...] = (), most: int = 0) -> Json:
    """Return the JSON schema of `Relations` without references and titles, fit for strict mode and for grammars.

    With `predicates` an endpoint that takes schemas is held to these, with `most` to so many relations.
    """
    return _schema(Relations, _Item, predicates, most)


@cache
def survey_schema(predicates: tuple[str, ...] = ()) -> Json:
    """Return the same of `Lists`."""
    return _schema(Lists, _List, predicates)


def _schema(whole: type[BaseModel], row: type[BaseModel], predicates: tuple[str, ...], most: int = 0) -> Json:
    schema: Json = _bare(whole.model_json_schema())
    items = {"items": _bare(row.model_json_schema())}
    if predicates:
        items["items"]["properties"]["predicate"] = {"type": "string", "enum": list(predicates)}
    relations = _bare(whole.model_json_schema()["properties"]["relations"]) | items
    return schema | {"properties": {"relations": relations | ({"maxItems": most} if most else {})}}


def _text(value: object) -> str:
    """Return a scalar, or the name of an object that has one, as text; "" where there is none."""
    if isinstance(value, dict):
        return next((_text(value[key]) for key in ("name", "id") if isinstance(value.get(key), str)), "")
    if value is None or isinstance(value, list):
        return ""
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


def _is_row(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and len(value) == _SIDES and not any(isinstance(v, (dict, list)) for v in value[:2])


def _holds_items(key: str, value: object) -> bool:
    """Tell whether the value of a wrapper's key is to be read: tags and notes beside the relations are not."""
    if not isinstance(value, list):
        return isinstance(value, dict)
    return key in _EDGES or not value or any(isinstance(item, (dict, list)) for item in value)


@dataclass(slots=True)
class _Reading:
    """One part of a reply being read. `said` counts triples with their repetitions."""

    triples: dict[Triple, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    said: int = 0
    malformed: int = 0
    json: bool = False
    blank: bool = False
    salvaged: bool = False
    cut: bool = False

    @property
    def empty(self) -> bool:
        """True for an honest empty answer."""
        return self.blank and not self.triples and not self.malformed

    def take(self, value: object, depth: int = 0) -> None:
        """Read a JSON value of any known shape."""
        if value == {} and not depth:
            return
        if depth > _DEPTH or not isinstance(value, (dict, list)):
            self.malformed += 1
        elif isinstance(value, dict):
            self._object({key.strip().casefold(): inner for key, inner in value.items()}, depth)
        else:
            self.blank |= not value
            for item in value:
                self.say(*item) if _is_row(item) else self.take(item, depth + 1)

    def _object(self, value: Json, depth: int) -> None:
        source, predicate, target = (
            next((key for key in keys if key in value), "") for keys in (SOURCE, PREDICATE, TARGET)
        )
        sides = sum(map(bool, (source, predicate, target)))
        if (source or target) and sides > 1 and not _EDGES & value.keys():
            self.say(value.get(source), value.get(predicate), value.get(target))
        elif self.salvaged and "id" in value and not source and not target:
            self._declare(value)
        else:
            self._wrapper(value, depth)

    def _wrapper(self, value: Json, depth: int) -> None:
        lists = [inner for key, inner in value.items() if key in _NODES and isinstance(inner, list)]
        nodes = [node for inner in lists for node in inner]
        for node in nodes:
            self._declare(node)
        inside = [inner for key, inner in value.items() if key not in _NODES and _holds_items(key, inner)]
        for inner in inside:
            self.take(inner, depth + 1)
        if depth and not inside and not nodes:
            self.malformed += 1

    def _declare(self, node: object) -> None:
        """Take in a declared node by its id, or by its name where the id is a mere number."""
        handle, name = _text(node), ""
        if isinstance(node, dict):
            handle, name = _text(node.get("id")), _text(node.get("name")) or _text(node.get("label"))
        if name and _HANDLE.fullmatch(handle):
            self.handles.setdefault(handle, name)
            handle = name
        if handle or name:
            self.names[handle or name] = None
        else:
            self.malformed += 1

    def say(self, source: object, predicate: object, target: object) -> None:
        """Take in one relation; a list of targets is one triple each."""
        targets = target if isinstance(target, list) and target else [target]
        for each in targets:
            triple = Triple(_text(source), _text(predicate), _text(each))
            if triple.source and triple.predicate and triple.target:
                self.said += 1
                self.triples[triple] = None
            else:
                self.malformed += 1

    def named(self) -> tuple[Triple, ...]:
        """Return the triples with the names of declared nodes in place of their numbers."""

        def shown(name: str) -> str:
            return self.handles.get(name, name)

        return tuple(dict.fromkeys(Triple(shown(t.source), t.predicate, shown(t.target)) for t in self.triples))


def _values(body: str) -> tuple[list[object], bool]:
    """Return the JSON values in a text with prose around them, and whether one of them is broken."""
    values: list[object] = []
    end = 0
    while start := _START.search(body, end):
        try:
            value, end = DECODER.raw_decode(body, start.start())
        except (ValueError, RecursionError):
            return values, True
        values.append(value)
    return values, False


def _read_json(body: str) -> _Reading:
    values, broken = _values(body)
    reading = _Reading(json=bool(values) or broken, salvaged=broken)
    if broken:
        found = salvage(body)
        values, reading.malformed, reading.cut = found.values, found.lost, found.cut
    for value in values:
        reading.take(value)
    return reading


def _read_lines(body: str) -> _Reading:
    """Read lines `[A] -[REL]-> [B]`, also chained and without brackets."""
    reading = _Reading()
    for line in body.splitlines()[:_MAX_LINES]:
        if "->" not in line or len(line) > _MAX_LINE:
            continue
        parts = [part.strip() for part in _plain(line).split("->")]
        said = [_SAID.fullmatch(part) for part in parts]
        for here, then, tail in zip(said, said[1:], parts[1:], strict=False):
            if here:
                name = (then["name"] or then["bare"]) if then else _bracketed(tail)
                reading.say(here["name"] or here["bare"], here["predicate"], name)
    return reading


def _plain(line: str) -> str:
    """Return a line without list marker and emphasis, every run of dashes as two."""
    return _DASHES.sub("--", _EMPHASIS.sub("", _BULLET.sub("", clean(line))))


def _bracketed(part: str) -> str:
    """Return the name at the head of what follows an arrow, "" where its bracket is not closed."""
    if not part.startswith("["):
        return part
    name, bracket, _ = part[1:].partition("]")
    return name if bracket else ""


def split_thinking(text: str) -> tuple[str, str]:
    """Return answer and thinking; a closing tag without an opening one ends a thinking that began with the reply."""
    answer: list[str] = []
    thinking: list[str] = []
    inside, end = False, 0
    for tag in _THINKING.finditer(text):
        (thinking if inside else answer).append(text[end : tag.start()])
        if tag[2] and not inside:
            thinking.extend(answer)
            answer.clear()
        inside, end = bool(tag[1]), tag.end()
    (thinking if inside else answer).append(text[end:])
    return "\n".join(answer), "\n".join(thinking)


def _sections(text: str) -> list[str]:
    """Return the contents of the <graph_json> sections; one that is not closed reaches to the end."""
    return [part.partition("</graph_json>")[0] for part in text.split("<graph_json>")[1:]]


def _readings(text: str, *, cut: bool) -> Iterator[_Reading]:
    """Yield the readings of a reply, the most telling one first; tags inside the strings of valid JSON are no tags."""
    if strict(text) is not None:
        yield _read_json(text)
    yield from (_read_json(section) for section in _sections(text) if section.strip())
    answer, thinking = split_thinking(text)
    yield _read_json(answer)
    if cut and not text.rstrip().endswith("]"):
        answer, thinking = answer.rpartition("\n")[0], thinking.rpartition("\n")[0]
    yield _read_lines(answer)
    yield _read_lines(thinking)


def _read(text: str, *, cut: bool) -> _Reading:
    """Return the first reading that says something, be it honestly nothing, else the one that got furthest."""
    failed = []
    for reading in _readings(text, cut=cut):
        if reading.triples or reading.empty:
            return reading
        failed.append(reading)
    best = max(failed, key=lambda reading: (reading.malformed, reading.json))
    best.blank = bool(_BLANK.search(text))
    return best


def _repeats(text: str) -> bool:
    """Tell whether a text ends in one passage said four times or more, sixty characters at least."""
    tail = text.rstrip()[-4 * _LOOP_TAIL :]
    for period in range(1, _LOOP_TAIL + 1):
        last = tail[-period:]
        if tail.endswith(last, 0, -period) and tail.endswith(last * max(4, -(-60 // period))):
            return True
    return False


def _problem(text: str, reading: _Reading) -> str:
    """Return why a reply cannot be used, as a sentence that helps the model to mend it."""
    if not text.strip():
        return "The reply is blank."
    if not "".join(split_thinking(text)[0].split()):
        return "The reply holds thinking only and no answer after it."
    if reading.malformed:
        return f"No item in it is valid JSON with source, predicate and target (malformed: {reading.malformed})."
    if reading.salvaged:
        return "Its JSON is not valid, and no relation can be read out of it."
    if reading.json:
        return "Its JSON holds no relations with source, predicate and target."
    return PROSE if len(text.split()) >= _PROSE_WORDS else "There is no JSON in the reply."


def _verdict(text: str, reading: _Reading, finish_reason: str) -> tuple[Outcome, str]:
    unique = len(reading.triples)
    if unique and (_repeats(text) or (reading.said >= _LOOP_ITEMS and unique * 2 <= reading.said)):
        return "repetition", f"The reply runs in a loop. Different relations: {unique} of {reading.said}."
    if finish_reason == FILTERED and not text.strip():
        return "unusable", "The endpoint's content filter kept the reply back."
    if finish_reason == "length":
        return "truncated", f"The reply hit its length limit. Complete relations before it: {unique}."
    if reading.cut:
        return "truncated", f"The JSON ends in mid-air. Complete relations before it: {unique}."
    return _verdict_on_whole(text, reading)


def _verdict_on_whole(text: str, reading: _Reading) -> tuple[Outcome, str]:
    """Return outcome and reason of a reply that came to its end."""
    unique, lost = len(reading.triples), reading.malformed
    if reading.empty:
        return "empty", "The model gives no relation."
    if not unique:
        problem = _problem(text, reading)
        return ("empty" if problem == PROSE else "unusable"), problem
    if lost:
        return "partial", f"Relations read: {unique}, malformed items dropped: {lost}."
    if reading.salvaged:
        return "partial", f"Relations read out of broken JSON: {unique}, none was lost."
    return "ok", f"Relations read: {unique}."


def parse(text: str, finish_reason: str = "stop") -> Proposal:
    """Return what a reply says. `finish_reason` is the endpoint's; "length": the reply was cut off."""
    reading = _read(text, cut=finish_reason == "length")
    outcome, reason = _verdict(text, reading, finish_reason)
    return Proposal(reading.named(), tuple(reading.names), outcome, reason)
