"""Strong models: thirty relations a call with what qualifies them, kept from the reply to every place that shows it."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from graphgrow.export import FORMATS, export, read_graph
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Budget, Expansion, Focus, Qualifiers, Quantity, Relation, Statement
from graphgrow.growth.background import RENEWED
from graphgrow.growth.loop import Growth
from graphgrow.growth.replay import replay
from graphgrow.growth.settings import Prompts, Settings
from graphgrow.llm.capabilities import fits_strict
from graphgrow.llm.embedded import open_local
from graphgrow.llm.scripted import Scripted
from graphgrow.parse.reply import parse
from graphgrow.policy import open_policy
from graphgrow.prompts.forms import ASKED_FOR, DEFAULT_SIZE, ReplySize, Style, is_strong, qualified_schema
from graphgrow.prompts.forms import FORMS as FORMS_OF_QUESTIONS
from graphgrow.prompts.render import CHARACTERS_A_TOKEN, FEWEST_CONTEXT, Doubts, check, render
from graphgrow.prompts.strong import NOTHING_YET, head
from graphgrow.reason.context import gather
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.predicates import vocabulary
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from tests.cli.test_cli import graphgrow
from tests.servers import Answer, Asked, Endpoint, completion, serving

TOPIC, COUNT = "spider silk", 30
CACHED = 1024  # tokens from which endpoints cache the beginning of a prompt
WHY = "Hydrogen bonds between the strands carry the load."
CONDITIONS = "below 60 % humidity"
SOURCE = "Gosline 1999"
ROW = {
    "source": TOPIC, "predicate": "promotes", "why": WHY, "conditions": CONDITIONS,
    "quantity": {"value": "3.5", "unit": "GPa"}, "certainty": 0.9, "reference": SOURCE,
}  # fmt: skip
FULL = Qualifiers(WHY, CONDITIONS, Quantity("3.5", "GPa"), 0.9, SOURCE, "improves")
BARE = {"source": TOPIC, "predicate": "contains", "why": None, "conditions": None, "quantity": None,
        "certainty": None, "reference": None}  # fmt: skip
NAMES = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron".split()


def reply(number: int) -> str:
    """Return a reply of thirty relations as a frontier model gives it: some with all fields, some with none."""
    targets = [f"{one} {other} fibre" for one, other in zip(NAMES, [*NAMES[number % 15 :], *NAMES], strict=False)]
    rows: list[dict[str, Any]] = [ROW | {"target": target} for target in targets]
    rows += [BARE | {"target": target.replace("fibre", "protein")} for target in targets]
    return json.dumps({"relations": rows[:COUNT]})


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Endpoint]]:
    """Return a store that two questions to a scripted frontier endpoint have filled, and what that was asked."""
    path, numbers = tmp_path_factory.mktemp("strong"), count()

    def script(asked: Asked) -> Answer:
        return Answer(completion(reply(next(numbers)), model="gpt-5"))

    with serving(script) as endpoint:
        graphgrow(
            "grow", TOPIC, "--store", "run.db", "--base-url", endpoint.base_url, "--llm", "gpt-5", "--steps", "2",
            "--prompts", "strong", "--relations", str(COUNT), "--policy", "frontier", "--fact-check", "0", cwd=path,
        )  # fmt: skip
        yield path, endpoint


def graph_of(path: Path) -> Graph:
    """Return the graph of a store."""
    with closing(open_store(str(path))) as store:
        return store.graph()


def strict_problems(schema: Any, *, is_root: bool = True) -> Iterator[str]:  # JSON
    """Yield what OpenAI's strict mode refuses in a schema, by its guide to structured outputs.

    The root is an object and no anyOf; all objects are closed and require all of their properties, what is optional is
    a union with null; only the keywords that the guide lists are there, and none of them on the length of a string,
    which not every model of theirs takes.
    """
    types = schema.get("type")
    types = types if isinstance(types, list) else [types]
    if is_root and types != ["object"]:
        yield "the root is no object"
    known = {"type", "properties", "required", "additionalProperties", "items", "maxItems", "minItems", "enum", "anyOf"}
    yield from (f"keyword {key}" for key in schema.keys() - known)
    if not {*types} <= {"string", "number", "boolean", "integer", "object", "array", "null", None}:
        yield f"types {types}"
    if "object" in types:
        if schema.get("additionalProperties") is not False:
            yield "an object is open"
        if list(schema.get("properties", ())) != schema.get("required"):
            yield "a property is not required"
    for inner in (
        *schema.get("properties", {}).values(),
        *filter(None, [schema.get("items")]),
        *schema.get("anyOf", ()),
    ):
        yield from strict_problems(inner, is_root=False)


def test_a_question_asks_for_thirty_in_strict_mode_with_one_head(grown: tuple[Path, Endpoint]) -> None:
    """Template, schema and limit follow from one number; the second question's head is the first's, byte for byte."""
    first, second = (asked.body for asked in grown[1].chats)
    assert first["messages"][0] == second["messages"][0]  # type: ignore[index]
    assert len(first["messages"][0]["content"]) / CHARACTERS_A_TOKEN > CACHED  # type: ignore[index]
    assert first["messages"][1] != second["messages"][1]  # type: ignore[index]
    for body in (first, second):
        form = body["response_format"]
        assert form["type"] == "json_schema"  # type: ignore[index]
        assert form["json_schema"]["strict"] is True  # type: ignore[index]
        schema = form["json_schema"]["schema"]  # type: ignore[index]
        assert list(strict_problems(schema)) == []
        assert schema["properties"]["relations"]["maxItems"] == COUNT
        assert f"up to {COUNT} relations" in body["messages"][1]["content"]  # type: ignore[index]
        assert body["max_tokens"] == ReplySize(COUNT, is_qualified=True).tokens


def test_the_checker_of_strict_mode_finds_what_is_wrong() -> None:
    """An open object, a property that is not required and a keyword that is not listed are each found."""
    good = qualified_schema()
    assert list(strict_problems(good)) == []
    assert fits_strict(good)
    row = good["properties"]["relations"]["items"]  # type: ignore[index]
    changes: list[dict[str, object]] = [{"additionalProperties": True}, {"required": []}, {"minLength": 1}]
    for change in changes:
        broken = {**good, "properties": {"relations": {"type": "array", "items": row | change}}}
        assert list(strict_problems(broken))
    assert list(strict_problems({"type": "array", "items": good}))


@pytest.mark.local
def test_the_embedded_engine_answers_by_the_schema() -> None:
    """What the real engine says under the grammar has every field of the first relation, or nothing."""
    prompt = render(Focus("seed", (TOPIC,), "", form="seed"), Graph(), TOPIC, style=Style(is_strong=True, relations=1))
    schema = qualified_schema((), 1)
    with closing(open_local()) as model:
        said = model.ask(replace(prompt, system="", user=f"One relation of {TOPIC}, as JSON.", schema=schema))
    rows = json.loads(said.text)["relations"]
    assert all(row.keys() == schema["properties"]["relations"]["items"]["properties"].keys() for row in rows)  # type: ignore[index]


def test_every_field_is_kept_in_events_and_store(grown: tuple[Path, Endpoint]) -> None:
    """An event in SQLite has all fields of a statement; what was not said is not in its JSON."""
    with closing(open_store(str(grown[0] / "run.db"))) as store:
        events = [one for one in store.events() if isinstance(one, Expansion)]
    statements = [one for event in events for one in event.delta.statements]
    assert len(statements) == 2 * COUNT
    full = [one for one in statements if one.relation.predicate == "promotes"]
    assert len(full) == COUNT
    assert {one.qualifiers for one in full} == {FULL}
    assert {one.qualifiers for one in statements if one not in full} == {None}
    for event in events:
        assert from_json(to_json(event)) == event
        assert to_json(event).count('"qualifiers"') == COUNT / 2
    assert '"unit":"GPa"' in to_json(events[0])
    graph = fold(events)
    assert graph.predicate_class(full[0].relation) == "improves"


def test_what_was_not_said_leaves_no_mark() -> None:
    """A statement without qualifiers is written as it always was."""
    silk, plain = Relation("a", "b", "c"), '{"relation":{"source":"a","predicate":"b","target":"c"}'
    from graphgrow.graph.events import adapter
    from graphgrow.graph.model import Triple

    statement = Statement(silk, Triple("a", "b", "c"))
    line = adapter(Statement | Relation).dump_json(statement).decode()
    assert line == plain + ',"raw":{"source":"a","predicate":"b","target":"c"},"support":1}'


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_brings_them_back(grown: tuple[Path, Endpoint], tmp_path: Path, ending: str) -> None:
    """What goes out comes in again, field by field; hostile text too."""
    if ending == ".ttl":
        pytest.importorskip("pyoxigraph")
    graph = graph_of(grown[0] / "run.db")
    export(graph, tmp_path / f"graph{ending}")
    back = read_graph(tmp_path / f"graph{ending}")
    found = [one.qualifiers for one in back.statements if one.relation.predicate == "promotes"]
    assert found == [FULL] * COUNT
    assert not any(one.qualifiers for one in back.statements if one.relation.predicate == "contains")


@pytest.mark.parametrize("ending", FORMATS)
def test_hostile_text_is_text_in_every_format(tmp_path: Path, ending: str) -> None:
    """Formulas, tags, quotation marks, Cypher and control characters come back as the clean text that was kept."""
    if ending == ".ttl":
        pytest.importorskip("pyoxigraph")
    evil = "=cmd|' /C calc'!A0\\ \"quoted\" <script>}) DETACH DELETE n //\x00\u202e\n" + "x" * 1000
    row = ROW | {"target": "beta sheet", "why": evil, "conditions": evil, "reference": evil,
                 "quantity": {"value": "1" + evil, "unit": evil}}  # fmt: skip
    store = MemoryStore()
    model = Scripted([json.dumps({"relations": [row]})])
    (event,) = Growth(TOPIC, store, model, Settings(open_policy("bfs"), Budget(steps=1), prompts="strong"))
    (statement,) = event.delta.relations
    said = statement.qualifiers
    assert said is not None
    assert said.quantity is not None
    texts = [said.why, said.conditions, said.source, said.quantity.value, said.quantity.unit]
    assert all(text.isprintable() and len(text) <= 300 for text in texts)
    export(store.graph(), tmp_path / f"graph{ending}")
    (back,) = read_graph(tmp_path / f"graph{ending}").statements
    assert back.qualifiers == said


def test_show_path_and_log_say_them(grown: tuple[Path, Endpoint]) -> None:
    """People read what was said beside a relation, the source marked as unchecked; programs get every field."""
    place = grown[0]
    words = ("3.5 GPa", CONDITIONS, WHY, "90 %", f"source, unchecked: {SOURCE}", "a case of: improves")
    for command in (
        ("show", "run.db", "alpha alpha fibre"),
        ("path", "run.db", "alpha alpha fibre", TOPIC),
        ("log", "run.db"),
    ):
        said = graphgrow(*command, cwd=place).stdout
        assert all(one in said for one in words), (command, said)
    (relation,) = json.loads(graphgrow("show", "run.db", "alpha alpha fibre", "--json", cwd=place).stdout)["relations"]
    fields = {"why": WHY, "conditions": CONDITIONS, "quantity": {"value": "3.5", "unit": "GPa"}, "certainty": 0.9,
              "source": SOURCE, "predicate_class": "improves"}  # fmt: skip
    assert relation["qualifiers"] == [{"event": 1, **fields}]
    said = graphgrow("path", "run.db", "alpha alpha fibre", TOPIC, "--json", cwd=place).stdout
    (path,) = json.loads(said)["paths"]
    assert path["hops"][0]["relations"][0]["said"][0].items() >= fields.items()
    event = json.loads(graphgrow("log", "run.db", "--json", cwd=place).stdout.splitlines()[0])
    assert event["qualified"][0]["qualifiers"] == fields


def test_the_explorer_shows_them(grown: tuple[Path, Endpoint]) -> None:
    """The list of evidence of a relation says them beside the raw words."""
    pytest.importorskip("streamlit")
    from graphgrow_explorer.panel import evidence
    from graphgrow_explorer.workspace import workspaces

    workspace = workspaces().open(f"sqlite:{grown[0] / 'run.db'}")
    with workspace.reading() as graph:
        promoted = next(one for one in graph.relations if one.predicate == "promotes")
    (said,) = evidence(workspace, promoted)
    assert all(one in said.beside for one in ("3.5 GPa", CONDITIONS, WHY, SOURCE, "unchecked"))


def test_ask_gets_amount_conditions_and_reason_as_evidence(grown: tuple[Path, Endpoint]) -> None:
    """A line of the context has them in quotation marks; certainty and source are no evidence."""
    graph = graph_of(grown[0] / "run.db")
    context = gather(graph, "What does spider silk promote in the alpha alpha fibre?", None, 2000)
    line = next(one.line for one in context.relations if one.predicate == "promotes")
    assert f'("3.5 GPa; when: {CONDITIONS}; why: {WHY}")' in line
    assert SOURCE not in line


def test_neo4j_keeps_them(grown: tuple[Path, Endpoint], neo4j_graph: str) -> None:
    """Copied to a real server: equal events, and the fields as properties of a relation for people's queries."""
    from neo4j import GraphDatabase

    from graphgrow.stores.copying import copy
    from tests.neo4j_server import PASSWORD

    with (
        closing(open_store(str(grown[0] / "run.db"))) as source,
        closing(open_store(neo4j_graph, create=True)) as target,
    ):
        events = list(source.events())
        assert copy(source, target) == len(events)
        assert list(target.events()) == events
        name = target.url.rpartition("graph=")[2]
    server = re.sub(r"\?.*", "", neo4j_graph)
    with GraphDatabase.driver(server, auth=("neo4j", PASSWORD), notifications_min_severity="OFF") as driver:
        rows = driver.execute_query(
            "MATCH (:Concept {graph: $graph})-[r:RELATES {predicate: 'promotes'}]->()"
            " RETURN r.why AS why, r.conditions AS conditions, r.quantities AS quantities,"
            " r.certainties AS certainties, r.sources AS sources, r.predicate_class AS predicate_class",
            graph=name,
        ).records
    names = ("why", "conditions", "quantities", "certainties", "sources")
    assert {tuple(row[name][0] for name in names) for row in rows} == {(WHY, CONDITIONS, "3.5 GPa", 0.9, SOURCE)}
    assert sum(len(row["why"]) for row in rows) == COUNT
    assert {row["predicate_class"] for row in rows} == {"improves"}


def test_a_reply_that_was_cut_keeps_what_is_whole() -> None:
    """Of a reply that breaks off in mid-air the relations before are read with their fields, nested ones too."""
    text = json.dumps({"relations": [ROW | {"target": "beta sheet"}, ROW | {"target": "alpha helix"}]})
    read = parse(text[: text.rindex("3.5")], "length")
    assert [one.target for one in read.triples] == ["beta sheet"]
    assert read.qualifiers[read.triples[0]] == replace(FULL, predicate_class="")
    assert read.outcome == "truncated"


def test_the_head_is_renewed_every_few_steps_and_after_a_restart_the_same() -> None:
    """In between it stays byte for byte; then it says predicates with their class, and the fields of the graph."""
    store, numbers = MemoryStore(), count()
    model = Scripted([reply(next(numbers)) for _ in range(3 * RENEWED)])
    settings = Settings(open_policy("frontier"), Budget(steps=2 * RENEWED + 1), prompts="strong", relations=COUNT)
    heads = [event.prompt.system for event in Growth(TOPIC, store, model, settings)]
    assert len(set(heads)) == 3
    assert [heads.index(one) for one in dict.fromkeys(heads)] == [0, RENEWED, 2 * RENEWED]
    assert '"promotes" (a case of "improves")' in heads[RENEWED]
    assert "Its fields, each with its leading concepts:" in heads[RENEWED]
    assert heads[RENEWED].startswith(heads[0])

    again = MemoryStore()
    again.append(*list(store.events())[: RENEWED + 3])
    resumed = Growth(TOPIC, again, Scripted([reply(0)]), replace(settings, budget=Budget(steps=1)))
    (event,) = resumed
    assert event.prompt.system == heads[RENEWED]


def test_one_head_for_all_forms() -> None:
    """Questions about one concept, about two, what to ask, two names, a check: all have the one system text."""
    graph = fold(_events(2))
    style = Style(is_strong=True, head=head(TOPIC, NOTHING_YET, 400))
    two = tuple(list(graph.concepts)[:2])
    forms = [form for form in FORMS_OF_QUESTIONS if form not in {"facet", "check", "fact_check"}]
    prompts = [
        render(Focus("test", two if form not in {"kin", "intents"} else two[:1], "why", form=form), graph, TOPIC,
               intents=2, style=style)
        for form in forms
    ]  # fmt: skip
    doubts = Doubts(tuple(graph.relations)[:2])
    prompts.append(check(Focus("test", two, "why"), doubts, graph, style=style))
    assert {one.system for one in prompts} == {style.head}
    assert all("$" not in one.user for one in prompts)
    facets = [
        render(Focus("knowledge", two[:1], "why", angle=f"facet {name}", form="facet"), graph, TOPIC,
               style=replace(style, relations=COUNT))
        for name in ("class", "kinds", "uses")
    ]  # fmt: skip
    assert len({one.system for one in facets}) == 1
    assert f"up to {COUNT} specific names" in facets[0].system


def _events(count_: int) -> list[Expansion]:
    model = Scripted([reply(number) for number in range(count_)])
    settings = Settings(open_policy("frontier"), Budget(steps=count_), prompts="strong", relations=COUNT)
    return list(Growth(TOPIC, MemoryStore(), model, settings))


@pytest.mark.parametrize("relations", [1, 3, ASKED_FOR, COUNT, 100])
def test_the_size_is_one_definition(relations: int) -> None:
    """What a template asks for, a schema takes and a limit allows grow together; six give what they always gave."""
    size = ReplySize(relations)
    style = Style(relations=relations)
    prompt = render(Focus("bfs", (TOPIC,), "why"), fold(_events(1)), TOPIC, style=style)
    assert f"Give {relations} relations" in prompt.user
    assert prompt.schema["properties"]["relations"]["maxItems"] == size.most >= relations  # type: ignore[index]
    assert prompt.max_tokens == size.tokens >= 60 * relations
    assert (DEFAULT_SIZE.relations, DEFAULT_SIZE.most, DEFAULT_SIZE.tokens, DEFAULT_SIZE.name_tokens) == (6, 8, 480, 64)


@pytest.mark.parametrize("tokens", [FEWEST_CONTEXT, 400, 4000])
def test_context_says_how_much_of_the_graph_a_question_shows(tokens: int) -> None:
    """What a question shows of the graph has no more tokens than that, and more where there is more room."""
    graph = fold(_events(6))
    strong = render(Focus("bfs", (TOPIC,), "why"), graph, TOPIC, style=Style(is_strong=True, context=tokens, head="x"))
    shown = [line for line in strong.user.splitlines() if line.startswith('"')]
    assert sum(map(len, shown)) <= tokens * CHARACTERS_A_TOKEN / 2
    small = render(Focus("bfs", (TOPIC,), "why"), graph, TOPIC, style=Style(context=tokens))
    names = small.user.split("Known already, name others: ")[1].splitlines()[0]
    assert 0 < len(names) <= tokens * CHARACTERS_A_TOKEN + 40


@pytest.mark.parametrize(
    ("model", "strong"),
    [
        ("gpt-5", True), ("openai/gpt-5-mini", True), ("claude-sonnet-4-5", True), ("gemini-2.5-flash", True),
        ("deepseek-chat", True), ("qwen3:235b-a22b", True), ("llama-3.3-70b-versatile", True), ("mixtral-8x7b", True),
        ("mistral-large-latest", True), ("qwen3:8b", False), ("deepseek-r1-distill-qwen-7b", False),
        ("gpt-4o-mini", False), ("gemini-2.5-flash-lite", False), ("qwen2.5-coder-1.5b-instruct (local)", False),
        ("recorded:gpt-5.jsonl", False), ("my-model", None), ("m-1", None),
    ],
)  # fmt: skip
def test_the_name_of_a_model_says_how_strong_it_is(model: str, strong: bool | None) -> None:  # noqa: FBT001
    """A size in the name decides, else its family; an unknown name says nothing."""
    assert is_strong(model) is strong


def test_auto_goes_by_the_name_and_then_by_the_first_reply() -> None:
    """An alias of an endpoint is asked as a small model until its reply says which model it is."""

    class Alias(Scripted):
        def ask(self, prompt: Any) -> Any:  # as in Scripted
            return replace(super().ask(prompt), model="gpt-5-2025-08-07")

    settings = Settings(open_policy("frontier"), Budget(steps=2), prompts="auto")
    for model, strong in ((Alias([reply(0), reply(1)], name="default"), [False, True]),
                          (Scripted([reply(0), reply(1)], name="gpt-5"), [True, True]),
                          (Scripted([reply(0), reply(1)], name="qwen3:8b"), [False, False])):  # fmt: skip
        events = list(Growth(TOPIC, MemoryStore(), model, settings))
        assert [event.is_strong for event in events] == strong


def test_small_prompts_press_a_verb_into_its_class_and_strong_ones_keep_it() -> None:
    """The same reply is "improves" for a small model and "promotes" for a strong one; read again it stays so."""
    found = {}
    kinds: tuple[Prompts, ...] = ("small", "strong")
    for prompts in kinds:
        settings = Settings(open_policy("bfs"), Budget(steps=1), prompts=prompts)
        (event,) = Growth(TOPIC, MemoryStore(), Scripted([reply(0)]), settings)
        found[prompts] = {one.relation.predicate for one in event.delta.statements}
        (again,) = replay([event], MemoryStore(), open_resolver())
        assert again.delta.statements == event.delta.statements
    assert found == {"small": {"improves", "contains"}, "strong": {"promotes", "contains"}}


def test_a_facet_of_a_strong_model_takes_as_many_names_as_were_asked_for() -> None:
    """Thirty names of a facet come in, and the question says so."""
    names = ", ".join(f"{one} fibre" for one in [*NAMES, *(f"{name}x" for name in NAMES)])
    settings = Settings(open_policy("knowledge"), Budget(steps=2), prompts="strong", relations=COUNT)
    events = list(Growth(TOPIC, MemoryStore(), Scripted(["material", names]), settings))
    assert events[0].prompt.system == events[1].prompt.system
    assert len(events[1].delta.relations) == COUNT


def test_an_instruction_leaves_the_head_as_it_is() -> None:
    """What a person wants comes with the question and not in the head that caches keep."""
    from graphgrow.api.directives import instruct

    store = MemoryStore()
    store.append(*_events(1))
    graph = store.graph()
    store.append(instruct(graph, "prefer enzymes"))
    settings = Settings(open_policy("frontier"), Budget(steps=1), prompts="strong", relations=COUNT)
    (event,) = Growth(None, store, Scripted([reply(3)]), settings)
    assert event.prompt.system == head(TOPIC, NOTHING_YET, 400, vocabulary().names)
    assert event.prompt.user.splitlines()[-1].endswith('"prefer enzymes"')
