"""Whether a log is what was written, and whether what a store shows is what follows from it: `graphgrow verify`."""

from collections.abc import Iterable
from dataclasses import dataclass

from graphgrow.errors import AlteredLog, StoreError
from graphgrow.graph.digests import Record, Seal, checked
from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.stores import GraphStore, store_url
from graphgrow.stores.copying import last_seq
from graphgrow.stores.projection import differences, project


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it: sentences that say what is wrong, none where nothing is, and the graph up to there.

    `altered` is the first event that is not what was written, 0 where none is. `seal` says from where on there are
    digests; None where there are none.
    """

    graph: Graph
    problems: list[str]
    altered: int
    seal: Seal | None

    @property
    def silence(self) -> str:
        """What the digests do not cover, in a sentence, "" where they cover all of the log."""
        if self.seal is None:
            return (
                "the log has no digests yet: whether a step was altered cannot be told before the next one is written"
            )
        if self.seal.since and self.seal.since == self.seal.seq:
            return f"digests were added after step {self.seal.seq}: what was altered before that cannot be told"
        if self.seal.since:
            first = f"step {self.seal.since + 1}"
            return f"digests were added when {first} was written: what was altered before that cannot be told"
        return ""


def verify(store: GraphStore, progress: Progress = SILENT) -> Verdict:
    """Check every event against its digest, fold the log, and compare that with what the store shows."""
    seal = store.seal()  # first, for others may write meanwhile
    verdict = verify_log(store_url(store.url).short, store.records(), seal, progress, last_seq(store))
    if verdict.problems:
        return verdict
    graph = verdict.graph
    try:
        if damage := store.damage():
            known = " and are what was written" if seal and not seal.since else ""
            whole = f"All {graph.seq} steps of its log can be read{known}: save them with  graphgrow copy"
            whole = f"{whole} {store_url(store.url).short} NEW.db"
            return Verdict(graph, [f"{damage}. {whole}" if graph.seq else damage], 0, seal)
        with store.shown() as shown:
            graph.apply_all(event for event in store.events(graph.seq) if event.seq <= shown.seq)
            is_equal = shown.is_of(graph)
        if is_equal:
            return verdict
        stored = store.projection()  # now all of it, to say what differs
        graph.apply_all(event for event in store.events(graph.seq) if event.seq <= stored.seq)
        problems = differences(project(graph), stored)
    except StoreError as error:
        problems = [str(error)]
    return Verdict(graph, problems, 0, seal)


def verify_log(
    where: str,
    records: Iterable[Record],
    seal: Seal | None,
    progress: Progress = SILENT,
    count: int | None = None,
) -> Verdict:
    """Check every event of a log against its digest, and fold it; `where` is its place as a person types it."""
    graph = Graph()
    try:
        graph.apply_all(progress.over(checked(where, records, seal), "checking the log", count))
    except AlteredLog as error:
        return Verdict(graph, [str(error)], error.seq, seal)
    except StoreError as error:
        return Verdict(graph, [str(error)], graph.seq, seal)
    return Verdict(graph, [], 0, seal)
