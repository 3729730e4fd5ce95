"""Exports for Neo4j, read by real servers: the Cypher script, the pair for neo4j-admin, and both by LOAD CSV."""

import json
import os
import shlex
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from neo4j import Driver, GraphDatabase

from graphgrow.export import export
from graphgrow.export.tables import guarded
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Triple
from tests.conftest import RECORDED, ROOT
from tests.export.test_export import ALL, graph_of
from tests.neo4j_server import PASSWORD, SHORT_LIVED, Server, require
from tests.processes import finished

FOUND = (
    "MATCH (a:Concept)-[r:RELATES]->(b:Concept) WHERE {where} RETURN a.name, r.predicate, b.name, r.support, r.evidence"
)
Told = set[tuple[object, object, object, int, str]]


@pytest.fixture(scope="module")
def hostile() -> Graph:
    """Return a graph with a topic of its own and every hostile name."""
    return graph_of([Triple("exported", "to", "neo4j")], ALL, ALL[::-1])


def driver(server: Server) -> Driver:
    """Return a driver to a server, to be closed."""
    return GraphDatabase.driver(
        f"neo4j://127.0.0.1:{server.port}", auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
    )


def told(graph: Graph, show: Callable[[str], object] = str) -> Told:
    """Return what a server has to find: names, predicate, support, the raw words of all evidence."""
    return {
        (show(graph.name(r.source)), show(r.predicate), show(graph.name(r.target)), graph.support(r),
         json.dumps([[e.raw.source, e.raw.predicate, e.raw.target] for e in said]))
        for r, said in graph.relations.items()
    }  # fmt: skip


def found(opened: Driver, where: str) -> Told:
    """Return what a server holds."""
    rows = opened.execute_query(FOUND.format(where=where)).records
    return {(a, p, b, n, json.dumps([one["said"] for one in json.loads(e)])) for a, p, b, n, e in rows}


def test_a_cypher_script_puts_every_hostile_name_into_a_server(
    neo4j_server: Server, hostile: Graph, tmp_path: Path
) -> None:
    """Each name is one string literal: all is there as it is here, twice run is once there, nothing else is touched."""
    export(hostile, tmp_path / "g.cypher")
    statements = (tmp_path / "g.cypher").read_text(encoding="utf-8").split(";\n")[:-1]
    with driver(neo4j_server) as opened:
        opened.execute_query("CREATE (:Bystander)")
        for statement in statements * 2:
            opened.execute_query(statement)
        assert found(opened, "a.topic = 't'") == told(hostile)
        names = opened.execute_query("MATCH (c:Concept {topic: 't'}) RETURN c.key, c.name, c.aliases").records
        assert {key: (name, tuple(aliases)) for key, name, aliases in names} == {
            key: (concept.name, concept.aliases) for key, concept in hostile.concepts.items()
        }
        assert opened.execute_query("MATCH (n:Bystander) DELETE n RETURN count(n)").records[0][0] == 1
        opened.execute_query("MATCH (c:Concept {topic: 't'}) DETACH DELETE c")


@pytest.mark.slow
@pytest.mark.neo4j
def test_neo4j_admin_imports_the_pair(tmp_path: Path) -> None:
    """The importer of Neo4j itself takes both files by the command of the docs; a guarded name keeps its apostrophe.

    They hold the recorded run and every hostile name.
    """
    require()
    graph = graph_of(ALL, ALL[::-1], onto=fold(read_events(RECORDED)))
    page = (ROOT / "docs" / "howto" / "export.md").read_text(encoding="utf-8")
    (shown,) = (line for line in page.splitlines() if line.startswith("neo4j-admin "))
    export(graph, tmp_path / "graph.neo4j.csv")
    server = Server(tmp_path / "home")
    (server.home / "conf").mkdir(parents=True)
    command = ["java", *SHORT_LIVED, "-cp", f"{ROOT / '.neo4j' / 'lib'}/*",
               "org.neo4j.cli.AdminTool", *shlex.split(shown)[1:]]  # fmt: skip
    env = os.environ | {"NEO4J_HOME": str(server.home), "NEO4J_CONF": str(server.home / "conf")}
    done = finished(command, env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    server.start()
    try:
        with driver(server) as opened:
            assert found(opened, "true") == told(graph, guarded)
            read = opened.execute_query("MATCH (c:Concept) RETURN c.key, c.aliases, c.degree").records
    finally:
        server.kill()
    assert {key: degree for key, _, degree in read} == {guarded(key): graph.degree(key) for key in graph.concepts}
    assert sum(len(aliases or []) for _, aliases, _ in read) == sum(len(c.aliases) for c in graph.concepts.values())


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a server of the files of a folder, for this machine alone."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_load_csv_reads_both_pairs(neo4j_server: Server, hostile: Graph, tmp_path: Path, served: str) -> None:
    """LOAD CSV finds every row; it takes a backslash before a quotation mark for an escape unless told otherwise."""
    plain = graph_of([t for t in ALL if not any(name.endswith("\\") for name in (t.source, t.predicate, t.target))])
    export(plain, tmp_path / "g.neo4j.csv")
    query = """LOAD CSV WITH HEADERS FROM $file AS row
    RETURN row[':START_ID'], row['predicate'], row[':END_ID'], row['evidence']"""
    with driver(neo4j_server) as opened:
        rows = opened.execute_query(query, file=f"{served}/g.relationships.csv").records
    assert {(s, p, t) for s, p, t, _ in rows} == {
        (guarded(r.source), guarded(r.predicate), guarded(r.target)) for r in plain.relations
    }
    assert all(json.loads(evidence) for *_, evidence in rows)
