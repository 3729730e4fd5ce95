"""Events as JSON text and back: one compact line an event, the file format of runs (`*.jsonl[.gz]`), with digests.

Digests are chained from event to event: that of an event is taken of the one before it and of the event's JSON, byte
for byte, so that a log, in a store or in a run file, can be told from one that is not what was written. The seal says
how far a log goes and from where on its digests can speak. They tell of accidents and of quiet edits; who can write the
log can write new digests too, so the last digest, kept elsewhere, is what speaks against such a one.
"""

import gzip
import os
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

from graphgrow.errors import AlteredLog, BadInput
from graphgrow.graph.model import Edit, Event, Expansion, FactCheck, Focus, Form, ReasoningStep

if TYPE_CHECKING:
    from pydantic import TypeAdapter


# How stored events spell what is named otherwise now.
STORED = {"follows": "heeds", "task_seq": "work"}  # field -> the name that it has in every log, also the oldest
# Fields of a reply that came later: they are left out where they hold nothing, so that old runs keep their bytes.
LATER = ("by", "options")
NOT_STORED: dict[str, Any] = {
    "prompt": {"asks", "logprobs", "temperature"},
    "focus": {"form"},
    "reply": {"logprobs": True, "usage": {"cached_tokens"}},
}
LISTS = frozenset(f"survey {side}" for side in "kinds parts uses causes effects methods mechanism failure".split())
# Forms whose questions have an angle of their own, and the angles of lists.
OWN: tuple[Form, ...] = ("connect", "join", "between", "consolidate", "kin", "widen", "intents", "fact_check")
FORMS: dict[str, Form] = {form: form for form in OWN} | dict.fromkeys(LISTS, "list")  # angle -> form
FACET = "facet "  # how the angle of a question about one facet begins
MORE = " +"  # how it says that the facet is asked about once more
# The end of a line of a run file: a key of the event's own object, for in a string the quotes would be escaped, and
# an object in the event would end in two brackets.
_LINE = re.compile(rb"(\{.*),\"digest\":\"([0-9a-f]{64})\"\}")


def base(angle: str) -> str:
    """Return the angle of a facet as its table has it, in whichever round it is asked."""
    return angle.partition(MORE)[0]


def now() -> str:
    """Return the time as events record it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def adapter(kind: Any) -> "TypeAdapter[Any]":  # noqa: ANN401  # a type
    """Return how values of a kind, a union of dataclasses, are written and read: under the names that logs keep."""
    from pydantic import ConfigDict, TypeAdapter

    names = ConfigDict(alias_generator=lambda name: STORED.get(name, name), serialize_by_alias=True)
    return TypeAdapter(kind, config=names)


@cache
def _events() -> "TypeAdapter[Event]":
    from pydantic import Field

    return adapter(Annotated[Expansion | Edit | ReasoningStep | FactCheck, Field(discriminator="kind")])


def to_json(event: Event) -> str:
    """Return the event as one line of JSON; equal events give equal bytes."""
    reply = None if isinstance(event, Edit) else event.reply
    empty = {name: True for name in LATER if reply and not getattr(reply, name)}
    hidden = NOT_STORED | {"reply": NOT_STORED["reply"] | empty}
    if isinstance(event, Expansion) and event.embedding is None:
        hidden["embedding"] = True
    return _events().dump_json(event, exclude=hidden).decode()


def from_json(text: str | bytes) -> Event:
    """Return the event a line of JSON holds; raises BadInput where it holds none."""
    from pydantic import ValidationError

    try:
        event: Event = _events().validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise BadInput(f"not a step of graphgrow: {place}: {first['msg']}") from None
    if isinstance(event, Expansion) and (focus := formed(event.focus)) is not event.focus:
        return replace(event, focus=focus)
    return event


def formed(focus: Focus) -> Focus:
    """Return a focus with its form, which stored events keep in its strategy and angle."""
    if focus.form != "expand":
        return focus
    form: Form = "facet" if focus.angle.startswith(FACET) else FORMS.get(focus.angle, "expand")
    if focus.strategy in {"seed", "arbiter"} and form == "expand":
        form = "seed" if focus.strategy == "seed" else "arbitrate"
    return focus if form == focus.form else replace(focus, form=form)


def sealed(event: Event) -> str:
    """Return the event's JSON, read back once: what cannot be read back must not be written."""
    text = to_json(event)
    from_json(text)
    return text


def open_text(path: Path) -> TextIO:
    """Open a text file for reading, gzipped where its name ends in .gz; raises BadInput where it cannot be opened."""
    try:
        if path.suffix == ".gz":
            return cast("TextIO", gzip.open(path, "rt", encoding="utf-8-sig"))
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) of every line that is not blank; raises BadInput for a file that is no UTF-8 text."""
    with open_text(path) as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise BadInput(f"{path} is not readable text: {error}") from None


def read_events(path: Path) -> Iterator[Event]:
    """Yield the events of a run file in order; a broken line is a BadInput that names its number."""
    for number, line in read_lines(path):
        try:
            yield from_json(line)
        except BadInput as error:
            raise BadInput(f"{path} line {number}: {error}") from None


def digest(before: str, text: bytes) -> str:
    """Return the digest of an event, 64 hexadecimal digits, by its JSON and the digest before it, "" for the first."""
    return sha256(before.encode() + text).hexdigest()


def write_events(path: Path, events: Iterable[Event]) -> int:
    """Write events as a run file and return how many; the same events give the same bytes, gzipped or not.

    Each line ends with the digest of its event; only the file's owner may read it, for it holds replies.
    """
    lines, head = list[str](), ""
    for event in events:
        text = to_json(event)
        head = digest(head, text.encode())
        lines.append(f'{text[:-1]},"digest":"{head}"}}\n')
    data = "".join(lines).encode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
    return len(lines)


@dataclass(frozen=True, slots=True)
class Record:
    """An event as it is kept: its number, its JSON, and the digest that was written with it, "" where none was.

    `copies` are values of the event that are kept once more beside it, by name: kind, at, decides. `problem` says why
    the event cannot be read.
    """

    seq: int
    text: bytes
    digest: str = ""
    copies: Mapping[str, object] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """Where a log ended when it was last written, and `since`: up to that event the digests were added afterwards."""

    since: int
    seq: int
    digest: str


def seal(since: int, seq: int, head: str) -> Seal:
    """Return the seal of a log that ends at event `seq` with the digest `head`."""
    return Seal(since, seq, digest(f"{since} {seq} ", head.encode()))


def checked(where: str, records: Iterable[Record], sealed: Seal | None, until: int | None = None) -> Iterator[Event]:
    """Yield the events of a log, up to and with event `until`, each as soon as it is known to be what was written.

    `where` is the place of the log as a person types it. A log without a seal has no digests: what can be read is
    taken. Raises AlteredLog at the first event that is not what was written, cannot be read, or is missing.
    """
    head, last = "", 0
    for record in records:
        seq, why = last + 1, ""
        if until is not None and seq > until:
            return
        own = digest(head, record.text)
        if record.seq != seq:
            why = "is missing"
        elif record.problem:
            why = f"cannot be read ({record.problem})"
        elif sealed is None and record.digest:
            why = "has a digest, but what seals the log is missing"
        elif sealed and seq <= sealed.seq and record.digest != own:
            why = "is not what was written" if record.digest else "has lost its digest"
        if why:
            raise altered(where, seq, why)
        try:
            event = from_json(record.text)
        except BadInput as error:
            raise altered(where, seq, f"cannot be read ({error})") from None
        if event.seq != seq:
            raise altered(where, seq, f"says that it is step {event.seq}")
        values = {"kind": event.kind, "at": event.at, "decides": bool(event.delta.changes)}
        for name, value in record.copies.items():
            if value != values[name]:
                raise altered(where, seq, f"is kept under another {name!r} than its own")
        yield event
        head, last = own, seq
        if seq == until:
            return
    if sealed is None:
        return
    if last < sealed.seq:
        raise altered(where, last + 1, "is missing")
    if last == sealed.seq and seal(sealed.since, sealed.seq, head) != sealed:
        raise AlteredLog(f"{where} is damaged: what seals its log is not what was written, though its steps are", 0)


def altered(where: str, seq: int, why: str) -> AlteredLog:
    """Return the error for an event of a log: which, why, and what can be saved."""
    saved = f"the steps before it can be saved with  graphgrow copy {where} NEW.db --until {seq - 1}"
    return AlteredLog(f"{where} is damaged: step {seq} {why}; {saved if seq > 1 else 'no step comes before it'}", seq)


def is_run_file(name: str) -> bool:
    """Tell whether a name is that of a run file, by its ending."""
    return name.endswith((".jsonl", ".jsonl.gz"))


def read_records(path: Path) -> tuple[Iterator[Record], Seal | None]:
    """Return the lines of a run file, and its seal, None for a file without digests; BadInput where there is no file.

    What cannot be read is a record with a problem, the last one. The file is read twice, and never held as a whole.
    """
    if path.exists() and not path.is_file():  # what comes through a pipe comes once
        raise BadInput(f"{path} is no file on disk: write what it gives into one, and name that")
    last, head, has_digests = 0, "", False
    for record in _lines(path):
        last, has_digests = record.seq, has_digests or bool(record.digest)
        head = head if record.problem else record.digest
    return islice(_lines(path), last), seal(0, last, head) if has_digests else None


def _lines(path: Path) -> Iterator[Record]:
    seq = 0
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            for line in filter(bytes.strip, file):
                text, head = line.removeprefix(BOM_UTF8).rstrip(b"\r\n"), ""
                if match := _LINE.fullmatch(text):
                    text, head = match[1] + b"}", match[2].decode()
                seq += 1
                yield Record(seq, text, head)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Record(seq + 1, b"", problem=str(error))
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None
