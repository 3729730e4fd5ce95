"""The policy that earns its questions: what a question earned, who is drawn, the wordings, and looking ahead."""

import json
import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgrow.api import edits
from graphgrow.cli import command_line
from graphgrow.errors import BadInput
from graphgrow.graph.events import formed, write_events
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, Focus, Prompt, Reply, Usage
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import Bandit, Lookahead, open_policy
from graphgrow.policy.bandit import DISCOUNT, arms
from graphgrow.policy.gains import BRIDGE, FLOOR, WASTE, Gain, gains, relevance
from graphgrow.policy.lookahead import Features, values
from graphgrow.prompts.forms import TEMPLATED
from graphgrow.prompts.variants import load_variants
from graphgrow.stores.memory import MemoryStore
from tests.conftest import triples
from tests.growth.test_growth import run
from tests.policy.test_strategies import BONE, SILK, ask, asked, clique, drawn
from tests.policy.test_strategy_laws import Prompted, slow


def account(strategy: str, total: float, *, seq: int = 1, tokens: int = 1000, variant: str = "") -> Gain:
    """Return the account of a question that earned so much."""
    return Gain(seq, strategy, "general", variant, 0, 0, 0, tokens, total, total, is_step=True)


def invoke(*words: str | Path, code: int = 0) -> tuple[str, str]:
    """Return what a command prints as its result and beside it; its exit code must be `code`."""
    done = CliRunner().invoke(command_line(), list(map(str, words)), env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout, done.stderr


def paid(graph: Graph, key: str, *brought: tuple[str, str, str], angle: str = "general") -> None:
    """Put a question about a concept into a graph that cost 100 tokens."""
    event = asked(graph, formed(Focus("test", (key,), "a test", angle=angle)), triples(*brought))
    graph.apply(replace(event, reply=replace(event.reply, usage=Usage(80, 20))))


def test_a_name_near_the_topic_weighs_more() -> None:
    """The topic weighs 1, its words and those that concepts beside it share weigh in, a stranger keeps the floor."""
    graph = Graph(topic="spider silk")
    ask(graph, "spider silk", ("spider silk", "has", "dragline thread"), ("spider silk", "has", "capture thread"))
    ask(graph, "spider silk", ("capture thread", "meets", "web silk"), ("brick", "is in", "house"), angle="b")
    weight = relevance(graph).of
    assert weight("spider silk") == 1.0
    assert weight("web silk") > weight("dragline thread") > weight("house") == FLOOR
    assert all(FLOOR <= weight(key) <= 1 for key in graph.concepts)


def test_a_question_earns_what_the_graph_still_shows_of_it() -> None:
    """Concepts by weight less rejects and duplicates; what is rejected later is not earned any more."""
    graph = Graph(topic="silk")
    ask(graph, "silk", ("silk", "has", "protein"), ("silk", "has", "web"), ("silk", "is", "<b>"), angle="a")
    (one,) = gains(graph)
    weights = relevance(graph)
    assert (one.concepts, one.waste) == (3, 1)
    assert one.own == pytest.approx(sum(map(weights.of, ("silk", "protein", "web"))) - WASTE)
    graph.apply(edits.reject(graph, "web"))
    (after,) = gains(graph)
    assert after.concepts == 2
    assert after.own < one.own


def test_a_relation_between_communities_is_paid() -> None:
    """The question that joins two communities gets BRIDGE of the weights of both ends for it, another one nothing."""
    graph = drawn(*clique(SILK), *clique(BONE))
    ask(graph, SILK[0], (SILK[0], "resembles", BONE[0]), angle="b")
    ask(graph, SILK[0], (SILK[0], "resembles", SILK[1]), angle="c")
    _, joined, inside = gains(graph)
    assert (joined.bridges, inside.bridges) == (1, 0)
    assert joined.own == pytest.approx(BRIDGE * relevance(graph).mean((SILK[0], BONE[0])))


def test_credit_reaches_back_to_the_question_that_opened_the_field() -> None:
    """Of two questions that earned the same, the one whose concept brought much later is paid more, its rival less."""
    graph = Graph(topic="silk")
    paid(graph, "silk", ("silk", "has", "web"), angle="z")
    paid(graph, "silk", ("silk", "has", "protein"), angle="a")
    paid(graph, "silk", ("silk", "has", "colour"), angle="b")
    paid(graph, "protein", *(("protein", "forms", f"{word} sheet") for word in ("beta", "alpha", "folded")))
    paid(graph, "colour")
    found = {gain.seq: gain.total - gain.own for gain in gains(graph)}
    assert found[2] > 0 > found[3]


def test_the_score_counts_by_how_near_the_topic_is() -> None:
    """Of concepts as new as each other the one nearest to the topic is asked; one farther out if it is much nearer."""
    graph = Graph(topic="spider silk")
    ask(graph, "spider silk", *(("spider silk", "is in", place) for place in ("attic", "barn", "silk web")))
    ask(graph, "attic", ("attic", "has", "spider"), ("attic", "has", "oak beam"))
    policy, nearness = Bandit(expected={"frontier": 1.0}), relevance(graph).of
    order = [focus.concepts[0] for focus in policy.choose(graph, "spider silk", random.Random(0), 6)]
    assert order.index("silk web") < order.index("barn")
    assert order.index("spider") < order.index("barn") < order.index("oak beam")
    assert graph.depth["spider"] > graph.depth["barn"]
    assert nearness("spider") > 3 * nearness("barn")


def test_what_pays_is_drawn_and_what_has_dried_up_is_left() -> None:
    """The better arm gets nearly all draws; after it has dried up the other one does; none is ever out of the game."""
    rich = [(name, account(name, 6.0 if name == "hub" else 1.0 + number % 2)) for number in range(30)
            for name in ("hub", "gap")]  # fmt: skip
    known = arms(("hub", "gap", "link"), rich)
    assert known.shares()["hub"] > 0.8
    assert known.shares()["link"] > 0
    dry = [*rich, *(("hub", account("hub", 0.0)) for _ in range(60))]
    assert arms(("hub", "gap"), dry).shares()["gap"] > 0.7


def test_older_questions_weigh_less() -> None:
    """The rate is that of the newest question most: each older one counts DISCOUNT of the one after it."""
    known = arms(("hub",), [("hub", account("hub", 1.0)), ("hub", account("hub", 4.0))]).arms["hub"]
    assert known.rate == pytest.approx((4 + DISCOUNT * 1) / (1 + DISCOUNT))
    assert known.pulls == 2


def test_a_switch_has_to_be_worth_it() -> None:
    """Between two arms of the same record the one that was chosen last is drawn more often."""
    record = [(name, account(name, value)) for value in (1.0, 3.0, 2.0) for name in ("hub", "gap")]
    shares = arms(("hub", "gap"), record).shares()
    assert shares["gap"] > 0.5 > shares["hub"]


def test_questions_that_all_earned_the_same_leave_every_choice_open() -> None:
    """Where the first questions brought nothing the draws still differ, and no strategy has all of them."""
    shares = arms(("hub", "gap", "link"), [("hub", account("hub", 0.0)), ("gap", account("gap", 0.0))]).shares()
    assert all(0.1 < share < 0.6 for share in shares.values())


def test_what_a_run_turns_away_from_has_no_share() -> None:
    """The best of the others has it; where all are avoided each has its own again."""
    known = arms(("hub", "gap"), [("hub", account("hub", 9.0 + one % 2)) for one in range(20)])
    assert known.shares()["hub"] > known.shares()["gap"] > 0
    assert known.shares(frozenset({"hub"})) == {"hub": 0.0, "gap": 1.0}
    assert known.shares(frozenset({"hub", "gap"})) == known.shares()


def test_decisions_do_not_push_questions_out_of_the_account() -> None:
    """After more edits than the window holds the last questions are still what the policy goes by."""
    graph = Graph(topic="silk")
    for number in range(6):
        ask(graph, "silk", ("silk", "has", f"protein {number}"), angle=f"angle {number}")
    before = gains(graph, 4)
    for _ in range(5):
        graph.apply(edits.reject(graph, "protein 0"))
        graph.apply(edits.restore(graph, "protein 0"))
    assert [one.seq for one in gains(graph, 4)] == [one.seq for one in before] == [3, 4, 5, 6]


def test_what_mends_a_question_adds_to_its_bill_only() -> None:
    """A repair is no pull: tokens and gain go to the arm, the number of questions stays."""
    mending = Gain(2, "hub", "general", "", 0, 0, 0, 500, 0.0, 0.0, is_step=False)
    arm = arms(("hub",), [("hub", account("hub", 3.0)), ("hub", mending)]).arms["hub"]
    assert (arm.pulls, arm.questions, arm.tokens) == (1, 1.0, 1500)


@pytest.mark.parametrize("policy", ["bandit", "lookahead", "mix"])
@pytest.mark.parametrize("width", [1, 3])
def test_every_choice_can_be_worked_out_again_from_the_log(policy: str, width: int) -> None:
    """From the events before a round, the seed and the policy's name follow its foci, with what was drawn."""
    with slow(4):
        _, events = run(Prompted(), policy=open_policy(policy), width=width, seed=5, budget=Budget(steps=24))
        graph = Graph()
        while graph.seq < len(events):
            again = open_policy(policy).choose(
                graph, "spider silk", random.Random(f"5:{graph.seq}"), min(width, 24 - graph.seq)
            )
            made = [event.focus for event in events[graph.seq : graph.seq + len(again)]]
            assert again == made
            graph.apply_all(events[graph.seq : graph.seq + len(again)])
    drawn_by = [dict(event.focus.drawn) for event in events[1:]]
    assert all(drawn_by) == (policy != "mix")


def test_the_log_and_the_policy_command_explain_the_choice(tmp_path: Path) -> None:
    """`log` says what was expected, `policy` what every strategy earned; the questions of its table are the log's."""
    home = tmp_path / "found.db"
    lines = [json.dumps([{"source": "silk", "predicate": "has", "target": f"{word} {kind}"} for word in "abc"])
             for kind in ("layer", "fibre", "sheet", "strand", "crystal", "gland")]  # fmt: skip
    store = MemoryStore()
    list(Growth("silk", store, Scripted(lines), Settings(open_policy("bandit"), Budget(steps=6))))
    write_events(tmp_path / "run.jsonl", store.events())
    invoke("replay", tmp_path / "run.jsonl", "--store", home)
    rows = [json.loads(line) for line in invoke("log", home, "--json")[0].splitlines()]
    about = json.loads(invoke("policy", home, "--json")[0])
    assert all(row["drawn"] for row in rows[1:])
    assert sum(row["questions"] for row in about["strategies"]) == len(rows) == 6
    assert sum(row["tokens"] for row in about["strategies"]) == sum(row["tokens"] for row in rows)
    assert sum(row["share"] for row in about["strategies"]) == pytest.approx(1)
    assert "drawn per 1,000 tokens" in " ".join(invoke("log", home)[0].split())
    assert "share" in invoke("policy", home)[0]


def test_a_policy_of_nothing_says_so(tmp_path: Path) -> None:
    """A store without a question has a table of what would be drawn in JSON, and one sentence for people."""
    (tmp_path / "g.json").write_text(json.dumps({"nodes": [{"id": "silk"}], "links": []}))
    invoke("import", tmp_path / "g.json", tmp_path / "g.db")
    assert "No question was asked yet" in invoke("policy", tmp_path / "g.db")[0]


class Pleased(Scripted):
    """Answers a question in the wording it likes with three new concepts, any other one with none."""

    def __init__(self) -> None:
        super().__init__([])

    def ask(self, prompt: Prompt) -> Reply:
        """Reply by the prompt and its seed alone."""
        many = 3 if "PLEASE" in prompt.user or "is empty" in prompt.user else 0
        said = [("silk", "has", f"{kind} fibre of type {'abcdefghij'[prompt.seed % 10]}{prompt.seed // 10}")
                for kind in ("thin", "long", "wet")[:many]]  # fmt: skip
        return Reply(triples(*said or [("silk", "is", "fibre")]), Usage(300, 60))


def folder(path: Path, **texts: str) -> Path:
    """Write files of a folder of variants."""
    path.mkdir(exist_ok=True)
    for name, text in texts.items():
        (path / f"{name.replace('_', '.')}.txt").write_text(text)
    return path


def test_wordings_compete_on_what_they_bring(tmp_path: Path) -> None:
    """Of three wordings the model that likes one soon is asked in that one nearly always."""
    variants = load_variants(
        folder(tmp_path / "w", expand_polite='PLEASE: "$focus" of "$topic", $angle', expand_terse='"$focus": $angle')
    )
    policy = Bandit({kind: tuple(names) for kind, names in variants.items()}, {"random": 1.0})
    _, events = run(Pleased(), topic="silk", policy=policy, variants=variants, budget=Budget(steps=60))
    used = Counter(event.focus.variant for event in events[-30:])
    assert used["polite"] > 20
    assert {event.focus.variant for event in events} == {"", "polite", "terse"}
    assert all(("PLEASE" in event.prompt.user) == (event.focus.variant == "polite") for event in events)
    write_events(tmp_path / "run.jsonl", events)
    invoke("replay", tmp_path / "run.jsonl", "--store", tmp_path / "g.db")
    rows = {row["name"]: row for row in json.loads(invoke("policy", tmp_path / "g.db", "--json")[0])["wordings"]}
    asked = Counter(event.focus.variant for event in events if event.focus.angle not in TEMPLATED)
    assert {name: row["questions"] for name, row in rows.items()} == {
        f"expand: {name or '(ours)'}": count for name, count in asked.items()
    }
    assert rows["expand: polite"]["share"] > rows["expand: terse"]["share"]
    assert "expand: polite" in invoke("policy", tmp_path / "g.db")[0]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("expand_x", "", "0 characters"),
        ("expand_x", "a" * 5000, "5,000 characters"),
        ("expand_x", "$secret", "has $secret"),
        ("expand_x", "cost 5 $", "written $$"),
        ("expand_x", "Tell me more.", "has no placeholder"),
        ("nonsense_x", "$topic", "is no variant"),
        ("expand", "$topic", "is no variant"),
    ],
)
def test_a_variant_that_cannot_be_asked_is_refused(name: str, text: str, sentence: str, tmp_path: Path) -> None:
    """One sentence names the file and what is wrong with it."""
    with pytest.raises(BadInput, match=sentence.replace("$", r"\$")):
        load_variants(folder(tmp_path / "w", **{name: text}))


def test_a_variant_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A pipe would be waited for for ever, and is not opened."""
    os.mkfifo(folder(tmp_path / "w") / "expand.x.txt")
    with pytest.raises(BadInput, match="is no file"):
        load_variants(tmp_path / "w")


def test_no_folder_no_variants_and_a_policy_without_a_choice(tmp_path: Path) -> None:
    """A folder that is missing or empty is said, and a policy that would never use a wording is refused with it."""
    with pytest.raises(BadInput, match="no folder"):
        load_variants(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="holds no variant"):
        load_variants(folder(tmp_path / "w"))
    with pytest.raises(BadInput, match="does not choose between wordings"):
        open_policy("mix", {"expand": ("x",)})


def test_values_learn_what_brings_much() -> None:
    """Where questions about concepts with few neighbours brought more, such a one is expected to bring more."""
    graph = Graph(topic="silk")
    ask(graph, "silk", *(("silk", "has", f"{word} part") for word in ("thin", "wet", "long", "dry", "raw", "old")))
    for word in ("thin", "wet", "long", "dry"):
        ask(graph, f"{word} part", *((f"{word} part", "has", f"{word} {kind}") for kind in ("core", "skin", "tip")))
        ask(graph, "silk", angle=word)
    learned = values(graph)
    leaf, hub = Features(1, 0, 1, 0.5), Features(12, 4, 0, 1.0)
    assert learned.concepts(leaf) > learned.concepts(hub)
    assert learned.gain(leaf) > learned.gain(hub)


def test_values_learn_that_a_list_is_another_question() -> None:
    """Where lists brought more than other questions about such concepts, a list is expected to, and asked next."""
    graph = Graph(topic="silk")
    for word in ("thin", "wet", "long", "dry", "raw", "old"):
        ask(graph, "silk", ("silk", "has", f"{word} part"), angle=word)
    for word in ("thin", "wet", "long"):
        items = (f"{word} {kind}" for kind in ("core", "skin", "tip", "web"))
        ask(graph, f"{word} part", *((f"{word} part", "has", item) for item in items), angle="survey parts")
    for word in ("dry", "raw", "old"):
        ask(graph, f"{word} part", (f"{word} part", "needs", f"{word} care"))
    learned = values(graph)
    one = Features(1, 0, 2, 0.5)
    listed = replace(one, is_list=True)
    assert learned.gain(listed) > learned.gain(one)
    assert learned.concepts(listed) > learned.concepts(one)
    assert learned.following(listed).is_list
    assert Lookahead().choose(graph, "silk", random.Random(1))[0].strategy == "survey"


def test_looking_ahead_prefers_what_opens_more() -> None:
    """Before any question all are worth the same; later the value of a row is that of its first question and more."""
    graph = drawn(*clique(SILK), *clique(BONE))
    one, deep = (Lookahead(depth).choose(graph, "silk", random.Random(1))[0] for depth in (1, 3))
    assert max(value for _, value in deep.drawn) > max(value for _, value in one.drawn)
    assert deep.question not in graph.asked
    assert len({focus.concepts for focus in Lookahead().choose(graph, "silk", random.Random(1), 4)}) == 4
