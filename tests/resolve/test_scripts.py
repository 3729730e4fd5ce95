"""Names in every script: marks, scripts of the topic, words that no blanks part."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgrow.cli import command_line
from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, terms
from graphgrow.graph.model import Answer, Focus, Prompt, Question, Reply
from graphgrow.parse.json_text import salvage
from graphgrow.parse.names import read_names
from graphgrow.policy.gains import relevance
from graphgrow.reason.context import gather, mentions
from graphgrow.reason.similarity import similarities
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.predicates import folded
from graphgrow.resolve.search import find, search
from graphgrow.stores import open_store
from tests.conftest import expansion, triples


def graph_of(topic: str, *said: tuple[str, str, str]) -> Graph:
    """Return a graph of one reply."""
    graph, prompt = Graph(), Prompt("", "")
    question = Question(Focus("replay", (canonical(topic),), ""), prompt)
    graph.apply(expansion(graph, topic, question, Answer(prompt, Reply(triples(*said))), open_resolver()))
    return graph


@pytest.mark.parametrize(
    "names",
    [
        ("दिन", "दान", "दीन"), ("ไก่", "ไข่", "ไข"), ("عِلم", "عَلَم"), ("ខ្មែរ", "ខមរ"), ("কি", "কী"), ("தமிழ்", "தமழ"),
        ("שָׁלוֹם", "שלום"), ("e\u0301", "e"),
    ],
)  # fmt: skip
def test_marks_tell_names_apart(names: tuple[str, ...]) -> None:
    """Vowel signs and tone marks are letters of their scripts."""
    assert len(set(map(canonical, names))) == len(names)


@pytest.mark.parametrize("said", ["के बाद आता है", "อยู่ใน", "يُقوّي", "ส่งผลต่อ", "を強くする", "ผลิต", "কে বলে"])
def test_a_predicate_keeps_its_marks(said: str) -> None:
    """A predicate in any script is stored as it was said."""
    assert folded(said) == said


def test_every_script_of_the_topic_is_allowed_and_no_topic_allows_all() -> None:
    """A topic in two scripts has names in both; without a topic nothing is held against it."""
    for name in ("基因编辑", "脱靶效应", "Cas9"):
        assert broken_rule(name, "CRISPR 基因编辑") == ""
        assert broken_rule(name, "") == ""
    assert broken_rule("легкие", "CRISPR 基因编辑") == "script"
    assert broken_rule("легкие", "CRISPR и легкие") == ""


def test_a_replay_without_a_topic_takes_every_script_and_says_what_hygiene_took(tmp_path: Path) -> None:
    """The name of a file is no topic; with one in another script every name is counted by its rule."""
    file, runner = tmp_path / "zh.jsonl", CliRunner()
    reply = triples(("石墨烯", "增强", "环氧树脂"), ("it", "用于", "风力叶片"))
    file.write_text(json.dumps({"reply": reply}) + "\n", encoding="utf-8")
    ask = ["replay", str(file), "--field", "reply", "--store"]
    done = runner.invoke(command_line(), [*ask, str(tmp_path / "a.db")])
    assert "2 concepts and 1 relation in" in done.output
    assert "hygiene kept names out 1 time: 1 pronoun" in " ".join(done.output.split())
    done = runner.invoke(command_line(), [*ask, str(tmp_path / "b.db"), "--topic", "biology of cells"])
    assert "hygiene kept names out 4 times: 3 script, 1 pronoun" in " ".join(done.output.split())
    assert "--without-rule script" in done.output
    done = runner.invoke(
        command_line(), [*ask, str(tmp_path / "c.db"), "--topic", "复合材料", "--without-rule", "pronoun"]
    )
    assert "hygiene kept no name out" in done.output
    assert open_store(str(tmp_path / "a.db")).graph().topic == ""


SILK = graph_of(
    "蜘蛛丝",
    ("蜘蛛丝", "含有", "丝素蛋白"),
    ("丝素蛋白", "形成", "β-折叠"),
    ("氢键", "稳定", "β-折叠"),
    ("蜘蛛", "分泌", "蜘蛛丝"),
)


def test_a_question_without_blanks_names_concepts_and_finds_what_is_near() -> None:
    """What a Chinese question names is found inside it, the longest name first; so is what is only written alike."""
    assert [SILK.name(key) for key in mentions(SILK, "蜘蛛丝为什么比丝素蛋白更强\uff1f")] == ["蜘蛛丝", "丝素蛋白"]
    context = gather(SILK, "氢键如何稳定折叠结构\uff1f", None, 500)
    assert {SILK.name(key) for key in context.seeds} >= {"氢键", "β-折叠"}
    assert similarities("蛋白质的结构", ["丝素蛋白", "氢键"], None)[0] > 0
    assert relevance(SILK).of(canonical("蜘蛛")) > relevance(SILK).of(canonical("氢键"))


@pytest.mark.parametrize(
    ("topic", "said", "asked", "named"),
    [
        ("ใยแมงมุม", ("ใยแมงมุม", "ประกอบด้วย", "โปรตีน"), "ทำไมใยแมงมุมจึงแข็งแรง", "ใยแมงมุม"),
        ("クモの糸", ("クモの糸", "含む", "タンパク質"), "クモの糸はなぜ強いのか", "クモの糸"),
        ("मकड़ी का रेशम", ("मकड़ी का रेशम", "में है", "प्रोटीन"), "मकड़ी का रेशम मजबूत क्यों है?", "मकड़ी का रेशम"),
        ("cells", ("p53-/-", "develops", "lymphoma"), "Why does p53-/- develop lymphoma?", "p53-/-"),
    ],
)
def test_questions_in_other_scripts_name_concepts(
    topic: str, said: tuple[str, str, str], asked: str, named: str
) -> None:
    """Thai, Japanese, Hindi, and a name with a sign are found in a question."""
    graph = graph_of(topic, said)
    assert graph.name(mentions(graph, asked)[0]) == named


def test_a_sign_in_a_question_is_no_other_concept() -> None:
    """Of two names that differ by a sign, the question names the one that it writes."""
    graph = graph_of("cells", ("p53-/-", "develops", "lymphoma"), ("p53", "guards", "genome"), ("BMI > 30", "defines",
                     "obesity"), ("BMI < 30", "excludes", "obesity"))  # fmt: skip
    assert mentions(graph, "Does p53 guard it?") == ["p53"]
    assert mentions(graph, "what is BMI < 30") == ["bmi < 30"]
    assert find(graph, "BMI>30") == "bmi > 30"


def test_a_part_of_a_name_is_found_in_any_script() -> None:
    """Search finds a part anywhere in a name, and without its signs."""
    assert [one.name for one in search(SILK, "蛋白")] == ["丝素蛋白"]
    assert [one.name for one in search(SILK, "折叠")] == ["β-折叠"]
    assert search(SILK, "?!") == []
    assert terms("CRISPR基因编辑 tools") == ["crispr", "基因", "因编", "编辑", "tool"]


def test_lists_in_other_scripts_are_parted_at_their_commas() -> None:
    """Chinese, Arabic and Hindi lists of names."""
    assert read_names("石墨烯、环氧树脂\uff0c碳纤维") == ("石墨烯", "环氧树脂", "碳纤维")
    assert read_names("الجرافين، الإيبوكسي") == ("الجرافين", "الإيبوكسي")
    assert read_names("दिन,रात") == ("दिन", "रात")


def test_a_repair_that_would_lose_a_vowel_sign_is_none() -> None:
    """Broken JSON in Hindi is mended without a change to its words."""
    found = salvage('{"source": "दिन" "predicate": "के बाद", "target": "दान"}')
    assert found.values == [{"source": "दिन", "predicate": "के बाद", "target": "दान"}]


def test_a_name_with_another_sign_is_not_found_for_it() -> None:
    """Who names what is not there gets no other concept for it; capitals and plurals that are sure do not matter."""
    graph = graph_of(
        "cells", ("p53", "guards", "genome"), ("AIDS", "is caused by", "HIV"), ("Windows", "runs on", "PC")
    )
    for name in ("p53-/-", "AID", "window"):
        with pytest.raises(BadInput, match="no concept"):
            find(graph, name)
    assert [graph.name(find(graph, name)) for name in ("Genomes", "windows", "P53", "aids")] == [
        "genome", "Windows", "p53", "AIDS",
    ]  # fmt: skip
