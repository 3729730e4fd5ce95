"""Processes that tests start: each has an end, whatever it does, and a test that waits in vain says what it waited for.

A child that ignores its signal, a pipe that a grandchild keeps open, an assertion amid a block: none of them holds up
the tests for longer than patience lasts. A Python process that has to be killed says on stderr first where it was.
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Timer
from typing import Any

from tests.servers import PATIENCE

LONGEST = 600.0  # seconds for a command that installs, builds, or asks the embedded model
LAST_WORDS = 5.0  # seconds from the request to say where it is until the kill

Process = subprocess.Popen[Any]


@contextmanager
def started(words: Sequence[str | Path], seconds: float | None = PATIENCE, **options: Any) -> Iterator[Process]:
    """Start a command, in a session of its own; where the block ends, it and all that it started have ended too.

    After so many seconds they are killed, and the test fails with that reason; without any it lives like the block.
    """
    process = subprocess.Popen([*map(str, words)], start_new_session=True, **options)
    try:
        with _killed_after(process, seconds):
            yield process
    finally:
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with suppress(OSError):  # what was not written yet is for nobody
                    pipe.close()


def finished(
    words: Sequence[str | Path], seconds: float = LONGEST, *, check: bool = False, **options: Any
) -> "subprocess.CompletedProcess[Any]":
    """Run a command to its end, as `subprocess.run` does; one that has none is ended with all that it started."""
    if options.pop("capture_output", False):
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(words, seconds, **options) as process:
        out, errors = process.communicate()
    if check and process.returncode:
        raise AssertionError(f"{process.args!r} ended with {process.returncode}: {(errors or out or '')[-2000:]}")
    return subprocess.CompletedProcess(process.args, process.returncode, out, errors)


def heard(process: Process, *words: str, errors: bool = False) -> str:
    """Return the next line of a process, of its stderr for `errors`, that has one of some words, if any are given.

    Fails with what it said where it ends before, or says nothing of the kind for as long as patience lasts.
    """
    stream, said = process.stderr if errors else process.stdout, list[str]()
    assert stream is not None
    with _killed_after(process, PATIENCE):
        for line in stream:
            said.append(line if isinstance(line, str) else line.decode(errors="replace"))
            if not words or any(one in said[-1] for one in words):
                return said[-1]
    raise AssertionError(f"{process.args!r} never said {' or '.join(map(repr, words))}, but {said[-20:]}")


def stopped(process: Process, number: int = signal.SIGTERM) -> int:
    """Ask a process by a signal to end, wait until it has, and return its exit code; fails where it does not."""
    with _killed_after(process, PATIENCE):
        process.send_signal(number)
        return process.wait()


def ended(process: BaseProcess, seconds: float = PATIENCE) -> int:
    """Wait for a process of `multiprocessing`, and return its exit code; one that does not end is killed."""
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join(seconds)
        raise TimeoutError(f"{process.name} had not ended after {seconds:g} s")
    return process.exitcode


@contextmanager
def _killed_after(process: Process, seconds: float | None) -> Iterator[None]:
    """Kill a process where the block takes too long, so that whatever waits for it there goes on, and say so."""
    is_late = Event()

    def end() -> None:
        is_late.set()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGABRT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(LAST_WORDS)
        _kill(process)

    timer = Timer(seconds or 0.0, end)
    timer.daemon = True
    if seconds is not None:
        timer.start()
    late = f"{process.args!r} had to be killed after {seconds} s"
    try:
        yield
    except Exception as error:
        if is_late.is_set():
            raise AssertionError(late) from error
        raise
    finally:
        timer.cancel()
    assert not is_late.is_set(), late


def _kill(process: Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
