"""What keeping a graph costs: SQLite and Neo4j, live and in bulk, beside other writers of triples into Neo4j.

    pip install 'langchain-neo4j==0.11.*' 'neo4j-graphrag==1.22.*'     (a virtual environment of its own is best)
    python benchmarks/stores.py [--replies 500] [--bulk 100000] [--load 100000]

One run starts one Neo4j server (Java 17 and Maven; with APOC core, which LangChain's writer needs) and gives every
writer the same triples: reply by reply, six relations each, and in bulk. Our store writes more than the others: the
event with its prompt and reply, a lock, and who said what. `concepts` is how many nodes each leaves behind.
"""

import argparse
import asyncio
import importlib.util
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any

from neo4j import Driver, GraphDatabase

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from graphgrow.graph.graph import Graph  # noqa: E402  # the tests' server is beside us, not installed
from graphgrow.graph.model import Answer, Event, Focus, Prompt, Question, Reply  # noqa: E402
from graphgrow.growth.replay import read_again  # noqa: E402
from graphgrow.resolve.resolve import RESOLVE  # noqa: E402
from graphgrow.stores import GraphStore  # noqa: E402
from graphgrow.stores.copying import copy  # noqa: E402
from graphgrow.stores.memory import MemoryStore  # noqa: E402
from graphgrow.stores.neo4j import Neo4jStore  # noqa: E402
from graphgrow.stores.outbox import PendingReply  # noqa: E402
from graphgrow.stores.sqlite import SQLiteStore  # noqa: E402
from tests.neo4j_server import PASSWORD, Server  # noqa: E402

A_REPLY = 6
ROUNDS = 3
PREDICATES = ("contains", "improves", "is a", "uses", "causes")
APOC = "org.neo4j.procedure:apoc-core:5.26.5:jar:core"
PROMPT = "word " * 300  # about as long as a prompt of ours
Triples = list[tuple[str, str, str]]


def replies(seed: int, new: int) -> Iterator[Triples]:
    """Yield replies of six triples that bring `new` concepts each, joined to known ones, popular ones more often."""
    rng, known = random.Random(seed), ["impact resistant materials"]
    while True:
        said: Triples = []
        for number in range(A_REPLY):
            source = known[int(len(known) * rng.random() ** 2)]
            target = f"Concept {len(known)} of made kind" if number < new else rng.choice(known)
            if number < new:
                known.append(target)
            said.append((source, rng.choice(PREDICATES), target))
        yield said


def events_of(said: Sequence[Triples]) -> list[Event]:
    """Return the replies as events, as `grow` would make them."""
    graph, events = Graph(), list[Event]()
    for number, triples in enumerate(said):
        rows = [{"source": s, "predicate": p, "target": t} for s, p, t in triples]
        prompt = Prompt("", PROMPT)
        focus = Focus("frontier", ("impact resistant material",), "a benchmark", angle=str(number))
        answer = Answer(prompt, Reply(json.dumps({"relations": rows})))
        reply = PendingReply("impact resistant materials", 0, Question(focus, prompt), answer)
        events.append(read_again(graph, reply, RESOLVE, seed=0, at=""))
        graph.apply(events[-1])
    return events


def seconds(work: Callable[[], object]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Ours:
    """Our store on one kind of database: a transaction per reply, or a copy of many."""

    def __init__(self, name: str, home: Callable[[], GraphStore]) -> None:
        self.name, self._home = name, home

    def live(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds that single commits take, and the concepts left."""
        events = events_of(said)
        with closing(self._home()) as store:
            return seconds(lambda: [store.append(event) for event in events]), len(store.projection().concepts)

    def bulk(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds that a copy takes, and the concepts left."""
        source = MemoryStore()
        source.append(*events_of(said))
        with closing(self._home()) as store:
            return seconds(partial(copy, source, store)), len(store.projection().concepts)


def count_and_clear(driver: Driver, label: str) -> int:
    """Return how many nodes of a label there are, and delete everything for the next writer."""
    count = driver.execute_query(f"MATCH (n:`{label}`) RETURN count(n) AS n").records[0]["n"]  # our label
    with driver.session() as session:
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
    return int(count)


class LangChain:
    """langchain-neo4j's add_graph_documents, with its base label, which makes it match by an index."""

    name = "langchain-neo4j"

    def __init__(self, server: Server, driver: Driver) -> None:
        from langchain_neo4j import Neo4jGraph

        self._driver = driver
        self._graph = Neo4jGraph(f"bolt://127.0.0.1:{server.port}", "neo4j", PASSWORD, refresh_schema=False)

    def live(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds taken by one call per reply, and the nodes left."""
        return self._add([[self._document(triples)] for triples in said])

    def bulk(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds taken by one call with everything, and the nodes left."""
        return self._add([[self._document(triples) for triples in said]])

    def _add(self, batches: list[list[Any]]) -> tuple[float, int]:
        spent = seconds(lambda: [self._graph.add_graph_documents(batch, baseEntityLabel=True) for batch in batches])
        return spent, count_and_clear(self._driver, "__Entity__")

    def _document(self, said: Triples) -> Any:  # noqa: ANN401  # imported where it is used
        from langchain_core.documents import Document
        from langchain_neo4j.graphs.graph_document import GraphDocument, Node, Relationship

        nodes = {name: Node(id=name, type="Concept") for source, _, target in said for name in (source, target)}
        links = [Relationship(source=nodes[s], target=nodes[t], type=p.upper().replace(" ", "_")) for s, p, t in said]
        return GraphDocument(nodes=list(nodes.values()), relationships=links, source=Document(page_content=""))


class GraphRAG:
    """neo4j-graphrag's knowledge graph writer, which creates nodes and does not merge across calls."""

    name = "neo4j-graphrag"

    def __init__(self, server: Server, driver: Driver) -> None:  # noqa: ARG002  # the driver is enough
        from neo4j_graphrag.components.kg_writer import Neo4jWriter

        self._driver, self._writer = driver, Neo4jWriter(driver)

    def live(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds taken by one call per reply, and the nodes left."""
        return self._add([self._graph(triples) for triples in said])

    def bulk(self, said: list[Triples]) -> tuple[float, int]:
        """Return the seconds taken by one call with everything, and the nodes left."""
        return self._add([self._graph([triple for triples in said for triple in triples])])

    def _add(self, graphs: list[Any]) -> tuple[float, int]:
        async def write() -> None:
            for graph in graphs:
                await self._writer.run(graph)

        return seconds(lambda: asyncio.run(write())), count_and_clear(self._driver, "__Entity__")

    def _graph(self, said: Triples) -> Any:  # noqa: ANN401  # imported where it is used
        from neo4j_graphrag.components.types import Neo4jGraph, Neo4jNode, Neo4jRelationship

        names = dict.fromkeys(name for source, _, target in said for name in (source, target))
        return Neo4jGraph(
            nodes=[Neo4jNode(id=name, label="Concept", properties={"name": name}) for name in names],
            relationships=[
                Neo4jRelationship(start_node_id=s, end_node_id=t, type=p.upper().replace(" ", "_")) for s, p, t in said
            ],
        )


def with_apoc(folder: Path) -> Server:
    """Return a server with the APOC core procedures, not started yet."""
    jars = folder / "jars"
    shutil.copytree(ROOT / ".neo4j" / "lib", jars)
    plugins = folder / "home" / "plugins"
    plugins.mkdir(parents=True)
    fetch = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={APOC}", f"-DoutputDirectory={plugins}"]
    subprocess.run(fetch, check=True, stdout=subprocess.DEVNULL)
    for jar in plugins.glob("*.jar"):
        shutil.copy(jar, jars)
    (folder / "home" / "neo4j.conf").write_text("dbms.security.procedures.unrestricted=apoc.*\n")
    return Server(folder / "home", jars, java=["-Xmx512m"])


def load(server: Server, size: int) -> None:
    """Fill a graph of a size with three relations per concept, and say how long it takes to load."""
    events = events_of(list(islice(replies(3, 2), size // 2)))
    source = MemoryStore()
    source.append(*events)
    with closing(Neo4jStore(server.address("large"), create=True)) as store:
        filled = seconds(partial(copy, source, store))
    del events, source
    probe = [sys.executable, "-c", LOAD, f"bolt://127.0.0.1:{server.port}?graph=large"]
    done = subprocess.run(probe, check=True, capture_output=True, text=True, env=server.env, cwd=ROOT)
    print(f"filled in {filled:.1f} s, {done.stdout.strip()}")


LOAD = """
import resource, sys, time
import graphgrow
store = graphgrow.open(sys.argv[1])
start = time.perf_counter()
graph = store.graph()
spent = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{len(graph.concepts):,} concepts and {len(graph.relations):,} relations loaded in {spent:.1f} s, {peak:.0f} MB")
"""


def writers(server: Server, driver: Driver, folder: Path) -> list[Any]:
    """Return ours, and the others where they are installed."""
    number = count()
    found: list[Any] = [
        Ours("graphgrow, Neo4j", lambda: Neo4jStore(server.address(f"graph {next(number)}"), create=True)),
        Ours("graphgrow, SQLite", lambda: SQLiteStore(folder / f"{next(number)}.db", create=True)),
    ]
    for package, rival in (("langchain_neo4j", LangChain), ("neo4j_graphrag", GraphRAG)):
        if importlib.util.find_spec(package):
            found.append(rival(server, driver))
        else:
            print(f"{package} is not installed and left out")
    return found


def compare(server: Server, folder: Path, few: list[Triples], many: list[Triples]) -> None:
    """Let every writer warm up, then measure: single replies in alternating rounds, then everything at once."""
    address = f"bolt://127.0.0.1:{server.port}"
    with GraphDatabase.driver(address, auth=("neo4j", PASSWORD), notifications_min_severity="OFF") as driver:
        everyone = writers(server, driver, folder)
        for writer in everyone:
            writer.live(few)
            writer.bulk(many[: len(many) // 8])
        live: dict[str, list[tuple[float, int]]] = {writer.name: [] for writer in everyone}
        for _ in range(ROUNDS):
            for writer in everyone:
                live[writer.name].append(writer.live(few))
        bulk = {writer.name: writer.bulk(many) for writer in everyone}
    print("| writer | how | relations/s | seconds | nodes left |\n|---|---|---:|---:|---:|")
    for name, rounds in live.items():
        spent, nodes = sorted(rounds)[ROUNDS // 2]
        print(f"| {name} | reply by reply | {A_REPLY * len(few) / spent:,.0f} | {spent:.1f} | {nodes:,} |")
    for name, (spent, nodes) in bulk.items():
        print(f"| {name} | at once | {A_REPLY * len(many) / spent:,.0f} | {spent:.1f} | {nodes:,} |")
    print(f"{A_REPLY * len(few):,} relations of {concepts_in(few):,} concepts reply by reply, median of {ROUNDS};")
    print(f"{A_REPLY * len(many):,} relations of {concepts_in(many):,} concepts at once")


def concepts_in(said: list[Triples]) -> int:
    """Return how many names there are in replies."""
    return len({name for triples in said for source, _, target in triples for name in (source, target)})


def main() -> None:
    """Print the table, and what loading a large graph takes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--replies", type=int, default=500)
    options.add_argument("--bulk", type=int, default=100_000, help="relations")
    options.add_argument("--load", type=int, default=100_000, help="concepts; 0 leaves it out")
    how = options.parse_args()
    few, many = (list(islice(replies(seed, 4), size)) for seed, size in ((1, how.replies), (2, how.bulk // A_REPLY)))
    subprocess.run(["make", "-s", "neo4j-jars"], cwd=ROOT, check=True)
    with tempfile.TemporaryDirectory() as name:
        server = with_apoc(Path(name))
        server.start()
        try:
            compare(server, Path(name), few, many)
            if how.load:
                load(server, how.load)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
