"""What was learnt of how much an endpoint's model thinks, kept for the next run: a small file of the user's."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

FILE = "endpoints.json"
_MOST = 200  # endpoints; the one that was learnt first goes
_writing = Lock()


@dataclass(frozen=True, slots=True)
class Learnt:
    """Of one model at one endpoint: tokens that a reply is given to think, and how many it takes on average."""

    room: int = 0
    thinking: float = 0.0


def state_file(env: Mapping[str, str] = os.environ) -> Path | None:
    """Return where it is kept; None where this user has no home."""
    try:
        root = Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        return None
    return root / "graphgrow" / FILE


def recall(url: str, model: str) -> Learnt:
    """Return what is known of a model at an endpoint; nothing where there is no file, or none that can be read."""
    row = _rows(state_file()).get(_key(url, model))
    room, thinking = (row.get("room"), row.get("thinking")) if isinstance(row, dict) else (0, 0)
    is_known = isinstance(room, int) and 0 <= room < 2**20 and isinstance(thinking, int | float)
    return Learnt(room, max(0.0, float(thinking))) if is_known else Learnt()  # type: ignore[arg-type]  # checked above


def remember(url: str, model: str, learnt: Learnt) -> None:
    """Keep what is known of a model at an endpoint; where that cannot be written it is learnt again."""
    path = state_file()
    if path is None:
        return
    with _writing, suppress(OSError):
        rows = _rows(path)
        rows.pop(key := _key(url, model), None)
        rows[key] = asdict(learnt)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{FILE}.{uuid4().hex[:8]}")
        draft.write_text(json.dumps(dict(list(rows.items())[-_MOST:])), encoding="utf-8")
        draft.replace(path)


def _key(url: str, model: str) -> str:
    return hashlib.sha256(f"{url}\n{model}".encode(errors="replace")).hexdigest()[:16]


def _rows(path: Path | None) -> dict[str, Any]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return rows if isinstance(rows, dict) else {}
