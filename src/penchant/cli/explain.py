"""penchant explain: which words move an item in a list, and which attributes lists rest on, as a table."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import typer

from penchant.cli.recommend import show, texts_reader
from penchant.cli.terminal import be_quick, checked_output, counted, say, write
from penchant.errors import SettingError, UnknownIdError
from penchant.explain.attribution import Attribution
from penchant.explain.importance import importances
from penchant.explain.reasons import sentence
from penchant.explain.wording import Lang, checked
from penchant.language.template import Template
from penchant.recommender import Recommender

NAMED = 3
"""Words that are named beside the reasons."""


class Method(StrEnum):
    """How words are weighed."""

    occlusion = "occlusion"
    gradients = "gradients"
    attention = "attention"


def explain(
    model: Annotated[Path, typer.Argument(help="The model's folder.")],
    user: Annotated[str | None, typer.Option("--user", help="In whose list: an id.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="Whose words are weighed: an id.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="In the answer to this request, alone or with a user.")
    ] = None,
    method: Annotated[
        Method, typer.Option(help="Leave each word out, integrated gradients, or where the encoder looked.")
    ] = Method.occlusion,
    template: Annotated[Path | None, typer.Option(help="The template that fit was given, if it was.")] = None,
    attributes: Annotated[
        bool, typer.Option("--attributes", help="Instead of words: how much lists rest on each attribute.")
    ] = False,
    lang: Annotated[str, typer.Option(help="The language of reasons: en or zh.")] = "en",
    repeats: Annotated[int, typer.Option(help="Permutations of each attribute.", min=1)] = 5,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A .parquet, .csv or .jsonl file.")
    ] = None,
) -> None:
    """Say what a model learned: words of an item's text, or attributes of items and people."""
    be_quick()
    if attributes and (user is not None or item is not None or text is not None):
        raise SettingError("--attributes and an item together", hint="attributes are those of all lists")
    if not attributes and (item is None or (user is None and text is None)):
        raise SettingError(
            "nothing to explain", hint="--item ID with --user ID or --text WORDS, or --attributes"
        )
    checked_output(output)
    tongue = checked(lang)
    wording = Template.read(template) if template else None
    fitted = Recommender.load(model)
    if attributes:
        with counted("permuting attributes") as progress:
            plan = fitted.ranking.plan
            table = importances(fitted.data, fitted.knowledge, plan, repeats=repeats, progress=progress)
    else:
        table = words_of(fitted, user, str(item), text, method, wording, tongue)
    write(table, output) if output else show(table)


def words_of(
    fitted: Recommender,
    user: str | None,
    item: str,
    text: str | None,
    method: Method,
    template: Template | None,
    lang: Lang,
) -> pl.DataFrame:
    """Return the words of an item with what each gives in somebody's list, and say the reasons."""
    fitted = replace(fitted, encoder=texts_reader(fitted))
    names, queries = fitted.queries(None if user is None else [user], text)
    row = int(fitted.data.items.vocabulary.rows([item])[0])
    if row < 0:
        raise UnknownIdError(f"no item {item!r}", hint="ids are written as in the tables")
    reader = fitted.reader(template)
    found = reader.attribute(queries[0], row, method.value)
    told = fitted.explain(queries[0], np.array([row]), lang=lang)[0]
    say(f"{fitted.data.items.titles(np.array([row]))[0]}: score {found.score:.3f}, rank {found.rank}")
    say(f"  {sentence([(one.evidence, one.text, one.share) for one in told], lang=lang)}")
    if method is Method.attention:
        say(f"  words looked at most: {strongest(found, 1)}; attention is no proof that they moved the score")
        say(f"  {found.gap:.0%} of the attention lies on the marks of beginning and end")
    else:
        say(f"  words for it: {strongest(found, 1)}; against it: {strongest(found, -1)}")
    if found.left:
        say(f"  the last {found.left:,} words of a long text were not looked at")
    if method is Method.gradients:
        say(f"  {abs(found.gap):.4f} of the difference to no text is not accounted for")
    return table_of(found, names, item)


def strongest(found: Attribution, sign: int) -> str:
    """Name the words that give most, for (1) or against (−1)."""
    order = np.argsort(-sign * found.given, kind="stable")
    named = dict.fromkeys(found.words[place] for place in order.tolist() if sign * found.given[place] > 0)
    return ", ".join(f"“{word}”" for word in list(named)[:NAMED]) or "none"


def table_of(found: Attribution, names: pl.Series, item: str) -> pl.DataFrame:
    """Return one row a word, in the order of the text."""
    n = len(found.words)
    return pl.DataFrame(
        {
            "user_id": pl.Series(names.to_list() * n, dtype=names.dtype),
            "item_id": [item] * n,
            "place": np.arange(1, n + 1),
            "word": list(found.words),
            "attribution": found.given,
            "rank_without": pl.Series(list(found.ranks) or [None] * n, dtype=pl.Int64),
        }
    )
