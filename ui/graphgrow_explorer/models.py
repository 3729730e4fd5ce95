"""Which model is asked: the same fields on every form that asks one, filled in as they were the last time."""

import os
from dataclasses import replace
from typing import get_args

import streamlit as st

from graphgrow.api.explorer import CONTEXT, FEWEST_CONTEXT, MOST_ASKED_FOR, MOST_CONTEXT, Prompts
from graphgrow.api.models import KEY_ENV, LEAST_TOKENS, default_model
from graphgrow_explorer import runs
from graphgrow_explorer.guard import SHARED
from graphgrow_explorer.questions import recent
from graphgrow_explorer.runs import RunOptions
from graphgrow_explorer.text import TOKENS, short


def model_fields(place: str, last: RunOptions, *, folded: bool = True) -> RunOptions:
    """Draw the fields that say which model is asked and how, and return what stands in them.

    Where others use the page too nobody names an address that keys would be sent to, nor the variable of a key. With
    `folded` the fields stand below a line that names the model.
    """
    place = f"{place} {last.model}"  # other fields where the last model was another one
    own, default = not os.environ.get(SHARED), default_model(os.environ)
    box = st.expander(f"Model: {short(last.llm or last.base_url or default, 80)}") if folded else st.container()
    with box:
        llm = st.text_input("Model", last.llm, placeholder=f"Default: {default}", key=f"model {place}")
        address, key, fields, check = "", "", "", ""
        prompts, relations, context, batch = last.prompts, last.relations, last.context, False
        if own:
            address = st.text_input(
                "Address of an endpoint", last.base_url, placeholder="http://…/v1", key=f"address {place}",
                help="Of any server that speaks OpenAI's interface: vLLM, Ollama, llama.cpp, LM Studio, OpenRouter …",
            )  # fmt: skip
    with box if folded else st.expander("How the model is asked"):
        effort = st.text_input(
            "Reasoning effort", last.reasoning_effort, placeholder="low, medium, high …", key=f"effort {place}",
            help="How long a model thinks before it answers, if it does.",
        )  # fmt: skip
        reply = st.number_input(
            "Token limit per reply", min_value=LEAST_TOKENS, value=last.reply_tokens, placeholder="480",
            key=f"reply {place}", help=TOKENS,
        )  # fmt: skip
        seconds = st.number_input(
            "Time limit per reply (seconds)", min_value=1.0, value=last.timeout, placeholder="180",
            key=f"seconds {place}",
        )  # fmt: skip
        if own:
            key = st.text_input(
                "Environment variable with the API key", last.key_env, placeholder=KEY_ENV, key=f"key {place}",
                help="Type the name of the variable, never the key itself.",
            )  # fmt: skip
            fields = st.text_input("Extra request parameters (JSON)", last.llm_options, placeholder='{"top_p": 0.9}',
                                   key=f"fields {place}")  # fmt: skip
            if not folded:
                check = st.text_input("Model for fact checks", last.check_with, placeholder="NAME or http://…/v1#NAME",
                                      key=f"check {place}")  # fmt: skip
        if not folded:
            kinds = get_args(Prompts)
            prompts = st.selectbox(
                "Prompt style", kinds, kinds.index(prompts), key=f"prompts {place}",
                help="Prompts for a small or a strong model; auto decides by the model's name.",
            )  # fmt: skip
            relations = st.number_input(
                "Relations to ask for per question", min_value=1, max_value=MOST_ASKED_FOR, value=relations,
                placeholder="6 (strong models: 30)", key=f"relations {place}",
            )  # fmt: skip
            context = st.number_input(
                "Graph context per question (tokens)", min_value=FEWEST_CONTEXT, max_value=MOST_CONTEXT, value=context,
                placeholder=f"{CONTEXT:,}", key=f"context {place}",
                help="How much of the graph is sent with each question.",
            )  # fmt: skip
            batch = st.checkbox(
                "Use the batch API", key=f"batch {place}",
                help="Answers may take up to a day, usually at half the price, if the endpoint offers it.",
            )  # fmt: skip
    return RunOptions(
        llm=llm.strip(), base_url=address.strip(), key_env=key.strip(), reasoning_effort=effort.strip(),
        reply_tokens=reply, llm_options=fields.strip(), timeout=seconds, check_with=check.strip(),
        prompts=prompts, relations=relations, context=context, batch=batch,
    )  # fmt: skip


def check_model(options: RunOptions) -> RunOptions:
    """Return options unchanged; raises BadInput for a model that may not be named where others use the page too."""
    if os.environ.get(SHARED):
        runs.check_name(options.llm)
    return options


def last_options(url: str) -> RunOptions:
    """Return what the last run of a graph was to do, with the model that was asked last, even if by a question."""
    known, questions = runs.runs(url), recent(url)
    last = known[0] if known else None
    options = last.options if last else RunOptions()
    asked = next((one for one in questions if one.wanted and "model" in one.wanted), None)
    if asked and asked.wanted and (last is None or asked.at > last.at):
        blank = {name: getattr(RunOptions(), name) for name in runs.MODEL}
        options = replace(options, **(blank | asked.wanted["model"]))
    return options
