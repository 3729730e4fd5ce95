"""How well does a wording of the fact check tell what is true and what is worth keeping, on relations already judged?

    python benchmarks/checks.py [SHEET ...] [--wording TEXT ...] [--llm MODEL] [--base-url URL]

SHEET is a folder of data/judgements; only relations that were drawn whatever their confidence count (arms that end in
@0, or all where the key has no arms), for relations that a wording itself selected say nothing about it. TEXT is a
yes-or-no question with {statement} and {topic} in it. For each wording the table shows what it costs, and the area
under the ROC curve of its log-odds: for what is true, and for what is true and informative, over all and within each
topic, averaged over both judges.
"""

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
from knowledge import ROOT, calibration, columns, verdicts

from graphgrow import open_llm
from graphgrow.graph.model import Triple
from graphgrow.growth.fact_check import log_odds_of
from graphgrow.llm import LLM
from graphgrow.prompts import render

SHEETS = "ninth", "facets", "new-facets"
WORDINGS = "Is it true that {statement}?", "On {topic}: is it true that {statement}?"
COLUMNS = ["source", "predicate", "target", "topic"]
WHATEVER = "@0"  # ending of the name of an arm whose relations were drawn whatever their confidence


def judged(folder: Path) -> pd.DataFrame:
    """Return the relations of a sheet that nothing selected, and what each judge says: `true a`, `kept a` and so on."""
    key = pd.read_csv(folder / "key.csv", dtype={"id": str}).set_index("id")
    rows = columns(folder / "sheet.csv", COLUMNS)
    for judge in "ab":
        said = verdicts(folder / f"judge-{judge}.csv", key.index)
        is_true = said["truth"] == "T"
        rows = rows.assign(**{f"true {judge}": is_true, f"kept {judge}": is_true & (said["informative"] == "1")})
    return rows[key["arm"].str.endswith(WHATEVER)] if "arm" in key else rows


def answered(llm: LLM, row: pd.Series, wording: str) -> tuple[float | None, int]:
    """Return the log-odds that a model gives a relation under a wording, None where it gives none, and the tokens."""
    said = Triple(row["source"], row["predicate"], row["target"])
    statement = f"{said.source} {said.predicate} {said.target}"
    prompt = render.fact_check([said])
    reply = llm.ask(replace(prompt, user=wording.format(statement=statement, topic=row["topic"])))
    return log_odds_of(reply.logprobs), reply.usage.tokens


def areas(rows: pd.DataFrame, what: str) -> str:
    """Return how well log-odds sort relations: the area over all of them, and within each topic in brackets."""
    parts = [rows, *(part for _, part in rows.groupby("topic"))]
    found = [calibration(part["log_odds"], part[[f"{what} a", f"{what} b"]]).auc for part in parts]
    whole, *within = ["-" if area is None else f"{area:.2f}" for area in found]
    return f"{whole} ({', '.join(within)})"


def main() -> None:
    """Print a row per wording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheets", nargs="*", default=list(SHEETS), metavar="SHEET")
    parser.add_argument("--wording", action="append", metavar="TEXT")
    parser.add_argument("--llm", default="local")
    parser.add_argument("--base-url")
    how = parser.parse_args()
    sheets = [judged(ROOT / "data" / "judgements" / name) for name in how.sheets]
    rows = pd.concat(sheets, ignore_index=True).sort_values("topic", kind="stable")
    print(f"{len(rows)} relations, {rows[['true a', 'true b']].to_numpy().mean():.0%} true; topics: "
          f"{', '.join(sorted(set(rows['topic'])))}")  # fmt: skip
    print("| wording | answered | tokens each | true | true and informative |\n|---|---:|---:|---|---|")
    with closing(open_llm(how.llm, base_url=how.base_url)) as llm:
        for wording in how.wording or WORDINGS:
            found = [answered(llm, row, wording) for _, row in rows.iterrows()]
            odds = pd.Series([one for one, _ in found], rows.index, dtype=float)
            asked = rows.assign(log_odds=odds).dropna(subset=["log_odds"])
            tokens = sum(count for _, count in found) / len(rows)
            cells = wording, str(len(asked)), f"{tokens:.1f}", areas(asked, "true"), areas(asked, "kept")
            print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
