"""Saturation and drift: what is noticed and when, what is done about it, and what is left in peace."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, Past, fold
from graphgrow.graph.model import (
    Budget,
    Concept,
    Delta,
    Edit,
    Event,
    Expansion,
    Focus,
    Relation,
    Reply,
    Statement,
    Triple,
)
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import Mix, open_policy
from graphgrow.policy.monitor import (
    FOREIGN,
    MARKUP,
    SIGNALS,
    Action,
    Monitor,
    Signal,
    assessments,
    monitor,
)
from graphgrow.resolve.hygiene import RULES
from graphgrow.stores.memory import MemoryStore
from tests.conftest import RECORDED, triples
from tests.policy.test_bandit import invoke

HEALTHY = 30
EVENTS = [event for event in read_events(RECORDED) if isinstance(event, Expansion)][:60]
ENGLISH = [e.reply for e in read_events(RECORDED) if isinstance(e, Expansion)]
GERMAN = (
    "Faserverbundwerkstoff Aufprallschutz Energieaufnahme Schlagzähigkeit Bruchdehnung Sicherheitsglas Schutzhelm "
    "Stoßdämpfer Zugfestigkeit Rissausbreitung Keramikbeschichtung Polymermatrix Härteprüfung Streckgrenze Dichtung "
    "Wärmebehandlung Leichtbauweise Knautschzone Panzerstahl Oberflächenhärtung Verformung Schaumstoff Splitterschutz "
    "Kunstharz Fahrzeugbau Luftfahrt Bindemittel Werkzeugstahl Ermüdungsbruch Korrosionsschutz Schweißnaht Federstahl "
    "Stahlbeton Holzwerkstoff Naturfaser Schneidwerkzeug"
).split()
SPANISH = (
    "resistencia al impacto|fibra de carbono|vidrio templado|tenacidad|fractura frágil|acero endurecido|resina epoxi|"
    "casco protector|matriz polimérica|límite elástico|ensayo de dureza|tratamiento térmico|grieta|amortiguador|caucho|"
    "cerámica técnica|recubrimiento|espuma de poliuretano|soldadura|fatiga del metal|corrosión|hormigón armado|rotura|"
    "fibra de vidrio|parachoques|blindaje|industria automotriz|panel sándwich|adhesivo estructural|desgaste|rozamiento|"
    "construcción naval|madera laminada|aislamiento acústico|carga dinámica|herramientas de corte"
).split("|")
SAID = {"german": ("enthält", "besteht aus", "schützt vor"), "spanish": ("contiene", "se usa en", "protege contra")}
TOPIC = "impact resistant materials"


def dry(_: int) -> str:
    """Return what everybody knows by then."""
    return triples(("impact resistance", "used in", "construction"), (TOPIC, "used in", "forestry"))


def silent(_: int) -> str:
    """Return nothing."""
    return triples()


def latin(names: list[str], predicates: tuple[str, ...], number: int) -> str:
    """Return three relations of the topic in another language."""
    three = [names[(3 * number + place) % len(names)] for place in range(3)]
    return triples(*((TOPIC, predicates[place], name) for place, name in enumerate(three)))


def german(number: int) -> str:
    """Return relations in German."""
    return latin(GERMAN, SAID["german"], number)


def spanish(number: int) -> str:
    """Return relations in Spanish."""
    return latin(SPANISH, SAID["spanish"], number)


def russian(number: int) -> str:
    """Return relations in Russian."""
    return triples(*((TOPIC, "содержит", f"материал {4 * number + place}") for place in range(4)))


def chinese(number: int) -> str:
    """Return relations in Chinese."""
    return triples(*((TOPIC, "包含", f"材料{chr(0x4E00 + 4 * number + place)}") for place in range(4)))


def marked(number: int) -> str:
    """Return identifiers and mark-up."""
    return triples(*((TOPIC, "has", f"Q{9000 + 4 * number + place}") for place in range(2)), (TOPIC, "is", "[[steel]]"))


def script(what: object, healthy: int) -> Iterator[str | Reply]:
    """Yield real replies, and from some question on what else a model may say."""
    yield from ENGLISH[:healthy]
    assert callable(what)
    yield from map(what, range(100))


def run(
    what: object, healthy: int = HEALTHY, store: MemoryStore | None = None, policy: str = "mix", **budget: object
) -> Growth:
    """Grow until the monitor stops it; the real replies are committed to whatever is asked."""
    limits = Budget(until="saturated", **budget) if "until" not in budget else Budget(**budget)  # type: ignore[arg-type]
    how = Settings(open_policy(policy), limits, now=lambda: "2026-01-01T00:00:00+00:00")
    replies = list(script(what, healthy))[len(list((store or MemoryStore()).events())) :]
    growth = Growth(TOPIC, store or MemoryStore(), Scripted(replies), how)
    list(growth)
    return growth


def first_notice(growth: Growth) -> int:
    """Return the event after which the monitor first asked for something."""
    return next(step for step, judged in enumerate(judgements(growth.graph), 1) if judged)


def judgements(graph: Graph) -> list[Action]:
    """Return what was to be done after each event."""
    state, found = Monitor(), list[Action]()
    for step in graph.past:
        state.take(step)
        found.append(state.assessment.do)
    return found


@pytest.mark.parametrize("policy", ["mix", "bandit", "lookahead", "frontier", "survey"])
@pytest.mark.parametrize("what", [dry, silent])
def test_a_model_that_dries_up_is_noticed_within_twenty_steps(what: object, policy: str) -> None:
    """The run turns, widens and stops, each a window after the other, and says how few concepts came."""
    growth = run(what, policy=policy)
    done = judgements(growth.graph)
    assert growth.ending == "saturated"
    assert 0 < first_notice(growth) - HEALTHY <= 20
    assert list(dict.fromkeys(done)) == ["", "turn", "widen", "stop"]
    assert [done.count(do) for do in ("turn", "widen", "stop")] == [12, 12, 1]
    limit = 0.1 * monitor(growth.graph).best_novelty
    assert limit > 0.3
    assert monitor(growth.graph).assessment.summary == (
        f"saturated: 0.00 new concepts a question (limit {limit:.2f}) over the last 12 questions, "
        f"since step {first_notice(growth)}; it went on for 24 questions more, also when asked for neighbouring fields"
    )


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (russian, "of the new names are in another script or language"),
        (chinese, "of the new names are in another script or language"),
        (german, "names and predicates are spelled as in another language"),
        (spanish, "names and predicates are spelled as in another language"),
        (marked, "of the new names are mark-up or identifiers"),
    ],
)
@pytest.mark.parametrize(("healthy", "policy"), [(15, "mix"), (40, "mix"), (40, "bandit"), (40, "consolidate")])
def test_a_model_that_drifts_is_noticed_within_ten_steps(what: object, words: str, healthy: int, policy: str) -> None:
    """The run turns and, as no wider topic helps there, stops; the sentence says into what it drifted."""
    growth = run(what, healthy, policy=policy)
    done = judgements(growth.graph)
    assert growth.ending == "drifted"
    assert 0 < first_notice(growth) - healthy <= 10
    assert list(dict.fromkeys(done)) == ["", "turn", "stop"]
    assert words in monitor(growth.graph).assessment.sentence
    assert (
        f"since step {first_notice(growth)}; it went on for 6 questions more"
        in monitor(growth.graph).assessment.sentence
    )


def fresh(number: int) -> str:
    """Return a name that is spelled as what the recorded run says."""
    first = "ceramic polymer steel composite glass rubber carbon impact concrete metal plastic fiber".split()
    last = "layer panel helmet coating structure component vehicle testing design process surface strength".split()
    return f"{first[number % 12]} {last[number // 12 % 12]}"


def known(number: int) -> str:
    """Return one new concept among much that was said before."""
    said = [one.raw for event in EVENTS[number % 9 : number % 9 + 3] for one in event.delta.relations]
    return triples(*((one.source, one.predicate, one.target) for one in said), (TOPIC, "used in", fresh(number)))


def hub(number: int) -> str:
    """Return new concepts that all hang on the topic, whatever the question is about."""
    return triples(*((TOPIC, "used in", fresh(2 * number + place)) for place in range(2)))


def chain(number: int) -> str:
    """Return what follows from the last reply alone, ever farther from the topic."""
    return triples((fresh(number - 1) if number else TOPIC, "used in", fresh(number)))


def apart(number: int) -> str:
    """Return concepts that no relation joins to the topic."""
    return triples((fresh(2 * number), "used in", fresh(2 * number + 1)))


@pytest.mark.parametrize(
    ("what", "name", "ending", "words"),
    [
        (known, "duplicates", "saturated", "of what was said was known (limit 85%)"),
        (hub, "hub", "saturated", "of the new relations end at the most connected concept unasked (limit 75%)"),
        (chain, "distance", "drifted", "relations from the topic (limit 12)"),
        (apart, "apart", "drifted", "of the new concepts have no way to the topic (limit 75%)"),
    ],
)
def test_every_other_signal_ends_a_run_with_its_own_sentence(what: object, name: str, ending: str, words: str) -> None:
    """Much that was known, all at one hub, ever farther away, or joined to nothing: each is noticed and named."""
    growth = run(what)
    assert (monitor(growth.graph).assessment.signal, growth.ending) == (name, ending)
    assert words in monitor(growth.graph).assessment.sentence


def test_another_language_is_a_drift_whatever_else_shows() -> None:
    """Names in another language that all hang on the topic show as a hub too, and the run ends as one that drifted."""
    growth = run(lambda number: latin(GERMAN, ("contains", "includes", "prevents"), number), policy="bandit")
    assert {signal.kind for signal in SIGNALS if signal.name in monitor(growth.graph).shown} == {"drifted", "saturated"}
    assert growth.ending == "drifted"


def test_a_run_that_comes_back_past_its_limit_is_not_stopped() -> None:
    """Above the limit that made it show a signal goes on showing, with the one that ends it, and stops nothing."""
    some = [f"{name} {place}" for place in range(2) for name in GERMAN]
    replies = (triples((TOPIC, "includes", name)) if at % 2 else silent(0) for at, name in enumerate(some))
    growth = run(lambda number: silent(number) if number < 23 else next(replies), steps=HEALTHY + 60)
    done = judgements(growth.graph)
    assert "widen" in done
    assert "stop" not in done
    assert "0.50 new concepts a question (limit 0.77)" in monitor(growth.graph).assessment.sentence


def test_a_healthy_run_is_left_in_peace() -> None:
    """No signal shows in any of the 300 questions of the recorded run."""
    judged = list(assessments(read_events(RECORDED)))
    assert len(judged) >= 300
    assert not [news for _, news in judged if news]


def test_without_until_the_run_goes_on_to_its_last_step() -> None:
    """The monitor turns and widens, every window anew, and stops nothing."""
    growth = run(silent, steps=90, until=None)
    asked = [step.focus for step in growth.graph.past if step.focus]
    assert growth.ending == "steps"
    assert sum(focus.angle == "widen" for focus in asked) == 3
    assert all("0.00 new concepts a question" in focus.reason for focus in asked if focus.angle == "widen")


def test_what_recovers_is_calm_again() -> None:
    """After a dry spell that ends, nothing is to be done; the next one starts at the first rung."""
    replies = iter([*ENGLISH[100:130], *map(silent, range(60))])
    growth = run(lambda number: silent(number) if number < 15 else next(replies))
    done = judgements(growth.graph)
    assert list(dict.fromkeys(done[HEALTHY + 15 :]))[:3] == ["turn", "", "widen"]
    again = done.index("", done.index("turn"))
    assert done[done.index("turn", again) - 1] == ""
    assert growth.ending == "saturated"


def test_a_wider_topic_goes_on_from_what_it_brought() -> None:
    """Neighbouring fields are asked for once in a window, and then what they brought is asked about, which may help."""
    growth = run(lambda number: silent(number) if number < 23 else ENGLISH[HEALTHY + number + 2], steps=70)
    foci = [step.focus for step in growth.graph.past if step.focus]
    place = next(at for at, focus in enumerate(foci) if focus.angle == "widen")
    assert foci[place].concepts == ("impact resistant material",)
    assert "neighbouring fields" in next(growth.questions([foci[place]])).prompt.user
    brought = {concept.key for concept in growth.graph.past[place].delta.concepts}
    assert foci[place + 1].strategy == "widen"
    assert brought.issuperset(foci[place + 1].concepts)
    assert "it borders on the topic" in foci[place + 1].reason
    assert growth.ending == "steps"


def test_what_dries_up_is_left_for_what_does_not() -> None:
    """On the first rung strategies are avoided that do as badly as all together; while all is calm none is."""
    growth = run(silent, steps=HEALTHY + 12, until=None)
    assert monitor(growth.graph).assessment.do == "turn"
    assert monitor(growth.graph).avoided == {tally.strategy for tally in monitor(growth.graph).tallies}
    assert monitor(fold(read_events(RECORDED))).avoided == frozenset()


def test_a_policy_asks_what_is_avoided_last() -> None:
    """Where frontier alone has dried up the others of a mix ask, however small their share."""
    graph = fold(EVENTS)
    for event in EVENTS[1:25]:
        nothing = replace(event, seq=graph.seq + 1, delta=Delta(), focus=Focus("frontier", ("steel",), "as a test"))
        graph.apply(nothing)
    chosen = Mix({"frontier": 1e9, "bfs": 1.0}).choose(graph, "impact resistant material", random.Random(0), 3)
    assert monitor(graph).avoided == {"frontier"}
    assert next(focus.strategy for focus in chosen if focus.strategy != "widen") == "bfs"


@pytest.mark.parametrize("policy", ["bandit", "lookahead"])
def test_the_policies_that_learn_turn_and_widen_too(policy: str) -> None:
    """What asked half of a dry window asks last; where that does not help neighbouring fields are asked for."""
    graph, topic = fold(EVENTS), "impact resistant material"
    chosen: dict[Action, Focus] = {}
    for place, event in enumerate(EVENTS[1:30]):
        dried = Focus("survey" if place % 3 else "frontier", ("steel",), "as a test")
        graph.apply(replace(event, seq=graph.seq + 1, delta=Delta(), focus=dried))
        found = open_policy(policy).choose(graph, topic, random.Random(place))
        chosen.setdefault(monitor(graph).assessment.do, found[0])
    assert chosen["turn"].strategy not in {"survey", "frontier", "widen"}
    assert chosen["widen"].angle == "widen"


@pytest.mark.parametrize("stops", [HEALTHY + 5, HEALTHY + 20])
def test_a_run_that_was_resumed_is_judged_as_one_that_was_not(stops: int) -> None:
    """The ladder is a fold over the log: same questions, same end, same sentence."""
    whole, store = run(dry), MemoryStore()
    run(dry, store=store, steps=stops)
    resumed = run(dry, store=store)
    assert resumed.graph.seq == whole.graph.seq
    assert monitor(resumed.graph).assessment == monitor(whole.graph).assessment
    assert [step.focus for step in resumed.graph.past] == [step.focus for step in whole.graph.past]


@settings(max_examples=10)
@given(st.lists(st.integers(1, 60), max_size=4))
def test_when_one_looks_does_not_matter(looks: list[int]) -> None:
    """Read at any events or at none of them, the monitor says the same at the end."""
    graph = Graph()
    for event in EVENTS:
        graph.apply(event)
        if graph.seq in looks:
            monitor(graph)
    one, other = monitor(graph), monitor(fold(EVENTS))
    assert [one.reading(signal) for signal in SIGNALS] == [other.reading(signal) for signal in SIGNALS]
    assert (one.assessment, one.tallies) == (other.assessment, other.tallies)
    assert (one.best_novelty, one.usual_bits) == (other.best_novelty, other.usual_bits)


def test_rules_that_mean_drift_are_rules_of_hygiene() -> None:
    """The names of the rules are those of hygiene.py."""
    assert set(RULES) >= FOREIGN | MARKUP


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
def test_no_signal_shows_where_nothing_was_said(signal: Signal) -> None:
    """An empty log, and one of edits alone, is calm."""
    state = Monitor()
    assert not state.assessment.do
    state.take(Past(1, EVENTS[0].delta))
    assert state.reading(signal)[0] is None


def test_the_command_line_stops_and_says_why(tmp_path: Path) -> None:
    """`grow --until saturated` on a small world ends with exit code 3 and a sentence, which `log` and `show` repeat."""
    store = tmp_path / "w.db"
    words = (
        "grow",
        "mucus",
        "--llm",
        "world:communities?size=30&degree=6&seed=1",
        "--policy",
        "bandit",
        "--until",
        "saturated",
    )
    _, remarks = invoke(*words, "--store", store, code=3)
    last = remarks.splitlines()[-1]
    assert last.startswith("stopped: saturated: 0.")
    assert "saturated, time for other strategies: 0." in remarks
    assert "saturated, time for neighbouring fields: 0." in remarks
    assert json.loads(invoke("show", store, "--json")[0])["watch"] == last.removeprefix("stopped: ")
    log = invoke("log", store, "--json")[0]
    notes = [row["watch"]["do"] for row in map(json.loads, log.splitlines()) if row["watch"]]
    assert notes[-3:] == ["turn", "widen", "stop"]


def test_questions_about_an_imported_graph_do_not_drift() -> None:
    """What an edit brought counts for the distances too, so its concepts are joined to the topic."""
    parts = [f"part {number}" for number in range(30)]
    said = tuple(Statement(Relation(parts[0], "holds", one), Triple(parts[0], "holds", one)) for one in parts[1:])
    log: list[Event] = [Edit(1, "add", Delta(tuple(Concept(key, key) for key in parts), relations=said))]
    for number in range(20):
        new = Concept(f"new thing {number}", f"new thing {number}")
        one = Statement(Relation(parts[number], "holds", new.key), Triple(parts[number], "holds", new.name))
        focus = Focus("frontier", (parts[number],), "a test")
        log.append(replace(EVENTS[0], seq=number + 2, focus=focus, delta=Delta((new,), relations=(one,))))
    assert not monitor(fold(log)).assessment.do
