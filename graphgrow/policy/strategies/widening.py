"""What a run asks when its topic has dried up: which fields border on it, and then about what that brought."""

from collections.abc import Iterator

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.monitor import watch
from graphgrow.policy.signals import LONG
from graphgrow.prompts.render import WIDEN


def widen(graph: Graph) -> Iterator[Focus]:
    """Yield the questions that widen a saturated topic (watch.py); none while it is not, or where it did not help yet.

    One question for neighbouring fields in a window, about the topic first and its most connected concepts after it;
    then the concepts that it brought, as long as they were not asked about.
    """
    watching = watch(graph)
    judged = watching.verdict
    if judged.kind != "saturated" or judged.do not in {"widen", "stop"}:
        return
    if not watching.widened or watching.questions - watching.widened >= LONG:
        leaders = sorted(graph.concepts, key=lambda key: (graph.depth.get(key) != 0, -graph.degree(key), key))
        forbidden = graph.steering.forbidden(graph.representative)
        open_ones = (key for key in leaders if (WIDEN, key) not in graph.asked and key not in forbidden)
        yield from (Focus(WIDEN, (key,), judged.sentence, 1.0, WIDEN) for key in list(open_ones)[:1])
        return
    for key in dict.fromkeys(map(graph.representative, watching.fields)):
        if key in graph.concepts and key not in graph.asks:
            yield Focus(WIDEN, (key,), f"it borders on the topic, and was never asked about; {judged.sentence}", 1.0)
