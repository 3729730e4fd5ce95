"""Hidden graphs ready made or out of files and stores, and the benchmark that is run on them."""

import os
import sys
from contextlib import closing
from pathlib import Path
from subprocess import PIPE, run

import networkx as nx
import pytest
from typer.testing import CliRunner

from graphgrow.api.models import KINDS, hidden_graph, make_world, open_llm, open_world
from graphgrow.cli import command_line
from graphgrow.errors import BadInput
from graphgrow.export import export
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.llm.simulated.shapes import DEGREE
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.parse.reply import parse
from graphgrow.stores import open_store
from tests.llm.test_world import grown, question
from tests.processes import started


@pytest.mark.parametrize("kind", KINDS)
def test_made_worlds_are_reproducible_connected_and_named(kind: str) -> None:
    """One seed, one graph; every concept has a name that hygiene lets pass, a community, and relations a predicate."""
    from graphgrow.resolve.hygiene import broken_rule

    one, same, other = make_world(kind, 400, 1), make_world(kind, 400, 1), make_world(kind, 400, 2)
    assert nx.utils.graphs_equal(one, same)
    assert set(one) != set(other)
    assert nx.is_connected(one)
    assert len({canonical(name) for name in one}) == len(one) > 380
    assert not [name for name in one if broken_rule(name, str(one.graph["topic"]))]
    assert 2 * one.number_of_edges() / len(one) == pytest.approx(DEGREE, abs=1.5)
    assert all("predicate" in data and data["source"] in (a, b) for a, b, data in one.edges(data=True))
    assert len({one.nodes[name]["community"] for name in one}) > 3


def test_made_worlds_differ_in_shape() -> None:
    """Hubs in two of them, none in the hierarchy, whose topic is its root; communities that are clearly planted."""
    made = {kind: make_world(kind, 800, 1, degree=20) for kind in KINDS}
    most = {kind: max(degree for _, degree in graph.degree) for kind, graph in made.items()}
    assert most["hierarchy"] < 50 < most["communities"] < most["scale-free"]
    part = nx.get_node_attributes(made["communities"], "community")
    inside = sum(part[a] == part[b] for a, b in made["communities"].edges) / made["communities"].number_of_edges()
    assert 0.8 < inside < 0.95


@pytest.mark.parametrize(("kind", "size", "degree"), [("torus", 100, 12), ("hierarchy", 5, 2), ("hierarchy", 100, 1)])
def test_a_world_that_cannot_be_made_is_refused(kind: str, size: int, degree: float) -> None:
    """An unknown shape, too few concepts, too few neighbours."""
    with pytest.raises(BadInput):
        make_world(kind, size, 0, degree=degree)


def test_files_and_stores_are_hidden_graphs(tmp_path: Path) -> None:
    """A grown graph, and its export in every format, are the truth of a world with the same concepts and relations."""
    store = tmp_path / "graph.db"
    grown(store, World(make_world("communities", 300, 1)))
    with closing(open_store(str(store))) as home:
        graph = home.graph()
    expected = hidden_graph(str(store))
    assert expected.graph["topic"] == graph.topic
    assert set(expected) == {concept.name for concept in graph.concepts.values()}
    for ending in ("graphml", "json", "csv"):
        export(graph, tmp_path / f"graph.{ending}")
        found = hidden_graph(str(tmp_path / f"graph.{ending}"))
        assert set(found) == set(expected)
        assert set(map(frozenset, found.edges)) == set(map(frozenset, expected.edges))


def test_a_world_is_opened_by_name(tmp_path: Path) -> None:
    """Dials and seed follow a question mark, and the environment does not change what world: means."""
    world = open_llm("world:communities?k=3&seed=4&junk=0&size=200", env={"OPENAI_API_KEY": "k"})
    assert isinstance(world, World)
    assert world.settings == WorldSettings(k=3, junk=0)
    assert set(world.hidden.neighbours) == set(make_world("communities", 200, 4))
    assert world.price(world.ask(question(Graph(), "x")).usage) is None
    world.close()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("none.graphml", "none.graphml"),
        ("none.db", "none.db"),
        ("communities?q=1", "no dial q"),
        ("communities?k=many", "k='many'"),
        ("communities?k=2.5", "whole"),
        ("communities?seed=nan", "seed"),
        ("communities?recall=3", "recall"),
        ("torus", "torus"),
    ],
)
def test_a_name_that_opens_no_world_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, why: str
) -> None:
    """A missing file, an unknown dial, a value that is no number: the sentence says which."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=why):
        open_world(f"world:{name}")


def test_the_command_line_grows_against_a_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run against a made world, one against what came of it, and no bill."""
    monkeypatch.chdir(tmp_path)
    topic = str(make_world("communities", 300, 1).graph["topic"])
    for store, place in (("one.db", "communities?size=300&seed=1"), ("two.db", "one.db?junk=0")):
        words = ["grow", topic, "--llm", f"world:{place}", "--store", store, "--steps", "5", "--json"]
        done = CliRunner().invoke(command_line(), words, catch_exceptions=False)
        assert done.exit_code == 0, done.stderr
        assert "no known price" in done.stderr
        assert len(done.stdout.splitlines()) == 5


def test_the_benchmark_of_policies_prints_its_tables(tmp_path: Path) -> None:
    """Two policies on small worlds: a table a kind with intervals, and what is kept is not done again."""
    program = Path(__file__).parents[2] / "benchmarks" / "policies.py"
    words = "--world --seeds 2 --questions 8 --size 120 --jobs 1 --policies bfs latest --keep trials.jsonl".split()
    for missing in (12, 0):
        done = run([sys.executable, str(program), *words], cwd=tmp_path, text=True, capture_output=True, check=True)
        assert done.stdout.count("| bfs |") == 3
        assert " ± " in done.stdout
        assert f"{missing} trials" in done.stdout


def test_another_process_says_the_same() -> None:
    """Neither the order of sets nor the hashing of strings plays a part."""
    program = (
        "from graphgrow.api.models import open_world; from graphgrow.graph.model import Asks, Prompt\n"
        "world = open_world('world:communities?size=300&seed=3')\n"
        'print(world.ask(Prompt("", "what?", asks=Asks("expand", (world.hidden.topic,)))).text)'
    )
    command = [sys.executable, "-c", program]
    with (
        started(command, env=os.environ | {"PYTHONHASHSEED": "1"}, text=True, stdout=PIPE) as one,
        started(command, env=os.environ | {"PYTHONHASHSEED": "7"}, text=True, stdout=PIPE) as other,
    ):
        texts = [run.communicate()[0] for run in (one, other)]
    assert texts[0] == texts[1]
    assert parse(texts[0]).triples
