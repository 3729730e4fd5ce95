"""Options that mean the same in several commands, and what every command that asks a model has in common.

That is: limits, the price, said first, waiting for a store, and saving what was paid for on Ctrl-C, SIGTERM or when a
terminal is closed.
"""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from graphgrow.api.models import ModelOptions, Opening, named, open_named, open_role
from graphgrow.cli.output import note
from graphgrow.errors import StoreAway
from graphgrow.graph.confidence import TRUSTED
from graphgrow.graph.keys import clean
from graphgrow.graph.model import DEFAULT_STEPS, DEFAULT_USD, Budget, Role, Usage
from graphgrow.llm import LLM
from graphgrow.llm.options import LEAST_TOKENS, NO_OPTIONS, withheld
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import state_folder
from graphgrow.stores.retrying import RetryingStore

if TYPE_CHECKING:
    from graphgrow.reason.trust import TrustedGraph

INTERRUPTED = 130  # the exit code
STOPPING = (
    "stopping after the questions that are under way, so that what was paid for is saved; Ctrl-C again ends at once,"
    " without their replies"
)
TOGETHER = 0.5  # seconds
MOST = 2**31  # events; no log is longer

Store = Annotated[str, Argument(help="A path to a .db file, or a store URL (sqlite:PATH, neo4j://HOST?graph=NAME).")]
AsJson = Annotated[bool, Option("--json", help="Print JSON and nothing else.")]
LeastConfidence = Annotated[
    float, Option("--confidence", min=0, max=1, help="Only relations of at least this confidence, 0 to 1.")
]
Reason = Annotated[str, Option("--reason", help="Why; kept in the log.")]
Runs = Annotated[list[str], Argument(metavar="RUN RUN…", help="Stores, or run files (.jsonl, .jsonl.gz).")]

Model = Annotated[str, Option("--llm", help="A model's name, local, a .gguf file, recorded:RUN.")]
Address = Annotated[str, Option(help="The address of an OpenAI-compatible endpoint.")]
KeyEnv = Annotated[str, Option("--key-env", metavar="NAME", help="The environment variable with the API key.")]
Effort = Annotated[str, Option("--reasoning-effort", help="How much it thinks first: low, high …")]
ReplyTokens = Annotated[
    int | None, Option("--reply-tokens", min=LEAST_TOKENS, help="Limit of a reply in tokens, thinking included.")
]
LLMOptions = Annotated[str, Option("--llm-options", metavar="JSON", help="Extra parameters of each request.")]
Unprotected = Annotated[
    bool,
    Option("--unprotected", help="Continue even where replies cannot be kept on disk on their way into the store."),
]
JudgeWith = Annotated[str, Option("--judge-with", help="Another model that compares: NAME or URL#NAME.")]
Tokens = Annotated[int | None, Option(min=1, help="Stop after this many tokens.")]
Usd = Annotated[
    float | None, Option(min=0, help=f"Spending limit in USD (default {DEFAULT_USD:g} if the price is known).")
]
Temperature = Annotated[float, Option(min=0, max=2, help="Sampling temperature.")]
Width = Annotated[int, Option(min=1, max=256, help="Questions asked at once.")]
Patience = Annotated[
    float,
    Option(
        min=0,
        help="Minutes to wait for a store that is away or locked, or an endpoint that is busy or at its rate limit.",
    ),
]
Timeout = Annotated[float | None, Option(min=1, help="Seconds that a reply of an endpoint may take (default 180).")]
Confidence = Annotated[
    float | None,
    Option(min=0, max=1, help=f"Least confidence of what is read (default {TRUSTED:g} with fact checks; 0: all)."),
]
Seed = Annotated[int, Option(min=0, max=2**31, help="Seed of every draw.")]

Without = Annotated[list[str] | None, Option("--without-rule", help="A hygiene rule to leave out; repeatable.")]
Predicates = Annotated[Path | None, Option(help="A vocabulary of your own, in the form of predicates.toml.")]
Embeddings = Annotated[
    str, Option(help="Compare names by meaning too: local, or the name of an endpoint's embedding model.")
]


@dataclass(frozen=True, slots=True)
class Session:
    """What a command that asks a model works with: the model, the store, the budget with its defaults, Ctrl-C.

    `models` are those with a role of their own.
    """

    model: LLM
    store: GraphStore
    budget: Budget
    interrupts: list[int]
    models: Mapping[Role, LLM]

    def is_stopped(self) -> bool:
        """Tell whether somebody pressed Ctrl-C, or asked the process to end."""
        return bool(self.interrupts)


def note_left_out(trusted: "TrustedGraph") -> None:
    """Say how much of a graph is not read; raises BadInput where nothing is trusted."""
    if trusted.graph.relations and trusted.sentence:
        note(trusted.sentence)


@contextmanager
def session(
    opened: GraphStore,
    llm: str,
    base_url: str,
    budget: Budget,
    *,
    temperature: float = 0.7,
    patience: float = 0,
    options: ModelOptions = NO_OPTIONS,
    roles: Mapping[Role, str] = MappingProxyType({}),
) -> Iterator[Session]:
    """Open a model for an open store, say what it costs and how much may be spent, and close it at the end.

    `roles` are further models, by what they are for. The budget gets its defaults: 20 steps where nothing else ends the
    run, 1 USD where a price is known. The store is waited for, `patience` minutes, while its server is away, and so is
    an endpoint that has no room.
    """
    how: Opening = {
        "env": os.environ, "temperature": temperature, "patience": patience, "tell": lambda text: note(clean(text)),
    }  # fmt: skip
    with ExitStack() as stack:
        run = named(llm, base_url, options)
        model = stack.enter_context(closing(open_named(run, **how)))
        models: dict[Role, LLM] = {}
        for role, text in roles.items():
            models[role] = stack.enter_context(closing(open_role(role, text, run, **how)))
        interrupts = stack.enter_context(_signals())
        is_priced = any(map(_price, (model, *models.values())))
        if budget.usd is not None and not is_priced:
            note(f"no price is known for {clean(model.name)}, so --usd limits nothing: use --tokens")
        if budget.steps is None and budget.tokens is None and budget.minutes is None and budget.until is None:
            budget = replace(budget, steps=DEFAULT_STEPS)
        if budget.usd is None and is_priced:
            budget = replace(budget, usd=DEFAULT_USD)
        limit = f"; at most {budget.usd:g} USD" if is_priced else ""
        if sentence := withheld(run, os.environ):
            note(sentence)
        for name, one in (("model", model), *models.items()):
            note(f"{name}: {clean(one.name)} ({_price(one) or 'no known price'}{limit if name == 'model' else ''})")

        def wait(seconds: float, why: StoreAway) -> None:
            """Say that the store is away, and sleep; a Ctrl-C ends the wait, for what has arrived is on disk."""
            saved = f"replies that have arrived wait in {state_folder(opened.url)}"
            if not interrupts:
                note(f"{clean(str(why))} Trying again in {seconds:.0f} s; {saved}")
            until = time.monotonic() + seconds
            while time.monotonic() < until and not interrupts:
                time.sleep(min(0.2, seconds))
            if interrupts:
                note(f"interrupted; {saved}, for the next run")
                raise KeyboardInterrupt

        yield Session(model, RetryingStore(opened, patience, wait), budget, interrupts, models)


def _price(model: LLM) -> str:
    """Return what a model costs, in words; "" where no price is known."""
    reading, writing = model.price(Usage(1_000_000, 0)), model.price(Usage(0, 1_000_000))
    is_priced = reading is not None and writing is not None
    return f"{reading:g} USD in, {writing:g} USD out a million tokens" if is_priced else ""


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the first Ctrl-C, SIGTERM or SIGHUP (of a terminal that is closed), so that what was paid for is saved.

    The second one ends the program at once: what has not arrived by then is lost, all else is on disk. What comes
    within a moment of the first is the same: that a terminal is closed both the kernel and the shell tell. A signal
    that is ignored already, as by nohup, stays so.
    """
    seen: list[int] = []
    first = time.monotonic()

    def collect(number: int, _frame: object) -> None:
        nonlocal first
        if seen and time.monotonic() - first < TOGETHER:
            return
        if seen:
            os._exit(INTERRUPTED)  # a thread that waits for a reply can be ended in no other way
        seen.append(number)
        first = time.monotonic()
        with suppress(OSError):  # the terminal may be gone
            note(STOPPING)

    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {one: signal.signal(one, collect) for one in wanted if signal.getsignal(one) != signal.SIG_IGN}
    try:
        yield seen
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
