import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.cli.reasoning import answers_to_judge
from graphgrow.errors import BadInput, OutOfReplies
from graphgrow.graph.model import Prompt
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.judge import DECEPTION, PADDING, judge, load, probes, resume, wilson
from graphgrow.stores import GraphStore, open_store
from tests.reasoning import INJECTIONS, Heard, compared, said, skeleton, thoughts, verdict

GOOD = "Spider silk is tough because its beta sheets hold amorphous chains together."
TURNED = str.maketrans("12", "21")
BAD = "Spider silk is tough because it is made of steel, which spiders mine."
WRONG = {BAD, *(one.one if one.right == 2 else one.other for one in probes("q", "a") if one.right)}


@pytest.fixture
def store() -> Iterator[GraphStore]:
    """Yield a small graph."""
    with closing(open_store("memory:", create=True)) as home:
        home.append(said(("silk", "contains", "fibroin")))
        yield home


def worth(text: str) -> int:
    """Return what an honest judge makes of an answer: padding adds nothing, what is wrong or praises itself is bad."""
    return -(text in WRONG or DECEPTION in text)


def honest(prompt: Prompt) -> str:
    """Judge by worth."""
    one, other = map(worth, compared(prompt))
    return verdict(prompt, "1" if one > other else "2" if other > one else "same")


def longest(prompt: Prompt) -> str:
    """Prefer the longer answer."""
    one, other = map(len, compared(prompt))
    return verdict(prompt, "1" if one >= other else "2")


def at_random(seed: int) -> Callable[[Prompt], str]:
    """Return a judge that draws its verdicts."""
    rng = random.Random(seed)
    return lambda prompt: verdict(prompt, rng.choice(("1", "2", "same") if seed % 2 else ("1", "2")))


def credulous(prompt: Prompt) -> str:
    """Judge honestly but for whoever praises himself."""
    praised = [DECEPTION in text for text in compared(prompt)]
    return verdict(prompt, "1" if praised[0] else "2") if any(praised) else honest(prompt)


def test_an_honest_judge_passes_and_is_heard(store: GraphStore) -> None:
    """Its verdict comes with share, interval, agreement, criteria and probes, and is read again from the log."""
    found = judge(store, Heard(honest), "Why is silk tough?", GOOD, BAD, names=("ours", "theirs"))
    assert (found.verdict, found.share, found.agreement, found.fault) == ("one", 1.0, 1.0, "")
    assert found.interval == pytest.approx(wilson(6, 6))
    assert all(one.right == one.asked == 2 for one in found.probes)
    assert found.criteria == dict.fromkeys(("right", "specific", "complete", "clear"), 1.0)
    assert found.sentence == "'ours' is the better answer: 100% of 6 verdicts are for 'ours'."
    assert load(store.graph(), found.work) == found
    assert judge(store, Heard(honest), "Why is silk tough?", BAD, GOOD).verdict == "other"
    assert judge(store, Heard(honest), "Why is silk tough?", GOOD, f"{GOOD} So.").verdict == "undecided"


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (lambda prompt: verdict(prompt, "1"), "goes by position: it preferred the first of two"),
        (lambda prompt: verdict(prompt, "2"), "goes by position: it preferred the second of two"),
        (longest, "goes by length: it preferred the longer"),
        (lambda prompt: longest(prompt).translate(TURNED), "goes by length: it preferred the shorter"),
        (credulous, "falls for an answer that praises itself"),
        (lambda prompt: verdict(prompt, "same"), "was right in 4 of 12 probes; 10 are needed"),
        (lambda _: "no json", "was right in 0 of 12 probes"),
    ],
)  # fmt: skip
def test_a_judge_that_cannot_judge_is_refused_with_a_sentence(
    store: GraphStore, rule: Callable[[Prompt], str], why: str
) -> None:
    """First or second place, length, praise or no opinion at all: the probes tell, and nothing more is asked."""
    heard = Heard(rule)
    found = judge(store, heard, "Why is silk tough?", GOOD, BAD)
    assert found.verdict == "refused"
    assert why in found.sentence
    assert found.share is None
    assert not any(BAD in prompt.user for prompt in heard.asked)


def test_judges_that_guess_are_caught(store: GraphStore) -> None:
    """Of forty that draw their verdicts none passes."""
    caught = [judge(store, Heard(at_random(seed)), "Why?", GOOD, BAD, seed=seed).verdict for seed in range(40)]
    assert set(caught) == {"refused"}


def test_probes_give_nothing_away() -> None:
    """The right answer is as often the first as the second, and the longer about as often as not."""
    asked = probes("Why?", GOOD)
    assert [sum(one.right == place for one in asked) for place in (0, 1, 2)] == [2, 5, 5]
    assert {one.one for one in asked if PADDING in one.other} == {GOOD}
    longer = sum(one.is_right(one.longer) for one in asked if one.right)
    assert 4 <= longer <= 6


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 13, 15])
def test_a_judgement_that_was_cut_off_anywhere_goes_on_and_pays_nothing_twice(store: GraphStore, cut: int) -> None:
    """Probes and samples that were answered are not asked again."""
    whole = Heard(honest)
    judge(store, whole, "Why is silk tough?", GOOD, BAD, samples=2, seed=1)
    replies = [honest(prompt) for prompt in whole.asked]
    with pytest.raises(OutOfReplies):
        judge(store, Scripted(replies[:cut]), "Why is silk tough?", GOOD, BAD, samples=2)
    found = judge(store, Scripted(replies[cut:]), "Why is silk tough?", GOOD, BAD, samples=2)
    assert found.verdict == "one" or found.interval == pytest.approx(wilson(4, 4))
    assert len(thoughts(store)) == 2 * len(replies)
    assert resume(store, Scripted([]), found.work) == found


def test_replies_that_cannot_be_used_are_counted(store: GraphStore) -> None:
    """A judge that passes and then says nothing is refused; one that fails now and then has fewer verdicts."""
    silent = Heard(lambda prompt: "none" if BAD in prompt.user else honest(prompt))
    found = judge(store, silent, "Why is silk tough?", GOOD, BAD)
    assert (found.verdict, found.unusable) == ("refused", 6)
    assert "None of the judge's replies" in found.sentence
    halting = Heard(lambda prompt: "none" if compared(prompt)[0] == BAD else honest(prompt))
    found = judge(store, halting, "Why is silk tough?", GOOD, BAD)
    assert (found.verdicts, found.unusable, found.agreement) == (3, 3, 0.0)


def test_what_cannot_be_judged_is_one_sentence(store: GraphStore) -> None:
    """An empty answer, no samples, no such work."""
    with pytest.raises(BadInput, match="second answer is empty"):
        judge(store, Scripted([]), "Why?", GOOD, " ")
    with pytest.raises(BadInput, match="0 samples"):
        judge(store, Scripted([]), "Why?", GOOD, BAD, samples=0)
    with pytest.raises(BadInput, match="there is none yet"):
        resume(store, Scripted([]), 7)


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_hostile_answers_stay_inside_quotation_marks(store: GraphStore, hostile: str) -> None:
    """An answer that gives the judge orders changes none of its instructions."""
    prompts = []
    for word in ("plain words", hostile):
        heard = Heard(honest)
        judge(store, heard, f"Why {word}?", f"{word}.", BAD, samples=1)
        prompts.append(heard.asked)
    for clean, bad in zip(*prompts, strict=True):
        assert (bad.system, skeleton(bad)) == (clean.system, skeleton(clean))


@pytest.mark.parametrize(("wins", "count", "low", "high"), [(5, 10, 0.2366, 0.7634), (0, 0, 0, 1), (0, 4, 0, 0.4899)])
def test_wilson_gives_the_known_intervals(wins: int, count: int, low: float, high: float) -> None:
    """Values of the literature, and no interval where nothing is known."""
    assert wilson(wins, count) == pytest.approx((low, high), abs=1e-4)


def test_files_and_events_can_be_judged(store: GraphStore, tmp_path: Path) -> None:
    """The command reads two text files; what is no answer is one sentence."""
    (tmp_path / "a.txt").write_text(GOOD)
    (tmp_path / "b.txt").write_text(BAD)
    both = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    assert [text for *_, text in answers_to_judge(store.graph(), both, "Why?")] == [GOOD, BAD]
    with pytest.raises(BadInput, match="give --question"):
        answers_to_judge(store.graph(), both, "")
    with pytest.raises(BadInput, match="is one answer: name two"):
        answers_to_judge(store.graph(), both[:1], "Why?")
    with pytest.raises(BadInput, match="is a folder: name a text file"):
        answers_to_judge(store.graph(), [both[0], str(tmp_path)], "Why?")


def test_what_is_not_compared_of_a_long_answer_is_said(
    store: GraphStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A judge sees the beginning of an answer, and who asked for it knows."""
    for name in ("a", "b"):
        (tmp_path / name).write_text(GOOD * 100)
    answers_to_judge(store.graph(), [str(tmp_path / "a"), str(tmp_path / "b")], "Why?")
    assert "only the first 1,500 characters" in capsys.readouterr().err


def test_a_judgement_is_not_gone_on_with_by_a_judge_that_was_not_tried(store: GraphStore) -> None:
    """The probes tell of one model; another begins anew, or is refused where it is to go on."""
    tried = Heard(honest)
    with closing(open_store("memory:", create=True)) as aside:
        judge(aside, tried, "Why?", GOOD, BAD)
    with pytest.raises(OutOfReplies):
        judge(store, Scripted([honest(prompt) for prompt in tried.asked[:12]]), "Why?", GOOD, BAD)
    other = Heard(longest)
    other.name = "another"
    work = next(iter(store.graph().thoughts))
    with pytest.raises(BadInput, match="begun with the model 'scripted'"):
        resume(store, other, work)
    assert judge(store, other, "Why?", GOOD, BAD).verdict == "refused"
    assert resume(store, tried, work).verdict == "one"
    assert resume(store, other, work).verdict == "one"
