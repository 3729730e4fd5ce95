"""What a model's reply says, in its own words: triples and declared names out of JSON, broken JSON or arrow lines.

Nothing here judges content (hygiene.py) or knows the graph (resolve.py). `parse` never raises, and every reply ends in
one of six outcomes with a reason in plain words; the reason of an unusable reply is sent back to the model.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from graphgrow.model import Json, Outcome, Proposal, Triple
from graphgrow.names import clean
from graphgrow.salvage import DECODER, PREDICATE, SOURCE, TARGET, salvage

_NODES = frozenset(("nodes", "entities", "concepts", "vertices"))
_EDGES = frozenset(("relations", "relationships", "edges", "links", "triples", "triplets"))
_DEPTH = 6
_LOOP_ITEMS = 20
_LOOP_TAIL = 300

_THINKING = re.compile(r"(<think>|<\|thinking\|>)|(</think>|<\|/thinking\|>)")
# Where JSON may begin: a citation like [1] or [[Title]] is none.
_START = re.compile(r"""\[\s*+\[?+\s*+["'{\]]|\{\s*+["'}]""")
# An id that only points to a node, so that its name is what the model means.
_HANDLE = re.compile(r"[A-Za-z_]{0,6}[-_ ]?\d+")
_BULLET = re.compile(r"^(?:[-*•]|\d+[.)])\s+")
_DASHES = re.compile(r"[-–—=]{2,}")
_SAID = re.compile(r"(?:\[(?P<name>[^\[\]]+)\] ?-+|(?P<bare>[^\[\]]*?[^\[\]\s-]) ?--) ?\[?(?P<predicate>[^\[\]]+?)\]? ?-*")
_MAX_LINE = 300
_MAX_LINES = 2_000


class _Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(min_length=1, max_length=80)]
    predicate: Annotated[str, Field(min_length=1, max_length=40)]
    target: Annotated[str, Field(min_length=1, max_length=80)]


class Relations(BaseModel):
    """The reply our own prompt asks for; an empty list is an honest answer."""

    model_config = ConfigDict(extra="forbid")

    relations: Annotated[list[_Item], Field(max_length=8)]


def reply_schema() -> Json:
    """Return the JSON schema of `Relations` without references and titles, fit for strict mode and for grammars."""
    item = {key: value for key, value in _Item.model_json_schema().items() if key != "title"}
    item["properties"] = {
        name: {key: value for key, value in side.items() if key != "title"} for name, side in item["properties"].items()
    }
    whole = Relations.model_json_schema()
    rows = whole["properties"]["relations"]
    return {
        "type": "object",
        "properties": {"relations": {"type": "array", "items": item, "maxItems": rows["maxItems"]}},
        "required": whole["required"],
        "additionalProperties": False,
    }


def _text(value: object) -> str:
    """Return a scalar, or the name of an object that has one, as text; "" where there is none."""
    if isinstance(value, dict):
        return next((_text(value[key]) for key in ("name", "id") if isinstance(value.get(key), str)), "")
    if value is None or isinstance(value, list):
        return ""
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


def _is_row(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and not any(isinstance(v, (dict, list)) for v in value[:2])


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
        if depth > _DEPTH or not isinstance(value, (dict, list)):
            self.malformed += 1
        elif isinstance(value, dict):
            self._object({key.strip().casefold(): inner for key, inner in value.items()}, depth)
        else:
            self.blank |= not value
            for item in value:
                self._row(item) if _is_row(item) else self.take(item, depth + 1)

    def _row(self, row: list[object]) -> None:
        self.say(row[0], row[1], row[2])

    def _object(self, value: Json, depth: int) -> None:
        source, predicate, target = (
            next((key for key in keys if key in value), "") for keys in (SOURCE, PREDICATE, TARGET)
        )
        if (source or target) and sum(map(bool, (source, predicate, target))) > 1:
            self.say(value.get(source), value.get(predicate), value.get(target))
        elif self.salvaged and "id" in value and not source and not target:
            self._declare(value)
        else:
            self._wrapper(value, depth)

    def _wrapper(self, value: Json, depth: int) -> None:
        nodes = [node for key in _NODES & value.keys() if isinstance(value[key], list) for node in value[key]]  # type: ignore[attr-defined]
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
        shown = self.handles
        renamed = (Triple(shown.get(t.source, t.source), t.predicate, shown.get(t.target, t.target)) for t in self.triples)
        return tuple(dict.fromkeys(renamed))


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
        parts = [part.strip("`* ") for part in _DASHES.sub("--", _BULLET.sub("", clean(line))).split("->")]
        said = [_SAID.fullmatch(part) for part in parts]
        for here, then, tail in zip(said, said[1:], parts[1:], strict=False):
            if here:
                name = (then["name"] or then["bare"]) if then else _bracketed(tail)
                reading.say(here["name"] or here["bare"], here["predicate"], name)
    return reading


def _bracketed(part: str) -> str:
    """Return the name at the head of what follows an arrow."""
    return part[1:].partition("]")[0] if part.startswith("[") else part


def _split(text: str) -> tuple[str, str]:
    """Return answer and thinking; a closing tag without an opening one ends a thinking that began with the reply."""
    answer: list[str] = []
    thinking: list[str] = []
    inside, end = False, 0
    for tag in _THINKING.finditer(text):
        (thinking if inside else answer).append(text[end : tag.start()])
        if tag[2] and not inside:
            thinking, answer = thinking + answer, []
        inside, end = bool(tag[1]), tag.end()
    (thinking if inside else answer).append(text[end:])
    return "\n".join(answer), "\n".join(thinking)


def _sections(text: str) -> list[str]:
    """Return the contents of the <graph_json> sections; one that is not closed reaches to the end."""
    return [part.partition("</graph_json>")[0] for part in text.split("<graph_json>")[1:]]


def _readings(text: str) -> Iterator[_Reading]:
    """Yield the readings of a reply, the most telling one first."""
    yield from (_read_json(section) for section in _sections(text) if section.strip())
    answer, thinking = _split(text)
    yield _read_json(answer)
    yield _read_lines(answer)
    yield _read_lines(thinking)


def _read(text: str) -> _Reading:
    """Return the first reading that says something, be it honestly nothing, else the one that got furthest."""
    failed = []
    for reading in _readings(text):
        if reading.triples or reading.empty:
            return reading
        failed.append(reading)
    best = max(failed, key=lambda reading: (reading.malformed, reading.json))
    best.blank = any(not section.strip() for section in _sections(text))
    return best


def _repeats(text: str) -> bool:
    """Tell whether a text ends in one passage said four times or more, sixty characters at least."""
    tail = text.rstrip()[-4 * _LOOP_TAIL :]
    for period in range(1, _LOOP_TAIL + 1):
        times = max(4, -(-60 // period))
        if tail.endswith(tail[-period:] * times):
            return True
    return False


def _problem(text: str, reading: _Reading) -> str:
    """Return why a reply cannot be used, as a sentence that helps the model to mend it."""
    if not text.strip():
        return "The reply is blank."
    if not "".join(_split(text)[0].split()):
        return "The reply holds thinking only and no answer after it."
    if reading.malformed:
        return f"Not one of its {reading.malformed} items has source, predicate and target as plain strings."
    if reading.json:
        return "Its JSON holds no relations with source, predicate and target."
    return "There is no JSON in the reply."


def _judge(text: str, reading: _Reading, finish_reason: str) -> tuple[Outcome, str]:
    unique, lost = len(reading.triples), reading.malformed
    if unique and (_repeats(text) or (reading.said >= _LOOP_ITEMS and unique * 2 <= reading.said)):
        return "repetition", f"The reply runs in a loop: {unique} different relations in {reading.said}."
    if finish_reason == "length":
        return "truncated", f"The reply hit its length limit after {unique} complete relations."
    if reading.cut:
        return "truncated", f"The JSON ends in mid-air after {unique} complete relations."
    if reading.empty:
        return "empty", f"The model gives no relation, {len(reading.names)} names."
    if not unique:
        return "unusable", _problem(text, reading)
    if lost:
        return "partial", f"{unique} relations were read, {lost} malformed items dropped."
    if reading.salvaged:
        return "partial", f"{unique} relations were read out of broken JSON, none was lost."
    return "ok", f"{unique} relations were read."


def parse(text: str, finish_reason: str = "stop") -> Proposal:
    """Return what a reply says. `finish_reason` is the endpoint's; "length" means that the reply was cut off."""
    reading = _read(text)
    outcome, reason = _judge(text, reading, finish_reason)
    return Proposal(reading.named(), tuple(reading.names), outcome, reason)
