"""Digests chained from event to event: whether a log, in a store or in a run file, still is what was written.

The digest of an event is taken of the digest before it and of the event's JSON, byte for byte. The seal says how far a
log goes and from where on its digests prove anything. They tell of accidents and of quiet edits; who can write the log
can write new digests too, so only the last digest, kept elsewhere, gives such a person away.
"""

import gzip
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from graphgrow.errors import AlteredLog, BadInput
from graphgrow.graph.events import LONGEST_LINE, digest, from_json
from graphgrow.graph.model import Event

# The end of a line of a run file: a key of the event's own object, for in a string the quotes would be escaped, and
# an object in the event would end in two brackets.
_LINE = re.compile(rb"(\{.*),\"digest\":\"([0-9a-f]{64})\"\}")


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
            for line in filter(bytes.strip, iter(lambda: file.readline(LONGEST_LINE + 1), b"")):
                if len(line) > LONGEST_LINE:
                    yield Record(seq + 1, b"", problem=f"its line is longer than {LONGEST_LINE:,} bytes")
                    return
                text, head = line.removeprefix(BOM_UTF8).rstrip(b"\r\n"), ""
                if match := _LINE.fullmatch(text):
                    text, head = match[1] + b"}", match[2].decode()
                seq += 1
                yield Record(seq, text, head)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield Record(seq + 1, b"", problem=str(error))
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None
