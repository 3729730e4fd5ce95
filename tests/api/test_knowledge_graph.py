"""What graphgrow.open returns: tables, numbers, pictures, decisions; and that it stands wherever a store is wanted."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from inspect import isfunction, signature
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphgrow
from graphgrow.api import KnowledgeGraph, frames
from graphgrow.api.graph_edits import GraphEdits
from graphgrow.api.reasoning import GraphReasoning
from graphgrow.errors import BadInput, StoreError
from graphgrow.export.svg import draw
from graphgrow.graph.display import card, cell, line, table
from graphgrow.measure.history import COLUMNS as HISTORY
from graphgrow.measure.panel import NAMES
from graphgrow.stores import GraphStore, open_store
from tests.conftest import RECORDED, chatter, triples
from tests.fact_checks import checked_log
from tests.processes import finished

HOSTILE = "<script>alert(1)</script>"
TABLES = ("concepts", "relations", "steps", "communities", "strategies", "doubts", "bills")


@pytest.fixture(scope="module")
def recorded() -> Iterator[KnowledgeGraph]:
    """Yield the recorded run, opened from its file."""
    with graphgrow.open(str(RECORDED)) as graph:
        yield graph


@pytest.fixture
def silk(tmp_path: Path) -> Iterator[KnowledgeGraph]:
    """Yield a small graph on disk, grown by a script."""
    with graphgrow.open(str(tmp_path / "silk.db"), create=True) as graph:
        graph.grow("spider silk", graphgrow.Scripted(chatter(6)), steps=6).run()
        yield graph


def parsed(text: str) -> Element:
    """Return SVG or XHTML of ours as a tree; raises where it is not well-formed."""
    return fromstring(text)  # noqa: S314  # made here


def hostile() -> KnowledgeGraph:
    """Return a graph in which every text that a model can say is mark-up."""
    graph = graphgrow.open("memory:", create=True)
    said = triples(("spider silk", HOSTILE, f"x {HOSTILE}"), (f"x {HOSTILE}", "contains", "protein"))
    graph.grow(
        f"silk {HOSTILE}", graphgrow.Scripted([said, triples(("spider silk", "contains", "protein"))]), steps=2
    ).run()
    graph.edits.add("spider silk", "is", f"<img src=x onerror='{HOSTILE}'>", reason=HOSTILE)
    return graph


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_its_documented_columns(recorded: KnowledgeGraph, name: str) -> None:
    """The columns, the index first, are those of COLUMNS; the docstring tells how many there are."""
    found = getattr(recorded, name)
    columns = ([found.index.name] if found.index.name else []) + list(found.columns)
    assert columns == list(frames.COLUMNS[name])
    assert f", {found.shape[1]})" in (getattr(KnowledgeGraph, name).__doc__ or "")
    assert len(found)


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_graph_has_empty_tables(name: str) -> None:
    """Tables of nothing have their columns and no row, but for the strategies, which wait to be drawn."""
    with graphgrow.open("memory:", create=True) as graph:
        found = getattr(graph, name)
        assert list(found.columns) == list(frames.COLUMNS[name])[-found.shape[1] :]
        assert name == "strategies" or found.empty
        assert repr(graph)
        assert graph._repr_html_()
        assert parsed(graph.draw().svg) is not None
        assert graph.measure()["nodes"] == 0
        assert graph.history().empty
        assert graph.hubs().empty
        assert graph.bridges().empty
        assert not len(graph.to_networkx())
        assert graph.to_igraph().vcount() == 0


def test_tables_agree_with_the_panel(recorded: KnowledgeGraph) -> None:
    """Concepts and relations are counted alike wherever they are; communities found from scratch are about as many."""
    panel, concepts = recorded.measure(), recorded.concepts
    assert len(concepts) == panel["nodes"]
    assert len(recorded.relations) == panel["relations"]
    assert len(recorded.communities) == pytest.approx(panel["communities"], rel=0.2)
    assert (concepts["participation"] > 0).sum() == pytest.approx(panel["bridge_concepts"], rel=0.2)
    assert concepts["degree"].max() == panel["max_degree"]
    assert recorded.communities["size"].sum() == panel["nodes"]
    assert recorded.communities["inside"].sum() * 2 + recorded.communities["outside"].sum() == concepts["degree"].sum()
    assert recorded.steps["tokens"].sum() == recorded.graph().bill.tokens
    assert list(panel) == list(NAMES)
    assert f"{len(NAMES)} numbers" in (KnowledgeGraph.measure.__doc__ or "")


def test_modularity_is_one_number(recorded: KnowledgeGraph) -> None:
    """The panel, the last row of the history and what null models are compared with have the same one."""
    chance = recorded.nulls(samples=2)
    found = {recorded.measure()["modularity_leiden"], recorded.history(every=100)["modularity_leiden"].iloc[-1]}
    assert found == set(chance["observed"][chance["metric"] == "modularity_leiden"])
    assert len(found) == 1


def test_history_holds_a_row_an_event(recorded: KnowledgeGraph) -> None:
    """Its shape is the documented one, and its last row is the panel."""
    found = recorded.history(every=100)
    assert found.shape == (300, len(HISTORY) - 1)
    assert f"(events, {len(HISTORY) - 1})" in (KnowledgeGraph.history.__doc__ or "")
    assert found["diameter"].notna().sum() == 3
    assert found["diameter"].iloc[-1] == recorded.measure()["diameter"]
    assert recorded.measure(at=100)["nodes"] == found.loc[100, "nodes"]


def test_hubs_bridges_and_chance(recorded: KnowledgeGraph) -> None:
    """The topic leads hubs and bridges; null models come as a table."""
    hubs, bridges = recorded.hubs(above=9), recorded.bridges(every=150, top=3)
    assert hubs.index[0] == bridges.columns[0] == "impact resistant material"
    assert list(hubs.columns) == list(frames.COLUMNS["hubs"])[1:]
    assert bridges.shape == (2, 3)
    assert {"metric", "model", "observed", "mean", "low", "high", "z"} <= set(recorded.nulls(samples=2).columns)


def test_other_libraries_get_names_and_relations(recorded: KnowledgeGraph) -> None:
    """Other libraries hold what the tables hold, parallel relations and all."""
    nodes, edges = len(recorded.concepts), len(recorded.relations)
    nx, ig = recorded.to_networkx(), recorded.to_igraph()
    assert (nx.number_of_nodes(), nx.number_of_edges()) == (ig.vcount(), ig.ecount()) == (nodes, edges)
    assert nx.nodes["ceramic"]["label"] == ig.vs.find(name="ceramic")["label"]
    assert nx.graph["topic"] == ig["topic"] == recorded.topic
    assert ig.as_undirected().simplify().ecount() == recorded.measure()["simple_edges"]
    said = {(s, p, t) for s, t, p in nx.edges(keys=True)}
    assert said == set(recorded.relations[["source_key", "predicate", "target_key"]].itertuples(index=False, name=None))


def test_it_stands_wherever_a_store_is_wanted(tmp_path: Path) -> None:
    """`graphgrow.grow` and `closing` take it; another opener of the file sees the same log."""
    with closing(graphgrow.open(str(tmp_path / "g.db"), create=True)) as graph:
        store: GraphStore = graph
        told = list(
            graphgrow.grow("spider silk", store, graphgrow.Scripted(chatter(2)), budget=graphgrow.Budget(steps=2))
        )
        assert [event.seq for event in told] == [1, 2]
        assert len(graph.steps) == 2
    with closing(open_store(str(tmp_path / "g.db"))) as other:
        assert [event.seq for event in other.events()] == [1, 2]


def test_it_follows_what_others_write(silk: KnowledgeGraph) -> None:
    """A table is of the log as it is when it is asked for."""
    before = len(silk.concepts)
    with graphgrow.open(silk.url) as other:
        other.edits.add("spider silk", "resembles", "nacre")
    assert len(silk.concepts) == before + 1


def test_decisions_are_events_that_can_be_taken_back(silk: KnowledgeGraph) -> None:
    """Each correction and directive by its name; the log tells them all."""
    before = silk.relations
    silk.edits.merge("protein 1", "protein 2", reason="one family")
    silk.edits.unmerge("protein 2")
    silk.edits.apart("protein 3", "protein 4")
    silk.edits.reject("sheet 1")
    silk.edits.restore("sheet 1")
    silk.edits.reject("protein 2", "forms", "sheet 2")
    silk.edits.restore("protein 2", "forms", "sheet 2")
    silk.edits.rename("sheet 3", "beta sheet")
    silk.edits.retype("protein 4", "forms", "sheet 4", "becomes")
    silk.edits.pin("protein 5")
    silk.edits.unpin("protein 5")
    silk.edits.forbid("protein 5")
    silk.edits.allow("protein 5")
    silk.edits.focus("protein 6", reason="next")
    silk.edits.withdraw(silk.edits.instruct("Name numbers").seq)
    done = silk.steps.query("kind == 'edit'")
    assert len(done) == 16
    assert "one family" in done.iloc[0]["why"] or "protein 1" in done.iloc[0]["why"]
    assert len(silk.relations) == len(before)
    assert "beta sheet" in set(silk.concepts["name"])
    with pytest.raises(BadInput, match="no concept 'nacre'"):
        silk.edits.merge("nacre", "protein 1")


def test_an_edit_is_undone_by_its_number(silk: KnowledgeGraph) -> None:
    """Undoing is an edit too; what is no edit cannot be undone."""
    before = set(silk.concepts.index)
    silk.edits.undo(silk.edits.merge("protein 1", "protein 2").seq)
    assert set(silk.concepts.index) == before
    for event in (1, 0):
        with pytest.raises(BadInput, match="cannot be undone"):
            silk.edits.undo(event)


def test_members_of_the_namespaces_are_called_on_the_graph_too(silk: KnowledgeGraph) -> None:
    """`graph.merge` is `graph.edits.merge`, `graph.path` is `graph.think.path`; other names are no attributes."""
    graph: Any = silk
    assert graph.merge("protein 1", "protein 2").edit == "merge"
    assert graph.unmerge("protein 2").edit == "unmerge"
    assert graph.path("protein 1", "sheet 1") == silk.think.path("protein 1", "sheet 1")
    for name in ("embroider", "_commit", "_store_of_another"):
        with pytest.raises(AttributeError, match=name):
            getattr(graph, name)


def test_a_closed_graph_says_so(tmp_path: Path) -> None:
    """Closing twice is fine; reading raises one sentence, and the repr still works."""
    graph = graphgrow.open(str(tmp_path / "g.db"), create=True)
    graph.close()
    graph.close()
    assert "closed" in repr(graph)
    assert "closed" in graph._repr_html_()
    with pytest.raises(StoreError, match="was closed: open it again"):
        _ = graph.concepts


def test_a_closed_graph_in_memory_is_not_an_empty_one() -> None:
    """Whatever a store can be asked raises the same sentence, and nothing is written to nowhere."""
    graph = graphgrow.open("memory:", create=True)
    graph.edits.add("silk", "contains", "fibroin")
    graph.close()
    for act in (graph.graph, graph.events, graph.append, graph.projection, lambda: graph.measure(at=1)):
        with pytest.raises(StoreError, match="was closed: open it again"):
            act()


def test_a_path_opens_as_its_text_does(tmp_path: Path) -> None:
    """A `Path` of a store and of a run."""
    with graphgrow.open(tmp_path / "g.db", create=True) as graph:
        graph.edits.add("silk", "contains", "fibroin")
    with graphgrow.open(tmp_path / "g.db") as graph, graphgrow.open(RECORDED) as run:
        assert len(graph.concepts) == 2
        assert run.topic


def test_a_doubt_waits_until_it_is_decided(silk: KnowledgeGraph) -> None:
    """Two concepts that somebody doubts stand in `doubts`, and no longer once they are kept apart."""
    before = len(silk.doubts)
    silk.edits.doubt("protein 1", "protein 2", reason="the same?")
    assert len(silk.doubts) == before + 1
    silk.edits.apart("protein 1", "protein 2")
    assert len(silk.doubts) == before


def test_judgements_are_asked_of_a_graph_too(silk: KnowledgeGraph) -> None:
    """A judge that cannot judge is refused; an empty answer is one sentence."""
    assert silk.think.judge("Why?", "Because.", "So.", graphgrow.Scripted(["no"] * 99)).verdict == "refused"
    with pytest.raises(BadInput, match="first answer is empty"):
        silk.think.judge("Why?", "", "So.", graphgrow.Scripted([]))


@pytest.mark.parametrize("how", [{"width": -5}, {"most": 0}, {"reach": -1}])
def test_a_picture_of_no_size_is_one_sentence(silk: KnowledgeGraph, how: dict[str, int]) -> None:
    """No broken SVG, and no silent nothing."""
    with pytest.raises(BadInput, match=r"draws nothing: give \d+ or more"):
        silk.draw(**how)  # type: ignore[arg-type]  # any of the three


def test_models_by_name_are_opened_once_and_closed(tmp_path: Path) -> None:
    """A world asked for by name twice is one model."""
    with graphgrow.open(str(tmp_path / "g.db"), create=True) as graph:
        name = "world:communities?size=60&seed=1"
        graph.grow("x", name, steps=2).run()
        graph.grow(None, name, steps=2).run()
        assert len(graph._models) == 1
        assert len(graph.steps) == 4
    with pytest.raises(BadInput, match="give one of the two"):
        graph.grow("x", name, steps=2, budget=graphgrow.Budget(steps=2))


def test_a_run_is_opened_in_memory(tmp_path: Path) -> None:
    """What is done to an opened run does not reach its file; a copy keeps it; a missing file is one sentence."""
    size = RECORDED.stat().st_size
    with graphgrow.open(str(RECORDED)) as graph:
        graph.edits.add("nacre", "resists", "crack growth")
        with graph.copy(str(tmp_path / "kept.db")) as kept:
            assert len(kept.steps) == 301
        assert graph.export(tmp_path / "g.graphml").stat().st_size > 1000
    assert RECORDED.stat().st_size == size
    with pytest.raises(BadInput, match=r"there is no run nowhere\.jsonl"):
        graphgrow.open("nowhere.jsonl")


def test_a_picture_is_valid_and_shows_what_was_asked_for(recorded: KnowledgeGraph, tmp_path: Path) -> None:
    """SVG of so many concepts, the named ones always among them, saved under an .svg name alone."""
    whole = recorded.draw(most=50)
    assert "50 of 561 concepts" in whole.svg
    assert len(parsed(whole.svg).findall(".//{*}circle")) == 50
    near = recorded.draw("carbon fiber", most=5)
    assert ">carbon fiber</text>" in near.svg
    chain = recorded.draw(path=["carbon fiber", "glass fiber", "fibers"])
    assert ">carbon fiber</text>" in chain.svg
    assert recorded.draw(most=50).svg == whole.svg
    assert (tmp_path / "p.svg") == whole.save(tmp_path / "p.svg")
    with pytest.raises(BadInput, match=r"ends in \.svg"):
        whole.save(tmp_path / "p.png")
    with pytest.raises(BadInput, match="no concept"):
        recorded.draw("phlogiston and aether")


def test_hostile_text_is_text_in_every_repr() -> None:
    """What a model says is escaped in every card and picture, and stays on the line of a repr."""
    with hostile() as graph:
        growth = graph.grow(None, graphgrow.Scripted([triples((HOSTILE, "is", "silk"))]), steps=1)
        shown = [graph, growth, growth.run(), *graph.events()]
        for one in shown:
            assert "<script" not in one._repr_html_()
            assert "<img" not in one._repr_html_()
            assert "\n" not in repr(one)
        svg = graph.draw().svg
        assert "<script" not in svg
        assert parsed(svg) is not None
        assert "<script" not in graph.concepts.to_html()


@given(st.text())
def test_a_cell_is_one_escaped_line(text: str) -> None:
    """Whatever the text: no mark-up, no control character, no direction that leaks."""
    inside = cell(text).removeprefix("<bdi>").removesuffix("</bdi>")
    assert not set(inside) & set("<>\"'")
    assert line(text).isprintable()
    assert parsed(card(text, {text: text}, table([text], [[text]]))) is not None


@given(st.lists(st.text(min_size=1), min_size=2, max_size=6, unique=True))
def test_every_graph_can_be_drawn(names: list[str]) -> None:
    """Names of any characters give well-formed SVG."""
    with graphgrow.open("memory:", create=True) as graph:
        said = triples(*((names[0], "is", other) for other in names[1:]))
        graph.grow("anything at all", graphgrow.Scripted([said, said]), steps=1).run()
        assert parsed(draw(graph.graph()).svg) is not None


def test_paths_come_with_their_evidence(recorded: KnowledgeGraph) -> None:
    """The shortest first, the longest of all, the relations of each hop; what is not there is one sentence."""
    ways = recorded.think.paths("plant cellulose", "epoxy resin", count=3)
    assert [way.steps for way in ways] == [2, 3, 3]
    assert ways[0].keys == recorded.think.path("plant cellulose", "epoxy resin").keys
    assert list(ways[0].relations["hop"].unique()) == [1, 2]
    step = ways[0].relations.iloc[0]
    assert step["confidence"] == recorded.confidence(step["source"], step["predicate"], step["target"])
    assert recorded.think.longest()[0].steps == recorded.measure()["diameter"]
    assert "ConceptPath of 2 hops: plant cellulose - polymer - epoxy resin" in repr(ways[0])
    assert "polymer" in ways[0]._repr_html_()
    with graphgrow.open("memory:", create=True) as graph:
        graph.edits.add("spider silk", "contains", "protein")
        graph.edits.add("steel", "contains", "iron")
        with pytest.raises(BadInput, match="no path leads from 'protein' to 'iron'"):
            graph.think.path("protein", "iron")


def test_thoughts_are_events_and_show_themselves(silk: KnowledgeGraph, tmp_path: Path) -> None:
    """A discovery and an answer by a script: citations that resolve, events in the log, hostile text as text."""
    said: list[dict[str, object]] = [
        {"definition": f"A fibre {HOSTILE} of spiders.", "property": "tough"},
        {"definition": "A molecule of amino acids.", "property": "folds"},
        {"synergy": "The protein carries the load of the fibre.", "principle": "load transfer"},
        {"cites": ["B1"], "name": "load", "statement": "Load goes through proteins."},
        {
            "title": "Silk by protein",
            "claims": [{"kind": "hypothesis", "text": "More protein.", "cites": ["B1", "C1"]}],
        },
    ]
    found = silk.think.discover("spider silk", "protein 1", graphgrow.Scripted([json.dumps(one) for one in said]))
    assert [one.id for one in found.statements] == ["A1", "A2", "B1", "C1", "D1"]
    assert silk.think.discoveries() == [found]
    assert "from spider silk to protein 1, 5 statements" in repr(found)
    assert not re.search(r"(?<!\\)<script", found._repr_markdown_())
    reply = json.dumps(
        {"known": True, "claims": [{"says": f"Spider silk contains protein {HOSTILE}", "cites": ["r1"]}]}
    )
    answer = silk.think.ask("What does spider silk contain?", graphgrow.Scripted([reply]))
    assert answer.claims
    assert silk.export(tmp_path / "thought.ttl").stat().st_size
    assert "<script" not in answer._repr_html_()
    assert "1 sentences" in repr(answer)
    assert set(silk.steps.query("kind == 'thought'")["strategy"]) == {"discover", "ask"}
    assert all("<script" not in event._repr_html_() and "\n" not in repr(event) for event in silk.events())


def test_ideas_come_ranked(silk: KnowledgeGraph) -> None:
    """One idea of a script, by its dials; a dial out of range is one sentence."""
    parts = "title", "hypothesis", "mechanism", "prediction", "test"
    reply = json.dumps({part: f"The {part} joins spider silk and protein 1 {HOSTILE}" for part in parts})
    (idea,) = silk.think.ideas(graphgrow.Scripted([reply]), count=1, novelty=0.2)
    assert "<Idea" in repr(idea)
    assert "<script" not in idea._repr_html_()
    with pytest.raises(BadInput, match="novelty of 2"):
        silk.think.ideas(graphgrow.Scripted([]), novelty=2)


def test_a_growth_says_how_it_stands(silk: KnowledgeGraph) -> None:
    """Before, under way, after."""
    growth = silk.grow(None, graphgrow.Scripted(chatter(9)[6:]), steps=2)
    assert "not begun" in repr(growth)
    events = iter(growth)
    next(events)
    assert "under way" in repr(growth)
    list(events)
    assert repr(growth) == "<Growth of 'spider silk': 2 steps, ended: steps>"


def test_all_is_documented_and_typed() -> None:
    """Everything in `__all__`, and every public method of what it holds, has a docstring and types."""
    assert set(graphgrow.__all__) <= set(dir(graphgrow))
    for one in (*(getattr(graphgrow, name) for name in graphgrow.__all__), GraphEdits, GraphReasoning):
        name = one.__name__
        assert (one.__doc__ or "").strip(), name
        members = vars(one) if isinstance(one, type) else {}
        inherited = (
            {} if not isinstance(one, type) else {k: v for base in one.__mro__[:-1] for k, v in vars(base).items()}
        )
        for method, value in {**inherited, **members}.items():
            if method.startswith("_") or not (isfunction(value) or isinstance(value, property)):
                continue
            assert (value.__doc__ or "").strip(), f"{name}.{method}"
            called = value.fget if isinstance(value, property) else value
            assert called
            assert signature(called).return_annotation is not signature(called).empty, f"{name}.{method}"
            assert all(p.annotation is not p.empty for n, p in signature(called).parameters.items() if n != "self"), (
                method
            )


def test_an_unknown_name_is_an_attribute_error() -> None:
    """The lazy names of the package are those of `__all__` and no others."""
    with pytest.raises(AttributeError, match="no attribute 'Gardener'"):
        _ = graphgrow.Gardener  # type: ignore[attr-defined]  # that is the test


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import graphgrow` is instant: no pandas, igraph, networkx, openai or neo4j comes with it."""
    import sys

    code = (
        "import graphgrow, sys; print([m for m in ('pandas','igraph','networkx','openai','neo4j') if m in sys.modules])"
    )
    done = finished([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_how_sure_a_relation_is_stands_beside_it(tmp_path: Path) -> None:
    """In tables and in the graphs of other libraries, from 0 to 1; what is trusted can be had alone."""
    with graphgrow.open(tmp_path / "checked.db", create=True) as graph:
        graph.append(*checked_log())
        sure = dict(zip(graph.relations["target"], graph.relations["confidence"], strict=True))
        assert [round(value, 1) for value in sure.values()] == [1.0, 0.0, 0.3]
        assert graph.confidence("Silk", "contains", "fibroin") == sure["fibroin"]
        assert list(graph.trusted()["target"]) == ["fibroin"]
        assert len(graph.trusted(0.2)) == 2
        assert len(graph.trusted(0)) == 3
        assert graph.to_networkx().edges["silk", "cement", "contains"]["confidence"] == sure["cement"]
        assert graph.to_igraph().es["confidence"] == list(sure.values())
        assert (graph.measure(confidence=0.7)["nodes"], graph.measure()["nodes"]) == (2, 4)
        graph.export(tmp_path / "sure.json", confidence=0.7)
        assert len(json.loads((tmp_path / "sure.json").read_text())["links"]) == 1
        assert "1 of them trusted" in graph._repr_html_()
        with pytest.raises(BadInput, match="no relation of this graph"):
            graph.confidence("silk", "eats", "fibroin")
        graph.edits.add("silk", "is a", "fibre")
        assert graph.confidence("silk", "is a", "fibre") == 1  # a person said so
