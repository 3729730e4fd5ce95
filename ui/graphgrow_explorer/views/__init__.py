"""The views of a graph, in the order in which the page lists them."""

from collections.abc import Callable
from dataclasses import dataclass

from graphgrow_explorer.state import Home
from graphgrow_explorer.views import communities, graph, growth, paths, review, steps, thoughts


@dataclass(frozen=True, slots=True)
class View:
    """One view: its name in the address, its title and icon, and what draws it."""

    name: str
    title: str
    icon: str
    draw: Callable[[Home], None]


VIEWS = {
    view.name: view
    for view in (
        View("graph", "Graph", ":material/hub:", graph.draw),
        View("growth", "Growth", ":material/show_chart:", growth.draw),
        View("communities", "Communities", ":material/bubble_chart:", communities.draw),
        View("paths", "Paths & discovery", ":material/conversion_path:", paths.draw),
        View("thoughts", "Ask & ideas", ":material/forum:", thoughts.draw),
        View("review", "Review", ":material/rule:", review.draw),
        View("runs", "Runs", ":material/play_circle:", steps.draw),
    )
}
