"""The live view of a run on stderr: step, strategy and reason, concepts just added, totals, speed, money, time left."""

import time
from types import TracebackType
from typing import Self

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from graphgrow.cli.output import err, printable, side
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, Expansion
from graphgrow.growth.loop import Growth

RECENT = 6
BAR = 24
LONG = 90  # seconds; beyond it minutes read better


class LiveView:
    """Shows a run while it goes on; where stderr is no terminal it prints a line a step instead."""

    def __init__(self, growth: Growth, budget: Budget) -> None:
        self._growth, self._budget = growth, budget
        self._started = time.monotonic()
        self._lines: list[Text] = []
        self._tokens = self._seconds = 0.0
        self._console = err()
        self._live = Live(console=self._console, refresh_per_second=4, get_renderable=self._render, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, event: Expansion) -> None:
        """Take in an event that has been committed."""
        self._tokens += event.reply.usage.completion_tokens
        self._seconds += event.reply.seconds
        line = event_line(event, self._growth.steps, self._growth.graph)
        self._lines = [*self._lines, line][-RECENT:]
        if not self._console.is_terminal:
            self._console.print(line, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """Say something about the run as a whole."""
        self._console.print(Text(sentence, style="yellow"), soft_wrap=True)

    def _render(self) -> Group:
        return Group(*self._lines, self._totals())

    def _bar(self) -> ProgressBar:
        return ProgressBar(
            total=self._budget.steps, completed=self._growth.steps, width=BAR, pulse=self._budget.steps is None
        )

    def _totals(self) -> Table:
        graph, bill = self._growth.graph, self._growth.graph.bill
        cells = [
            f"step {self._growth.steps}" + (f"/{self._budget.steps}" if self._budget.steps else ""),
            f"{len(graph.concepts)} concepts, {len(graph.relations)} relations",
            f"{bill.tokens:,} tokens, {self._speed():.0f}/s",
            *([f"{bill.usd:.4f} USD"] if bill.usd else []),
            self._time_left(),
        ]
        grid = Table.grid(padding=(0, 3))
        grid.add_row(self._bar(), *(Text(cell, style="bold") for cell in cells))
        return grid

    def _speed(self) -> float:
        """Return completion tokens a second over this call."""
        return self._tokens / self._seconds if self._seconds else 0.0

    def _time_left(self) -> str:
        spent, done = time.monotonic() - self._started, self._growth.steps
        if not done or self._budget.steps is None:
            return f"{spent:.0f} s so far"
        left = spent / done * (self._budget.steps - done)
        return f"about {left / 60:.0f} min left" if left >= LONG else f"about {left:.0f} s left"


def event_line(event: Expansion, step: int, graph: Graph) -> Text:
    """Return one event as a line: what was asked and why, and what it brought or why it brought nothing."""
    line = Text(f"{step:>4} {event.focus.strategy:<9}", style="cyan")
    names = ", ".join(printable(graph.name(key)) for key in event.focus.concepts)
    line.append(f" {names} ({side(event)})", style="bold")
    line.append(f": {printable(event.focus.reason)} ", style="dim")
    new = event.delta.new_concepts
    if new:
        line.append(f"+{len(new)} {', '.join(concept.name for concept in new)}", style="green")
    elif event.delta.relations:
        line.append(f"+{len(event.delta.relations)} relations between known concepts", style="green")
    elif event.delta.questions:
        line.append(f"?{len(event.delta.questions)} {'; '.join(map(printable, event.delta.questions))}", style="green")
    if event.delta.merged:
        line.append(f" ={len(event.delta.merged)} other names of known concepts", style="green")
    if event.reason:
        line.append(f" [{event.outcome}] {event.reason}", style="yellow")
    return line
