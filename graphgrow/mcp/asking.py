"""Questions that an agent may ask: answered from the graph by the model of the server, each reply in its log."""

from contextlib import closing
from typing import Annotated

from pydantic import Field

from graphgrow.graph.model import Budget, Json
from graphgrow.mcp.writing import Allowance
from graphgrow.reason.answers import ask
from graphgrow.stores import open_store

Question = Annotated[str, Field(description="A question, best with names of concepts of the graph in it.")]


class Asking:
    """The tool that asks a model about one store, within what its purse holds."""

    def __init__(self, url: str, purse: Allowance) -> None:
        self._url, self._purse = url, purse

    def ask(self, question: Question) -> Json:
        """Answer a question in words, from the graph alone: it takes time, and money if the model has a price.

        Every sentence comes with what it follows from, concepts and steps; a graph that does not know says so.
        """
        purse = self._purse
        with purse.lock, closing(open_store(self._url)) as home:
            budget, before = Budget(usd=purse.left()), home.graph().bill.usd
            try:
                found = ask(home, purse.llm, question, budget=budget)
            finally:
                purse.spent += home.graph().bill.usd - before
        claims = [{"says": one.says, "follows_from": [cite.mark for cite in one.cites]} for one in found.claims]
        return {"answer": found.text, "known": found.known, "why": found.reason, "claims": claims, "event": found.work}
