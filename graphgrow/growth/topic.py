"""What a graph is about: a topic that names something, and one topic per graph."""

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean, is_same_topic, says_something
from graphgrow.graph.model import Expansion
from graphgrow.graph.visible import check_length
from graphgrow.stores import GraphStore


def check(topic: str | None) -> None:
    """Refuse a topic that names nothing, or is too long; None leaves it to the graph."""
    check_length(topic or "", "topic")
    if topic is not None and not says_something(topic):
        raise BadInput(f"the topic {topic!r} names nothing: say what the graph is about, for example 'spider silk'")


def check_topic(topic: str | None, store: GraphStore) -> None:
    """Refuse a topic that is not the one a store grows, or none at all."""
    topic_of(topic, Graph(topic=next((e.topic for e in store.events() if isinstance(e, Expansion)), "")))


def check_same_topic(topic: str, graph: Graph) -> None:
    """Refuse what others have made of a graph meanwhile: one about another topic, or whose topic is rejected."""
    topic_of(topic, graph)


def topic_of(topic: str | None, graph: Graph) -> str:
    """Return what a graph is about; raises BadInput for another topic than its own, for none, for a rejected one."""
    check_length(topic or "", "topic")
    topic = clean(topic or graph.topic)
    find = graph.representative
    is_own = is_same_topic(topic, graph.topic) or find(canonical(topic)) == find(canonical(graph.topic))
    if graph.topic and topic and not is_own:
        raise BadInput(f"this store grows {graph.topic!r}, not {topic!r}: name another --store for another topic")
    check(topic)
    if find(canonical(topic)) in graph.corrections.hidden:
        raise BadInput(f"the topic {topic!r} was rejected in this graph: bring it back with  graphgrow restore")
    return graph.topic or topic
