"""Files brought into a store: names are kept, what hygiene would say and doubts are said, and nothing comes twice."""

from pathlib import Path

import pytest

import graphgrow
from graphgrow.api import imports
from graphgrow.errors import BadInput
from graphgrow.export import parts
from graphgrow.graph.graph import fold
from graphgrow.stores.copying import copy
from graphgrow.stores.memory import MemoryStore

HEAD = "subject,relation,object\n"
FILE = HEAD + (
    "carbon nanotubes,improve,strength\n"
    "carbon nanotube (CNT),is,durable\n"
    "aluminium fibre,resists,X-ray diffraction (XRD)\n"
    "aluminum fibers,resists,XRD\n"
    "nanotubes of carbon,protects vehicles,tensile strength\n"
)
DOUBTS = {
    frozenset(("carbon nanotube", "carbon nanotube (cnt)")),
    frozenset(("aluminium fibre", "aluminum fiber")),
    frozenset(("x ray diffraction (xrd)", "xrd")),
    frozenset(("nanotube of carbon", "carbon nanotube (cnt)")),
}


def written(path: Path, text: str) -> Path:
    """Return a file that holds a text."""
    path.write_text(text, encoding="utf-8")
    return path


def test_imported_names_are_kept_and_what_may_be_one_is_asked(tmp_path: Path) -> None:
    """Hygiene and merges of a run are only said; doubts stand in the queue, and the log replays to the same graph."""
    with graphgrow.open(tmp_path / "g.db", create=True) as graph:
        found = graph.import_file(written(tmp_path / "t.csv", FILE))
        assert {frozenset(doubt.concepts) for doubt in found.doubts} == DOUBTS
        assert {frozenset(doubt.concepts) for doubt in graph.graph().doubts()} == DOUBTS
        assert (found.concepts, len(graph.concepts)) == (10, 10)
        assert found.broken == {"bare adjective": ["durable"]}
        copy(graph, again := MemoryStore())
        assert list(again.events()) == list(graph.events())
        assert again.graph().concepts == graph.graph().concepts


def test_an_import_goes_on_where_it_ended_and_brings_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever part was saved, in a new store and in one that holds a graph."""
    file = written(tmp_path / "t.csv", HEAD + "".join(f"silk {n},holds,fibre {n}\n" for n in range(30)))
    monkeypatch.setattr(imports, "parts", lambda delta: parts(delta, 20))
    for before in ("", HEAD + "silk 1,holds,fibre 1\n"):
        whole = MemoryStore()
        graph = graphgrow.KnowledgeGraph(whole)
        if before:
            graph.import_file(written(tmp_path / "before.csv", before))
        assert graph.import_file(file, append=bool(before)).saved == len(list(whole.events())) - bool(before)
        for kept in range(1 + bool(before), len(list(whole.events()))):
            copy(whole, part := MemoryStore(), kept)
            assert graphgrow.KnowledgeGraph(part).import_file(file, append=bool(before)).saved > 0
            assert list(part.events()) == list(whole.events())
        assert graph.import_file(file, append=bool(before)).saved == 0


def test_an_import_adds_to_a_graph_that_is_there(tmp_path: Path) -> None:
    """Known relations gain evidence, known names spellings, new ones are compared; what was rejected stays out."""
    with graphgrow.open(tmp_path / "g.db", create=True) as graph:
        graph.import_file(written(tmp_path / "a.csv", HEAD + "carbon fibre,resists,impact\nglue,joins,wood\n"))
        graph.edits.reject("glue")
        more = written(tmp_path / "b.csv", HEAD + "Carbon Fibre,resists,impact\ncarbon fibers,hold,glue\n")
        with pytest.raises(BadInput, match="--append"):
            graph.import_file(more)
        found = graph.import_file(more, append=True)
        now = graph.graph()
        assert (found.concepts, found.relations, found.rejected) == (1, 0, ("glue",))
        assert [doubt.concepts for doubt in found.doubts] == [("carbon fiber", "carbon fibre")]
        assert now.concepts["carbon fibre"].aliases == ("Carbon Fibre",)
        assert [len(evidence) for evidence in now.relations.values()] == [2]
        assert "glue" not in now.concepts
        assert fold(graph.events()).concepts == now.concepts


def test_among_many_names_ways_of_writing_are_compared_and_likeness_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the limit a slip of the pen is not found, another spelling is."""
    file = written(tmp_path / "t.csv", HEAD + "aluminium fibre,resists,impact\naluminum fiber,resists,impackt\n")
    assert len(graphgrow.KnowledgeGraph(MemoryStore()).import_file(file).doubts) == 2
    monkeypatch.setattr(imports, "MOST_ALIKE", 3)
    found = graphgrow.KnowledgeGraph(MemoryStore()).import_file(file)
    assert not found.is_likeness_compared
    assert [doubt.concepts for doubt in found.doubts] == [("aluminum fiber", "aluminium fibre")]
