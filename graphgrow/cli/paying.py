"""What every command that asks a model has in common: its limits, its price said first, Ctrl-C, a store that went."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from graphgrow.cli.output import err, printable
from graphgrow.errors import StoreAway
from graphgrow.graph.model import Budget, Usage
from graphgrow.llm import LLM
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import state_folder
from graphgrow.stores.retrying import Patient

DEFAULT_STEPS = 20
DEFAULT_USD = 1.0
INTERRUPTED = 130  # the exit code
STOPPING = (
    "stopping after the questions that are under way, so that what was paid for is saved; Ctrl-C again stops sooner",
    "waiting for the replies that are under way, which are kept for the next run; Ctrl-C again does not wait",
)
# Options that mean the same wherever a model is asked.
Address = Annotated[str, typer.Option(help="The address of an OpenAI-compatible endpoint.")]
Tokens = Annotated[int | None, typer.Option(min=1, help="Stop after so many tokens.")]
Usd = Annotated[float | None, typer.Option(min=0, help=f"Most to spend (default {DEFAULT_USD:g} if priced).")]
Temperature = Annotated[float, typer.Option(min=0, max=2, help="Sampling temperature.")]
Width = Annotated[int, typer.Option(min=1, max=256, help="Questions asked at once.")]
Patience = Annotated[float, typer.Option(min=0, help="Minutes to wait for a store that went away.")]


def limits(model: LLM, asked: Budget) -> Budget:
    """Return the budget with its defaults: 20 steps where nothing else ends the run, 1 USD where a price is known."""
    priced = is_priced(model)
    if asked.usd is not None and not priced:
        err().print(
            f"no price is known for {printable(model.name)}, so --usd limits nothing: use --tokens",
            markup=False,
            soft_wrap=True,
        )
    usd = asked.usd if asked.usd is not None or not priced else DEFAULT_USD
    endless = asked.steps is None and asked.tokens is None and asked.minutes is None and asked.until is None
    return replace(asked, steps=DEFAULT_STEPS if endless else asked.steps, usd=usd)


def is_priced(model: LLM) -> bool:
    """Tell whether asking this model is charged."""
    return model.price(Usage(1_000_000, 1_000_000)) is not None


def wait(folder: Path | None, stop: list[int], seconds: float, why: StoreAway) -> None:
    """Say that the store is away, and sleep; a Ctrl-C ends the wait, for what has arrived is on disk."""
    where = f"replies that have arrived wait in {folder}"
    if not stop:
        sentence = f"{printable(str(why))} Trying again in {seconds:.0f} s; {where}"
        err().print(sentence, markup=False, soft_wrap=True)
    until = time.monotonic() + seconds
    while time.monotonic() < until and not stop:
        time.sleep(min(0.2, seconds))
    if stop:
        err().print(f"interrupted; {where}, for the next run", markup=False, soft_wrap=True)
        raise KeyboardInterrupt


def patient(home: GraphStore, minutes: float, stop: list[int]) -> GraphStore:
    """Return a store that is waited for while its server is away."""
    return Patient(home, minutes, partial(wait, state_folder(home.url), stop))


@contextmanager
def sigint() -> Iterator[list[int]]:
    """Collect the first Ctrl-C, so that what was paid for is saved.

    The second one ends the run as soon as the replies that are under way are on disk, the third one at once: what has
    not arrived by then is lost.
    """
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) > len(STOPPING):
            os._exit(INTERRUPTED)  # a thread that waits for a reply can be ended in no other way
        err().print(STOPPING[len(seen) - 1], soft_wrap=True)
        if len(seen) > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def announce(model: LLM, budget: Budget) -> None:
    """Say which model it is, what it costs and how much may be spent."""
    per_million = model.price(Usage(1_000_000, 0)), model.price(Usage(0, 1_000_000))
    price, limit = "no known price", ""
    if is_priced(model):
        price = f"{per_million[0]:g} USD in, {per_million[1]:g} USD out a million tokens"
        limit = f"; at most {budget.usd:g} USD" if budget.usd is not None else ""
    err().print(f"model: {printable(model.name)} ({price}{limit})", markup=False)
