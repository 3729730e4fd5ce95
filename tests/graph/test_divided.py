"""Spellings that share a key are taken apart again, each with what was said in it."""

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgrow.api import edits
from graphgrow.cli import command_line
from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import (
    Answer,
    Concept,
    Delta,
    Edit,
    Event,
    Focus,
    Prompt,
    Question,
    Relation,
    Reply,
    Statement,
    Triple,
)
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.search import find
from graphgrow.stores import open_store
from tests.conftest import expansion, fact_checked, triples


def grown(*replies: tuple[tuple[str, str, str], ...]) -> tuple[Graph, list[Event]]:
    """Return a graph of replies, and its log."""
    graph, log = Graph(), list[Event]()
    for said in replies:
        add(graph, log, *said)
    return graph, log


def add(graph: Graph, log: list[Event], *said: tuple[str, str, str]) -> None:
    """Grow a graph by one reply."""
    prompt = Prompt("", "")
    question = Question(Focus("replay", ("metals",), "", angle=str(graph.seq)), prompt)
    log.append(expansion(graph, "metals", question, Answer(prompt, Reply(triples(*said))), open_resolver()))
    graph.apply(log[-1])


def decide(graph: Graph, log: list[Event], edit: Event) -> None:
    """Take an edit in."""
    log.append(edit)
    graph.apply(edit)


POLISH = (
    (("Polish", "is spoken in", "Poland"),),
    (("polish", "contains", "wax"), ("wax", "is part of", "polish")),
    (("Polish", "is a", "Slavic language"),),
)


def said_of(graph: Graph, name: str) -> set[str]:
    """Return the names that a concept is related to."""
    return {graph.name(key) for key in graph.neighbours[find(graph, name)]}


@pytest.mark.parametrize("name", ["Polish", "polish"])
def test_a_spelling_leaves_its_key_with_what_was_said_in_it(name: str) -> None:
    """Evidence is divided by who said which spelling, whichever of the two leaves, and so is what comes later."""
    graph, log = grown(*POLISH)
    assert find(graph, "Polish") == find(graph, "polish")
    decide(graph, log, edits.unmerge(graph, name))
    assert said_of(graph, "Polish") == {"Poland", "Slavic language"}
    assert said_of(graph, "polish") == {"wax"}
    assert {graph.name(find(graph, one)) for one in ("Polish", "polish")} == {"Polish", "polish"}
    assert all(not concept.aliases for concept in graph.concepts.values())
    add(graph, log, ("polish", "protects", "wood"), ("Polish", "has", "seven cases"))
    assert said_of(graph, "Polish") == {"Poland", "Slavic language", "seven cases"}
    assert said_of(graph, "polish") == {"wax", "wood"}
    again = fold(log)
    assert (again.concepts, again.relations, again.neighbours) == (graph.concepts, graph.relations, graph.neighbours)
    assert not list(graph.doubts())


def test_apart_takes_two_spellings_of_one_concept_apart_and_undo_puts_them_together() -> None:
    """What `apart` parts `undo` joins, with the relations of both."""
    graph, log = grown(*POLISH)
    before = (set(graph.relations), len(graph.concepts))
    decide(graph, log, edits.apart(graph, "Polish", "polish"))
    assert find(graph, "Polish") != find(graph, "polish")
    decide(graph, log, edits.undo(graph, log[-1], lambda: iter(log)))
    assert find(graph, "Polish") == find(graph, "polish")
    assert len(graph.concepts) == before[1]
    decide(graph, log, edits.undo(graph, log[-1], lambda: iter(log)))
    assert find(graph, "Polish") != find(graph, "polish")


def test_every_spelling_of_a_relation_turned_about_stays_with_its_own_side() -> None:
    """A passive wording changes source and target; each end keeps the spelling that it was said in."""
    graph, log = grown((("Mercury", "is caused by", "mining"),), (("mercury", "causes", "mercury poisoning"),),
                       (("Mercury", "orbits", "Sun"),))  # fmt: skip
    decide(graph, log, edits.unmerge(graph, "mercury"))
    assert said_of(graph, "Mercury") == {"mining", "Sun"}
    assert said_of(graph, "mercury") == {"mercury poisoning"}


def test_a_name_that_was_merged_with_others_of_its_key_is_parted_from_all() -> None:
    """A spelling of a key that was merged into another concept stands alone; the other spellings stay merged."""
    graph, log = grown((("IL-6", "activates", "STAT3"),), (("IL6", "drives", "fever"),), (("il6", "binds", "gp130"),))
    assert find(graph, "IL-6") == find(graph, "IL6") == find(graph, "il6")
    decide(graph, log, edits.apart(graph, "IL-6", "il6"))
    assert said_of(graph, "il6") == {"gp130"}
    assert said_of(graph, "IL-6") == {"STAT3", "fever"}


@pytest.mark.parametrize("name", ["the cell", "cell"])
def test_spellings_that_differ_by_their_article_are_taken_apart(name: str) -> None:
    """What was said of "the cell" leaves "cell", whichever is named; what comes later goes with its spelling too."""
    graph, log = grown((("the cell", "divides", "tissue"),), (("cell", "needs", "water"),), (("A", "is", "a tissue"),))
    assert find(graph, "cell") == find(graph, "the cell")
    with pytest.raises(BadInput, match="was not merged"):
        edits.unmerge(graph, "the cell wall")
    decide(graph, log, edits.unmerge(graph, name))
    parted = log[-1]
    assert said_of(graph, "the cell") == {"tissue"}
    assert said_of(graph, "cell") == {"water"}
    add(graph, log, ("nacre", "surrounds", "the cell"), ("bone", "feeds", "cell"))
    assert said_of(graph, "the cell") == {"tissue", "nacre"}
    assert said_of(graph, "cell") == {"water", "bone"}
    again = fold(log)
    assert (again.concepts, again.relations, again.neighbours) == (graph.concepts, graph.relations, graph.neighbours)

    # It is taken back, and done again.
    assert isinstance(parted, Edit)
    decide(graph, log, edits.undo(graph, parted, lambda: iter(log)))
    assert find(graph, "cell") == find(graph, "the cell")
    decide(graph, log, edits.apart(graph, "cell", "the cell"))
    assert said_of(graph, "the cell") == {"tissue", "nacre"}
    assert said_of(graph, "cell") == {"water", "bone"}


def test_two_articles_of_one_word_are_taken_apart() -> None:
    """Also where nobody ever said the word without one; a spelling at the beginning of a sentence goes with its own."""
    graph, log = grown((("the cell", "divides", "tissue"),), (("a cell", "needs", "water"), ("The cell", "has", "DNA")))
    decide(graph, log, edits.apart(graph, "the cell", "a cell"))
    assert {frozenset(said_of(graph, name)) for name in ("the cell", "a cell")} == {
        frozenset({"tissue", "DNA"}),
        frozenset({"water"}),
    }


@pytest.mark.parametrize("name", ["The Cure", "cure"])
def test_a_title_that_was_merged_with_a_word_leaves_it(name: str) -> None:
    """Whichever of the two is named, and also where the graph merged them by itself."""
    graph, log = grown((("The Cure", "recorded", "Disintegration"),), (("cure", "ends", "disease"),),
                       (("The Netherlands", "borders", "Germany"), ("Netherlands", "has", "Rotterdam")))  # fmt: skip
    assert find(graph, "The Netherlands") == find(graph, "Netherlands")
    assert {graph.name(key) for doubt in graph.doubts() for key in doubt.concepts} == {"The Cure", "cure"}
    decide(graph, log, edits.merge(graph, "The Cure", "cure"))
    edit = edits.unmerge(graph, name)
    assert edit.note == "cure is not The Cure"
    decide(graph, log, edit)
    decide(graph, log, edits.apart(graph, "The Netherlands", "Netherlands"))
    assert [said_of(graph, one) for one in ("The Cure", "cure", "The Netherlands", "Netherlands")] == [
        {"Disintegration"}, {"disease"}, {"Germany"}, {"Rotterdam"}]  # fmt: skip


def test_a_title_that_an_older_log_has_under_the_key_of_a_word_leaves_it() -> None:
    """A log in which "The Cure" was written down as "Cure", with the key of cure, is taken apart by its own words."""
    graph, log = Graph(), list[Event]()
    said = (("The Cure", "recorded", "Disintegration"), ("cure", "ends", "disease"))
    for seq, (source, predicate, target) in enumerate(said, 1):
        keys = Relation("cure", predicate, target.casefold())
        other = Concept(target.casefold(), target)
        new = (Concept("cure", "Cure"), other) if seq == 1 else (other,)
        aliases = () if seq == 1 else (("cure", "cure"),)
        statement = Statement(keys, Triple(source, predicate, target))
        decide(graph, log, Edit(seq, "add", Delta(new, aliases, (statement,))))
    decide(graph, log, edits.apart(graph, "The Cure", "cure"))
    assert said_of(graph, "The Cure") == {"Disintegration"}
    assert said_of(graph, "cure") == {"disease"}


def test_what_was_never_put_together_is_told_its_spellings() -> None:
    """The only spelling of a concept cannot leave it."""
    graph, log = grown(*POLISH)
    with pytest.raises(BadInput, match="was not merged into anything"):
        edits.unmerge(graph, "wax")
    with pytest.raises(BadInput, match="one of its spellings, 'Polish', 'polish'"):
        edits.unmerge(graph, "POLISH")
    with pytest.raises(BadInput, match="name one of its spellings"):
        edits.apart(graph, "POLISH", "PoLISH")
    assert log


def test_a_graph_of_before_with_one_key_for_two_things_is_taken_apart_in_its_store(tmp_path: Path) -> None:
    """Keys that older versions wrote are as good as today's: the store shows both parts, and grows on with them."""
    old = Delta(
        concepts=(Concept("aid", "AIDS"), Concept("hiv", "HIV"), Concept("gene", "gene")),
        aliases=(("aid", "AID"),),
        relations=(
            Statement(Relation("hiv", "causes", "aid"), Triple("AIDS", "is caused by", "HIV")),
            Statement(Relation("aid", "mutates", "gene"), Triple("AID", "mutates", "the gene")),
        ),
    )
    path = str(tmp_path / "old.db")
    with closing(open_store(path, create=True)) as store:
        store.append(Edit(1, "add", old))
    runner = CliRunner()
    for command in (["apart", path, "AIDS", "AID"], ["verify", path]):
        done = runner.invoke(command_line(), command)
        assert done.exit_code == 0, done.output
    with closing(open_store(path)) as store:
        graph = store.graph()
        assert said_of(graph, "AIDS") == {"HIV"}
        assert said_of(graph, "AID") == {"gene"}
        prompt = Prompt("", "")
        question = Question(Focus("replay", ("hiv",), ""), prompt)
        reply = Reply(triples(("AID", "deaminates", "cytidine"), ("AIDS", "is treated with", "zidovudine")))
        store.append(expansion(graph, "virus", question, Answer(prompt, reply), open_resolver()))
        graph = store.graph()
        assert said_of(graph, "AID") == {"gene", "cytidine"}
        assert said_of(graph, "AIDS") == {"HIV", "zidovudine"}
    for command in (["verify", path], ["merge", path, "AIDS", "AID"], ["verify", path], ["unmerge", path, "AID"],
                    ["verify", path]):  # fmt: skip
        done = runner.invoke(command_line(), command)
        assert done.exit_code == 0, (command, done.output)


def test_a_fact_check_stays_with_the_spelling_that_it_was_about() -> None:
    """What a model said of a relation before two spellings were parted counts for the part that has the relation."""
    graph, log = grown(*POLISH)
    relation = next(one for one in graph.relations if one.target == "poland")
    decide(graph, log, fact_checked(graph, relation, 3.0))
    decide(graph, log, edits.unmerge(graph, "Polish"))
    moved = next(one for one in graph.relations if one.target == "poland")
    assert moved != relation
    assert graph.checks == {moved: [3.0]}
    assert moved not in graph.unchecked


def test_what_was_rejected_before_two_spellings_were_parted_stays_out() -> None:
    """Nobody has to reject a relation twice because one of its ends became two."""
    graph, log = grown(*POLISH)
    relation = next(one for one in graph.relations if one.target == "poland")
    decide(graph, log, edits.reject_relation(graph, relation))
    decide(graph, log, edits.unmerge(graph, "Polish"))
    assert said_of(graph, "Polish") == {"Slavic language"}
    add(graph, log, ("Polish", "is spoken in", "Poland"))
    assert said_of(graph, "Polish") == {"Slavic language"}


@pytest.mark.parametrize("names", [("apple", "apples"), ("apples", "apple"), ("Apple", "apples"), ("apples", "Apple")])
def test_three_spellings_of_one_key_are_taken_apart_in_any_order(names: tuple[str, str], tmp_path: Path) -> None:
    """What left together with others leaves these too, with what was said, rejected, checked and is said later."""
    graph, log = grown((("Apple", "makes", "iPhone"),), (("apple", "is a", "fruit"),),
                       (("apples", "grow on", "trees"),), (("apples", "grow in", "sheds"),))  # fmt: skip
    checked = next(one for one in graph.relations if one.target == "tree")
    decide(graph, log, fact_checked(graph, checked, 3.0))
    decide(graph, log, edits.reject_relation(graph, next(one for one in graph.relations if one.target == "shed")))
    for name in names:
        decide(graph, log, edits.unmerge(graph, name))
    for name, said in (("Apple", {"iPhone"}), ("apple", {"fruit"}), ("apples", {"trees"})):
        assert graph.name(find(graph, name)) == name
        assert said_of(graph, name) == said
        assert not graph.concepts[find(graph, name)].aliases
    assert list(graph.checks.values()) == [[3.0]]
    assert graph.relations.keys() >= graph.checks.keys()
    add(graph, log, ("apples", "contain", "pectin"), ("Apple", "employs", "engineers"))
    assert said_of(graph, "apples") == {"trees", "pectin"}
    assert said_of(graph, "Apple") == {"iPhone", "engineers"}
    with closing(open_store(str(tmp_path / "apples.db"), create=True)) as store:
        store.append(*log)
        again = store.graph()
    assert (again.concepts, again.relations, again.checks) == (graph.concepts, graph.relations, graph.checks)
    decide(graph, log, edits.undo(graph, log[-2], lambda: iter(log)))
    assert len({find(graph, name) for name in ("Apple", "apple", "apples")}) == 2


@pytest.mark.parametrize(
    ("key", "name", "other"),
    [("grossbritannien", "Großbritannien", "London"), ("mpa", "mPa", "milli"), ("x2", "x²", "square"),
     ("\u03b3 point", "Γ point", "zone"), ("cd4^+ t cell", "CD4⁺ T cells", "thymus")],
)  # fmt: skip
def test_a_name_with_another_key_in_an_older_log_is_still_the_same_concept(key: str, name: str, other: str) -> None:
    """It is found, is the topic, and what a new reply says of it joins what was said before."""
    graph, log = Graph(), list[Event]()
    said = Statement(Relation(key, "has", other.casefold()), Triple(name, "has", other))
    decide(graph, log, Edit(1, "add", Delta((Concept(key, name), Concept(other.casefold(), other)), (), (said,))))
    prompt = Prompt("", "")
    question, answer = (
        Question(Focus("replay", (key,), ""), prompt),
        Answer(prompt, Reply(triples((name, "needs", "water")))),
    )
    log.append(expansion(graph, name, question, answer, open_resolver()))
    graph.apply(log[-1])
    assert find(graph, name) == key
    assert graph.topic_key == key
    assert said_of(graph, name) == {other, "water"}
    again = fold(log)
    assert (again.concepts, again.relations) == (graph.concepts, graph.relations)


@pytest.mark.parametrize(("key", "name"), [("grossbritannien", "Großbritannien"), ("x2", "x²")])
def test_the_topic_of_an_older_log_is_found_before_anything_new_is_said(key: str, name: str) -> None:
    """Only where the concept that has the key of then is spelt as the topic is."""
    for spelling, found in ((name, key), (key, canonical(name))):
        graph = Graph()
        graph.apply(Edit(1, "add", Delta((Concept(key, spelling),))))
        graph.topic = name
        assert graph.topic_key == found
