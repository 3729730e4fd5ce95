"""The views of a graph, in the order in which the page lists them."""

from collections.abc import Callable
from dataclasses import dataclass

from graphgrow_explorer.views import communities, graph, growth, paths, review, runs, thoughts
from graphgrow_explorer.workspace import Workspace


@dataclass(frozen=True, slots=True)
class View:
    """One view: its name in the address, its title and icon, what draws it, and whether it hears news by itself."""

    name: str
    title: str
    icon: str
    draw: Callable[[Workspace], None]
    is_live: bool = False


VIEWS = {
    view.name: view
    for view in (
        View("graph", "Graph", ":material/hub:", graph.draw, is_live=True),
        View("growth", "Growth", ":material/show_chart:", growth.draw),
        View("communities", "Communities", ":material/bubble_chart:", communities.draw),
        View("paths", "Paths & discovery", ":material/conversion_path:", paths.draw),
        View("thoughts", "Ask & ideas", ":material/forum:", thoughts.draw),
        View("review", "Review", ":material/rule:", review.draw),
        View("runs", "Runs", ":material/play_circle:", runs.draw),
    )
}
