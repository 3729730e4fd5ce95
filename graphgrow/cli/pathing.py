"""`path`: how two concepts hang together, with the evidence of every step; and which are farthest apart."""

from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from graphgrow.cli.output import AsJson, Store, dump, printable, say, table
from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.lookup import find
from graphgrow.stores import open_store

if TYPE_CHECKING:
    from graphgrow.reason.paths import Path
    from graphgrow.reason.route import DiscoveryRequest

PAIR = 2
PROFILED = 5  # longest paths whose every concept is measured

Via = Annotated[list[str] | None, typer.Option("--via", metavar="CONCEPT", help="A concept to lead through; repeat.")]
Waypoints = Annotated[int, typer.Option(min=0, max=32, help="Lead through so many concepts more, drawn at random.")]
ByMeaning = Annotated[
    bool, typer.Option("--meanings", help="Go by what names mean: steps and waypoints, by a small local model.")
]
Beside = Annotated[int, typer.Option(min=0, max=64, help="Tell so many concepts within two relations of the path.")]
Seed = Annotated[int, typer.Option(min=0, max=2**31, help="Seed of what is drawn.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(path)


def path(
    store: Store,
    one: Annotated[str, typer.Argument(metavar="A", help="Where the path begins.")] = "",
    other: Annotated[str, typer.Argument(metavar="B", help="Where it ends.")] = "",
    k: Annotated[int, typer.Option("--k", min=1, max=1000, help="So many paths, the shortest first.")] = 1,
    longest: Annotated[int, typer.Option(min=0, max=1000, help="The so many longest shortest paths instead.")] = 0,
    via: Via = None,
    waypoints: Waypoints = 0,
    meanings: ByMeaning = False,
    beside: Beside = 0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Show how two concepts hang together, whichever way relations point, with the evidence of every step.

    Of paths as short, the one whose keys come first in the alphabet is first.
    """
    from graphgrow.reason.discovery import local_meanings
    from graphgrow.reason.paths import concepts_beside as near
    from graphgrow.reason.paths import k_shortest, path_json
    from graphgrow.reason.route import DiscoveryRequest, choose_path

    wanted = DiscoveryRequest(one, other, 1, tuple(via or ()), waypoints, meanings, beside, seed)
    _check(wanted, k, longest)
    with closing(open_store(store)) as home:
        graph = home.graph()
        if longest:
            _longest(graph, longest, as_json=as_json)
            return
        ends = find(graph, one), find(graph, other)
        keyed = DiscoveryRequest(
            *ends, 1, tuple(find(graph, name) for name in wanted.via), waypoints, meanings, beside, seed
        )
        route_found, how = choose_path(graph, keyed, local_meanings(home))
    found = [route_found] if k == 1 else k_shortest(graph, *ends, k)
    if as_json:
        dump({"undirected": True, "how": how, "paths": [path_json(graph, each) for each in found],
              "beside": [graph.name(key) for key in near(graph, route_found, beside)]})  # fmt: skip
        return
    for number, each in enumerate(found, 1):
        _show(graph, each, f"{number}. " if k > 1 else f"{how}: ")
    if beside:
        say(f"beside it: {', '.join(graph.name(key) for key in near(graph, route_found, beside))}")


def _check(wanted: "DiscoveryRequest", k: int, longest: int) -> None:
    special = wanted.via or wanted.waypoints or wanted.meanings
    if longest and (wanted.source or wanted.target or k > 1 or special or wanted.beside):
        raise BadInput("--longest looks at the whole graph: leave out the concepts and the other options")
    if not longest and not (wanted.source and wanted.target):
        raise BadInput("a path has two ends: name two concepts, or ask for --longest N")
    if k > 1 and special:
        raise BadInput("--k counts the shortest paths: it does not go with --via, --waypoints or --meanings")


def _show(graph: Graph, path: "Path", title: str) -> None:
    """Print a path and the evidence of its steps."""
    from graphgrow.reason.paths import path_json

    say(f"{title}{len(path) - 1} steps: {' - '.join(printable(graph.name(key)) for key in path)}")
    table(
        (" step", "source", "predicate", "target", " support", "events", "in these words"),
        _rows(path_json(graph, path)),
    )


def _rows(found: dict[str, Any]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for number, hop in enumerate(found["hops"], 1):
        for one in hop["relations"]:
            events = ", ".join(dict.fromkeys(str(said["event"]) for said in one["said"]))
            words = "; ".join(dict.fromkeys(" - ".join(said["words"]) for said in one["said"]))
            rows.append((number, one["source"], one["predicate"], one["target"], one["support"], events, words))
    return rows


def _longest(graph: Graph, count: int, *, as_json: bool) -> None:
    """Print the longest shortest paths, what their concepts are like, and what goes together along the longest 30."""
    from graphgrow.reason.paths import CENTRALITIES, CORRELATED, centralities, longest, path_correlations, path_json

    found = longest(graph, count)
    values = centralities(graph)
    together = path_correlations(graph)
    if as_json:
        rows = [path_json(graph, each) | {"central": [values[key] for key in each]} for each in found]
        dump({"undirected": True, "paths": rows, "correlated": together})
        return
    table((" rank", " steps", "along"),
          [(n, len(each) - 1, " - ".join(map(graph.name, each))) for n, each in enumerate(found, 1)])  # fmt: skip
    for rank, each in enumerate(found[:PROFILED], 1):
        say("")
        table(("concept", *(f" {name}" for name in CENTRALITIES)),
              [(graph.name(key), *values[key].values()) for key in each], f"path {rank}")  # fmt: skip
    r = cast("dict[str, dict[str, float | None]]", together["correlations"])
    if r:
        say("")
        table(("", *(f" {name}" for name in r)), [(name, *row.values()) for name, row in r.items()],
              f"Pearson's r between means along the {together['paths']} longest of at most {CORRELATED}")  # fmt: skip
