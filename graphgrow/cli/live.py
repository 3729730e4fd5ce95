"""The live view of a run on stderr: step, strategy and reason, concepts just added, totals, speed, money, time left."""

import time
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from graphgrow.cli.log import angle_in_words
from graphgrow.cli.output import counted, err, size_in_words
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Budget, Expansion
from graphgrow.growth.loop import Growth

RECENT = 6
BAR = 24
LONG = 90  # seconds; beyond it minutes read better


class LiveView:
    """Shows a run while it goes on; where stderr is no terminal it prints a line per step instead."""

    def __init__(self, growth: Growth, budget: Budget) -> None:
        self._growth, self._budget = growth, budget
        self._started = time.monotonic()
        self._lines: list[Text] = []
        self._tokens = self._seconds = 0.0
        self._console = err()
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._render, transient=True)

    def __enter__(self) -> Self:
        for sentence in self._growth.notices:
            self.note(sentence)
        self._growth.say = self.note
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, event: Expansion) -> None:
        """Take in an event that has been committed: what was asked and why, and what it brought or why nothing."""
        self._tokens += event.reply.usage.completion_tokens
        self._seconds += event.reply.seconds
        delta = event.delta
        line = Text(f"{self._growth.steps:>4} {event.focus.strategy:<9}", style="cyan")
        names = ", ".join(clean(self._growth.graph.name(key)) for key in event.focus.concepts)
        line.append(f" {names} ({angle_in_words(event)})", style="bold")
        line.append(f": {clean(event.focus.reason)} ", style="dim")
        if delta.new_concepts:
            line.append(
                f"+{len(delta.new_concepts)} {', '.join(one.name for one in delta.new_concepts)}", style="green"
            )
        elif delta.relations:
            line.append(f"+{counted(len(delta.relations), 'relation')} between known concepts", style="green")
        elif delta.questions:
            line.append(f"?{len(delta.questions)} {'; '.join(map(clean, delta.questions))}", style="green")
        if delta.merged:
            line.append(f" ={counted(len(delta.merged), 'other name')} of known concepts", style="green")
        if event.reason:
            line.append(f" [{event.outcome}] {event.reason}", style="yellow")
        self._lines = [*self._lines, line][-RECENT:]
        if not self._console.is_terminal:
            self._console.print(line, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Say something about the run as a whole."""
        self._console.print(Text(clean(sentence), style="yellow"), soft_wrap=True)

    def _render(self) -> Group:
        graph, bill, steps = self._growth.graph, self._growth.graph.bill, self._budget.steps
        speed = self._tokens / self._seconds if self._seconds else 0.0  # completion tokens a second, over this run
        spent, done = time.monotonic() - self._started, self._growth.steps
        time_left = f"{spent:.0f} s so far"
        if done and steps is not None:
            left = spent / done * (steps - done)
            time_left = f"about {left / 60:.0f} min left" if left >= LONG else f"about {left:.0f} s left"
        cells = [
            f"step {done}" + (f"/{steps}" if steps else ""),
            size_in_words(graph, ", "),
            f"{bill.tokens:,} tokens, {speed:.0f}/s",
            *([f"{bill.usd:.4f} USD"] if bill.usd else []),
            time_left,
        ]
        totals = Table.grid(padding=(0, 3))
        bar = ProgressBar(total=steps, completed=done, width=BAR, pulse=steps is None)
        totals.add_row(bar, *(Text(cell, style="bold") for cell in cells))
        return Group(*self._lines, totals)
