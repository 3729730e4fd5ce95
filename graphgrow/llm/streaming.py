"""A reply as far as it has come, in a file for whoever waits for it outside this process; only whole replies are kept.

The explorer starts commands in processes of their own, and shows what their model writes while it writes it.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from graphgrow.llm.completion import piece, stream_chunks

STREAM = "GRAPHGROW_STREAM"  # the variable of the environment that names the file
_PAUSE = 0.2  # seconds from one writing of the file to the next
_LONGEST = 20_000  # characters


def stream_file(env: Mapping[str, str] = os.environ) -> Path | None:
    """Return the file that replies are written to while they come; None where nobody waits for them."""
    return Path(env[STREAM]) if env.get(STREAM) else None


class ReplyStream:
    """Takes in a streamed body piece by piece, and has its text in a file until the body is whole.

    Only whole words are written, after `blotted` has taken keys out of them: half a key would not be recognised.
    """

    def __init__(self, file: Path, blotted: Callable[[str], str]) -> None:
        self._file, self._blotted = file, blotted
        self._rest, self._answer, self._thinking, self._written = b"", "", "", 0.0

    def take(self, part: bytes) -> None:
        """Take in a piece of the body; one that is no stream brings no text, and a full disk no error."""
        *blocks, self._rest = (self._rest + part).replace(b"\r\n", b"\n").split(b"\n\n")
        with suppress(ValueError, RecursionError, TypeError, AttributeError):
            for chunk in stream_chunks(b"\n\n".join(blocks).decode("utf-8", "replace")):
                answer, thinking = piece(chunk)
                self._answer, self._thinking = self._answer + answer, self._thinking + thinking
        text = (self._answer or self._thinking)[:_LONGEST]
        now = time.monotonic()
        if text and now - self._written >= _PAUSE:
            self._written = now
            with suppress(OSError):
                draft = self._file.with_name(f"{self._file.name}.draft")
                words = text[: max(map(text.rfind, " \n")) + 1]
                draft.write_text(self._blotted(words), encoding="utf-8", errors="replace")
                draft.replace(self._file)

    def close(self) -> None:
        """Take the file away: the reply is kept where replies are."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)
