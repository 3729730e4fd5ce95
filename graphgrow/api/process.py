"""What a process does at its start that is graphgrow's own: a command or the explorer, not somebody's notebook."""

import gc
import sys
from types import ModuleType


def without_plots() -> None:
    """Keep igraph from importing matplotlib, which takes longer than all other imports of a command together.

    igraph looks for it as soon as it is imported, in order to draw. In this process `igraph.plot` cannot use it then.
    """
    finder = ModuleType("igraph.drawing.matplotlib.utils")

    def find_matplotlib() -> tuple[object, object]:
        from igraph.drawing.utils import FakeModule

        return FakeModule("no plots here"), FakeModule("no plots here")

    finder.find_matplotlib = find_matplotlib  # type: ignore[attr-defined]
    sys.modules.setdefault(finder.__name__, finder)


def collect_seldom() -> None:
    """Look for cycles of objects every 50,000 new ones and not every 700: frozen values have none, and graphs many."""
    gc.set_threshold(50_000, 20, 10)
