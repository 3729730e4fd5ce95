"""A real Neo4j server: several writers, hostile text, kill -9 of the server, and what people query there."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from neo4j import Driver, GraphDatabase

import graphgrow
from graphgrow.api import edits
from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph.confidence import confidence
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Change, Concept, Delta, Edit, Relation, Statement, Triple
from graphgrow.measure.panel import panel
from graphgrow.stores import StoreURL, open_store, store_url
from graphgrow.stores.copying import copy
from graphgrow.stores.neo4j import Neo4jStore
from graphgrow.stores.neo4j.server import check_version
from graphgrow.stores.projection import differences, project
from tests.cli.test_cli import graphgrow as command_line
from tests.conftest import RECORDED, ROOT, chatter, triples
from tests.fact_checks import OPEN, SURE, checked_log, fact_check
from tests.graph.test_graph import content, event
from tests.neo4j_server import PASSWORD, Server, require
from tests.processes import LONGEST, finished, started
from tests.servers import PATIENCE, Answer, Endpoint, completion, free_port, serving, waited_for

DEATHS = int(os.environ.get("GRAPHGROW_SERVER_KILLS", "2"))
HOSTILE = (
    "a`b'}) DETACH DELETE n //",
    "\"quoted\" and 'quoted'",
    "back\\slash \\u0041",
    "two\nlines",
    "nul \x00 nul",
    "emoji \U0001f577\ufe0f silk",
    "'; DROP TABLE event; --",
    "x" * 10_000,
)


def cli(*words: str, env: dict[str, str], code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does, in this process."""
    return command_line(*words, cwd=Path.cwd(), env=env, code=code)


@pytest.fixture
def driver(neo4j_server: Server) -> Iterator[Driver]:
    """Yield a driver of the test's own, to look at the database as a person does."""
    with GraphDatabase.driver(
        f"neo4j://127.0.0.1:{neo4j_server.port}", auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
    ) as own:
        yield own


def test_recorded_run_is_the_same_graph_in_every_store(neo4j_server: Server, neo4j_graph: str, tmp_path: Path) -> None:
    """Replayed into SQLite, copied to Neo4j and back: equal logs, equal `measure --json`, verified at every stop."""
    first, last = str(tmp_path / "first.db"), str(tmp_path / "last.db")
    cli("replay", str(RECORDED), "--store", first, env=neo4j_server.env)
    for source, target in ((first, neo4j_graph), (neo4j_graph, last)):
        done = cli("copy", source, target, env=neo4j_server.env)
        assert done.stdout.startswith("300 steps copied")
    measured = []
    for store in (first, neo4j_graph, last):
        assert cli("verify", store, env=neo4j_server.env).stdout.startswith("equal: 300 steps")
        measured.append(cli("measure", store, "--json", env=neo4j_server.env).stdout)
    assert len(set(measured)) == 1
    with closing(open_store(first)) as one, closing(open_store(neo4j_graph)) as two:
        assert list(one.events()) == list(two.events())
        with closing(open_store("memory:", create=True)) as three:
            copy(two, three)
            assert content(three.graph()) == content(one.graph())
            graph = three.graph()
            assert panel(list(graph.concepts), graph.triples()) == json.loads(measured[0])


def test_copy_goes_on_and_refuses_another_graph(neo4j_graph: str) -> None:
    """A copy broken off half-way is finished by the next one; a target with other events is left alone."""
    graph, events = Graph(), []
    for reply in chatter(6):
        events.append(event(graph, reply))
        graph.apply(events[-1])
    with closing(open_store("memory:", create=True)) as source, closing(open_store(neo4j_graph, create=True)) as target:
        source.append(*events)
        target.append(*events[:4])
        assert [copy(source, target), copy(source, target)] == [2, 0]
        assert content(target.graph()) == content(graph)
        with closing(open_store("memory:", create=True)) as other:
            other.append(event(Graph(), triples(("bone", "contains", "collagen"))))
            with pytest.raises(BadInput, match="holds another graph since step 1"):
                copy(other, target)


def test_graphs_in_one_database_do_not_touch(neo4j_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two graphs with the same concepts are two graphs; a missing one is an error that names those there are."""
    monkeypatch.setenv("NEO4J_PASSWORD", PASSWORD)
    one, two = (graphgrow.open(neo4j_server.url(name), create=True) for name in ("apart one", "apart two"))
    one.append(event(Graph(), triples(("silk", "contains", "protein"))))
    two.append(event(Graph(), triples(("silk", "contains", "water"), ("silk", "contains", "protein"))))
    assert len(one.graph().concepts) == 2
    assert len(two.graph().concepts) == 3
    for store in (one, two):
        assert differences(project(store.graph()), store.projection()) == []
    with pytest.raises(BadInput, match=r"no graph 'nowhere'.*'apart one', 'apart two'"):
        graphgrow.open(neo4j_server.url("nowhere"))


def test_an_answer_that_got_lost_is_no_second_commit(neo4j_graph: str) -> None:
    """The same call by the same writer adds nothing; the same event by another writer is stale."""
    with closing(open_store(neo4j_graph, create=True)) as one, closing(open_store(neo4j_graph, create=True)) as two:
        new = event(Graph(), chatter(1)[0])
        assert one.append(new) == one.append(new) == 1
        with pytest.raises(StaleGraph, match="step 1 cannot follow step 1"):
            two.append(new)
        assert len(list(two.events())) == 1


def test_what_another_writer_decided_holds_for_what_was_read_of_it(neo4j_graph: str) -> None:
    """A name that stood for another as soon as it came does so in a relation of the writer who has read that."""
    said = Statement(Relation("annie", "knows", "bob"), Triple("Annie", "knows", "Bob"))
    with closing(open_store(neo4j_graph, create=True)) as one, closing(open_store(neo4j_graph, create=True)) as two:
        one.append(Edit(1, "add", Delta((Concept("ann", "Ann"), Concept("bob", "Bob")))))
        assert len(list(two.events())) == 1
        with pytest.raises(StaleGraph, match="step 1 cannot follow step 1: another writer was first"):
            two.append(Edit(1, "add", Delta((Concept("eve", "Eve"),))))
        merge = Change("merge", ("annie", "ann"))
        one.append(Edit(2, "add", Delta((Concept("annie", "Annie"),), changes=(merge,))))
        assert len(list(two.events(1))) == 1
        two.append(Edit(3, "add", Delta(relations=(said,))))
        assert set(two.projection().relations) == {Relation("ann", "knows", "bob")}
        assert differences(project(two.graph()), two.projection()) == []


def test_a_relation_without_its_concept_is_refused_whole(neo4j_graph: str) -> None:
    """A count that falls short of what was sent rolls the transaction back."""
    said = Statement(Relation("silk", "contains", "ghost"), Triple("silk", "contains", "ghost"))
    with closing(open_store(neo4j_graph, create=True)) as store:
        with pytest.raises(StoreError, match="took 0 of 1 relations"):
            store.append(Edit(1, "add", Delta(concepts=(Concept("silk", "silk"),), relations=(said,))))
        assert list(store.events()) == []
        assert store.projection().concepts == {}


def test_verify_finds_what_was_changed_by_hand(neo4j_graph: str, driver: Driver) -> None:
    """A support count changed and a concept added in Neo4j Browser are both reported."""
    with closing(open_store(neo4j_graph, create=True)) as store:
        store.append(event(Graph(), chatter(1)[0]))
        graph = store_url(neo4j_graph).graph
        driver.execute_query(
            "MATCH (:Concept {graph: $g})-[r:RELATES {predicate: 'produces'}]->() SET r.support = 7", g=graph
        )
        driver.execute_query(
            "CREATE (:Concept {id: 'x', graph: $g, key: 'ghost', name: 'Ghost', aliases: [], first_seq: 1})", g=graph
        )
        found = differences(project(store.graph()), store.projection())
    assert len(found) == 2
    assert "ghost" in found[0]


@pytest.mark.parametrize("home", ["sqlite", "neo4j"])
def test_hostile_text_is_stored_as_text(home: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Cypher, SQL, quotes, NUL and 10,000 characters as names, predicates and spellings come back as they went in."""
    url = str(tmp_path / "g.db") if home == "sqlite" else str(request.getfixturevalue("neo4j_graph"))
    concepts = tuple(Concept(text, text, (text + "s",)) for text in HOSTILE)
    said = tuple(
        Statement(Relation(one, text, other), Triple(one, text, other))
        for one, text, other in zip(HOSTILE, HOSTILE[1:] + HOSTILE[:1], reversed(HOSTILE), strict=True)
    )
    with closing(open_store(url, create=True)) as store:
        store.append(Edit(1, "add", Delta(concepts, relations=said), "\n".join(HOSTILE)))
        graph = store.graph()
        assert set(graph.concepts) == set(HOSTILE)
        assert {relation.predicate for relation in graph.relations} == set(HOSTILE)
        assert differences(project(graph), store.projection()) == []
        reply = triples(*((text, text, f"{text} 2") for text in HOSTILE))
        new = event(graph, reply)  # the same words out of a model's mouth: kept as text or refused by hygiene
        store.append(new)
        assert new.delta.concepts or new.delta.rejects
        assert differences(project(store.graph()), store.projection()) == []


FIRST = """
import os
import sys
import graphgrow
import graphgrow.stores.neo4j
from graphgrow.graph.graph import Graph
from tests.conftest import chatter
from tests.graph.test_graph import event

new = event(Graph(), chatter(1)[0])
for url in sys.argv[1:]:  # processes that begin with all that a new one has to import first
    if not os.fork():
        graphgrow.open(url, create=True).append(new)
        sys.exit()
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in sys.argv[1:]])
"""


def ended(server: Server, script: str, *words: str) -> tuple[list[int], str]:
    """Return the exit codes of the processes that a script starts, and what they complained of."""
    command = [sys.executable, "-c", script, *words]
    done = finished(command, env=server.env, cwd=ROOT, capture_output=True, text=True)
    return json.loads(done.stdout or "[]"), done.stderr


def test_first_use_by_several_processes_at_once(neo4j_server: Server, neo4j_graph: str, driver: Driver) -> None:
    """Where constraints and indexes are missing and six processes put them at once, each of them gets through."""
    for statement in ("DROP INDEX concept_names IF EXISTS", "DROP CONSTRAINT graphgrow_lease IF EXISTS"):
        driver.execute_query(statement)
    codes, complaints = ended(neo4j_server, FIRST, *(f"{neo4j_graph}{number}" for number in range(6)))
    assert codes == [0] * 6, complaints
    found = driver.execute_query("SHOW INDEXES YIELD name WHERE name = 'concept_names' RETURN name").records
    assert len(found) == 1


WRITER = """
import os
import sys
import graphgrow
import graphgrow.stores.neo4j
from graphgrow.llm.scripted import Scripted
from graphgrow.graph.model import Budget
from tests.conftest import triples

url, steps, *names = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
warm = triples(("silk", "contains", "protein"))  # a first step imports what the processes would each import
graphgrow.grow("silk", graphgrow.open("memory:", create=True), Scripted([warm]), budget=Budget(steps=1)).run()
for seed, name in enumerate(names):
    if not os.fork():
        replies = [
            triples(("spider silk", "contains", f"protein {i % 50}"), (f"protein {i % 50}", "forms", f"{name} {i}"))
            for i in range(2 * steps)
        ]
        store = graphgrow.open(url, create=True)
        graphgrow.grow("spider silk", store, Scripted(replies), budget=Budget(steps=steps), seed=seed).run()
        sys.exit()
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in names])
"""


@pytest.mark.slow
def test_eight_processes_grow_one_graph(neo4j_server: Server, neo4j_graph: str, driver: Driver) -> None:
    """160 steps by eight writers at once: every event there, nothing twice, no error shown, verify equal."""
    names = "ant bee cat dog eel fox gnu hen".split()
    open_store(neo4j_graph, create=True).close()  # the first use by several at once has a test of its own
    assert ended(neo4j_server, WRITER, neo4j_graph, "20", *names) == ([0] * 8, "")
    with closing(open_store(neo4j_graph)) as store:
        graph = store.graph()
        assert graph.steps == 160
        assert len(graph.concepts) == 1 + 20 + 160
        assert differences(project(graph), store.projection()) == []
    count = "MATCH (c:Concept {graph: $g}) RETURN count(c) AS all, count(DISTINCT c.key) AS different"
    (row,) = driver.execute_query(count, g=store_url(neo4j_graph).graph).records
    assert (row["all"], row["different"]) == (181, 181)


@pytest.fixture(scope="module")
def mortal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server that tests may kill."""
    require()
    server = Server(tmp_path_factory.mktemp("mortal"))
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def own_server(mortal_server: Server) -> Server:
    """Return a server that a test may kill, and that is alive."""
    if not mortal_server.is_alive:
        mortal_server.start()
    return mortal_server


def paced(seconds: float) -> Callable[[Any], Answer]:
    """Return a model that needs some time for each of its endless replies."""
    replies = iter(chatter(100_000))
    turn = threading.Lock()

    def answer(asked: object) -> Answer:
        with turn:
            return Answer(completion(next(replies)), delay=seconds)

    return answer


def grow_at(endpoint: Endpoint, url: str, *words: str) -> list[str]:
    """Return the command that grows a graph with a model at an endpoint."""
    options = ["--store", url, "--base-url", endpoint.base_url, "--llm", "m-1", *words]
    return [sys.executable, "-m", "graphgrow", "grow", "spider silk", *options]


@pytest.mark.slow
def test_run_outlives_the_deaths_of_its_server(own_server: Server) -> None:
    """Kill -9 and restart of the server, again and again during one run: it goes on and every reply is there."""
    env = own_server.env | {"OPENAI_API_KEY": "none"}
    with serving(paced(0.1)) as endpoint:
        command = grow_at(
            endpoint, own_server.url("dying"), "--steps", str(30 * DEATHS), "--patience", "5", "--width", "2"
        )
        said: list[str] = []
        with started(command, LONGEST, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
            reader = threading.Thread(target=lambda: said.extend(run.stderr or ()), daemon=True)
            reader.start()
            for death in range(DEATHS):
                before = len(said)

                def goes_on(before: int = before) -> bool:
                    steps = sum(" frontier " in line or "+" in line for line in said[before:])
                    return steps >= 5 or run.poll() is not None

                assert waited_for(goes_on), f"nothing is said before death {death + 1}: {said[-3:]}"
                assert run.poll() is None, f"the run ended before death {death + 1}: {said[-3:]}"
                own_server.kill()
                time.sleep(0.5)
                own_server.start()
            assert run.wait() == 0, said[-5:]
            reader.join(PATIENCE)
        paid = len(endpoint.chats)
    assert any("Trying again" in line for line in said)
    with closing(Neo4jStore(own_server.address("dying"))) as store:
        graph = store.graph()
        assert graph.bill.replies == paid
        assert graph.steps == 30 * DEATHS
        assert differences(project(graph), store.projection()) == []


@pytest.mark.slow
def test_patience_ends_and_the_next_run_commits_what_was_paid(own_server: Server) -> None:
    """A server that stays away ends the run with exit code 1 and the place of the replies, which the next run saves."""
    env = own_server.env | {"OPENAI_API_KEY": "none"}
    with serving(paced(0.3)) as endpoint:
        command = grow_at(endpoint, own_server.url("kept"), "--steps", "500", "--patience", "0.05", "--width", "4")
        pipe = subprocess.PIPE
        with started(command, LONGEST, env=env, stdout=subprocess.DEVNULL, stderr=pipe, text=True) as run:
            assert waited_for(lambda: len(endpoint.chats) >= 10 or run.poll() is not None)
            own_server.kill()
            _, said = run.communicate()
        assert run.returncode == 1, said
        waiting = re.findall(r"Replies that have arrived wait in (\S+)", said)
        assert waiting
        assert list(Path(waiting[-1]).rglob("*.json"))
        down = finished(command, env=env, text=True, capture_output=True)
        assert (down.returncode, len(down.stderr.splitlines())) == (1, 1)
        own_server.start()
        again = grow_at(endpoint, own_server.url("kept"), "--steps", "1")
        finished(again, env=env, check=True, capture_output=True)
        paid = len(endpoint.chats)
    with closing(Neo4jStore(own_server.address("kept"))) as store:
        graph = store.graph()
        assert graph.bill.replies == paid
        assert differences(project(graph), store.projection()) == []
    assert not Path(waiting[-1]).exists()


def test_what_is_wrong_with_a_server_is_said_in_one_sentence(
    neo4j_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong password, none, wrong database, nobody there, no TLS: exit code 1, one line, no password in it."""
    here = f"127.0.0.1:{neo4j_server.port}"
    cases = {
        f"neo4j://neo4j:wrong-secret@{here}": "refuses user 'neo4j'",
        f"bolt://{here}?database=nope": "has no database 'nope'",
        f"neo4j://{here}?database=nope": "has no database 'nope'",
        f"bolt://127.0.0.1:{free_port()}": "does not answer",
        f"bolt+s://{here}": "does not answer",
        f"neo4j://{here}?graph=missing": "there is no graph 'missing'",
        f"neo4j://{here}?grap=missing": "options graph and database alone",
        f"neo4j://{here}/missing": "nothing but ?graph= and ?database=",
        "neo4j://": "names its server",
        "neo4j://host:port": "cannot be read",
        f"neo4j://{here}?graph=%07": "is no name for a graph",
        "neo4j://neo4j:wrong-secret/word@localhost": "cannot be read",
        "neo4j://my..host": "cannot be told that",
        f"neo4j://neo4j:wrong-secret@{here}?graph=x.json": "refuses user",
    }
    for url, words in cases.items():
        done = cli("show", url, env=neo4j_server.env, code=1)
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert words in done.stderr
        assert "wrong-secret" not in done.stderr
    for name in [name for name in os.environ if name.startswith("NEO4J_")]:
        monkeypatch.delenv(name)
    done = cli("grow", "silk", "--store", f"neo4j://{here}", "--llm", "recorded:x", env={}, code=1)
    assert "asks for a password: set NEO4J_PASSWORD" in done.stderr


def test_old_servers_are_refused() -> None:
    """A version that lacks what the store needs is named with the one it takes; a later one and a fork pass."""
    place = StoreURL("neo4j", server="neo4j://old", user="neo4j")
    for agent in ("Neo4j/4.4.40", "Neo4j/5.22.0"):
        with pytest.raises(StoreError, match=rf"too old \({agent}\): graphgrow needs Neo4j 5.23 or newer"):
            check_version(agent, place)
    for agent in ("Neo4j/5.26.28", "Neo4j/2026.09.0", "Memgraph/3.1"):
        check_version(agent, place)


def test_server_of_another_age_speaks_no_common_protocol() -> None:
    """A server that agrees to no version of Bolt is too old in a sentence, not a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(20)
                        connection.sendall(bytes(4))

        threading.Thread(target=refuse, daemon=True).start()
        with pytest.raises(StoreError, match="too old"):
            Neo4jStore(StoreURL("neo4j", server=f"bolt://127.0.0.1:{listener.getsockname()[1]}", user="neo4j"))


def test_password_is_on_no_screen() -> None:
    """User and password of a URL are used, and in nothing that is printed."""
    place = store_url("neo4j+s://anna:s%20cret@example.org:7000?graph=silk%20road&database=d", {})
    assert (place.user, place.password, place.graph, place.database) == ("anna", "s cret", "silk road", "d")
    assert place.url == "neo4j+s://example.org:7000?graph=silk+road&database=d"
    assert "cret" not in repr(place)
    assert store_url(place.url, {"NEO4J_PASSWORD": "p"}).graph == "silk road"


def test_how_sure_a_relation_is_stands_in_the_database(neo4j_graph: str, driver: Driver) -> None:
    """With every commit, of what is said, checked or decided; a second writer sees what the first one checked."""
    log = checked_log()
    name = store_url(neo4j_graph).graph

    def held() -> dict[str, float]:
        query = "MATCH (:Concept {graph: $graph})-[r:RELATES]->(b:Concept) RETURN b.key, r.confidence"
        return {str(row[0]): row[1] for row in driver.execute_query(query, graph=name).records}

    with closing(open_store(neo4j_graph, create=True)) as one, closing(open_store(neo4j_graph, create=True)) as other:
        one.append(*log[:2])
        for event in log[2:]:
            other.append(event)
            graph = other.graph()
            assert held() == {r.target: round(confidence(graph, r), 4) for r in graph.relations}
        for decide in (
            lambda graph: edits.accept(graph, OPEN),
            lambda graph: edits.merge(graph, "silk", "fibroin"),
            lambda graph: edits.reject_relation(graph, next(r for r in graph.relations if r.target == "cement")),
        ):
            edits.commit(one, decide)
            graph = one.graph()
            assert held() == {r.target: round(confidence(graph, r), 4) for r in graph.relations}
        assert held()["sheet"] == 1
        with pytest.raises(StaleGraph):
            other.append(fact_check(5, SURE, -3.0))
        other.append(fact_check(other.graph().seq + 1, OPEN, -3.0))
        assert not differences(project(other.graph()), other.projection())


@pytest.mark.parametrize("is_edit", [False, True])
def test_an_older_graph_learns_the_types_that_its_log_says(neo4j_graph: str, driver: Driver, *, is_edit: bool) -> None:
    """With the first event that is written, whatever that changes, and once."""
    concepts = (Concept("ann", "Ann"), Concept("bob", "Bob", type="Person"), Concept("dr bob", "Dr Bob"))
    name = store_url(neo4j_graph).graph
    with closing(open_store(neo4j_graph, create=True)) as store:
        store.append(Edit(1, "add", Delta(concepts)))
        store.append(Edit(2, "merge", Delta(changes=(Change("merge", ("bob", "dr bob")),))))
    driver.execute_query("MATCH (c:Concept {graph: $graph}) REMOVE c.type", graph=name)
    driver.execute_query("MATCH (g:Graph {name: $graph}) SET g.format = 2", graph=name)
    with closing(open_store(neo4j_graph)) as store:
        assert len(differences(project(store.graph()), store.projection())) == 1
        changes = (Change("rename", ("ann",), text="Anne"),) if is_edit else ()
        store.append(Edit(3, "add", Delta((Concept("eve", "Eve"),), changes=changes)))
        assert differences(project(store.graph()), store.projection()) == []
        assert store.projection().concepts["dr bob"][3] == "Person"
        driver.execute_query("MATCH (c:Concept {graph: $graph, key: 'dr bob'}) SET c.type = 'Dog'", graph=name)
        store.append(Edit(4, "add", Delta((Concept("dan", "Dan"),))))
        assert len(differences(project(store.graph()), store.projection())) == 1
