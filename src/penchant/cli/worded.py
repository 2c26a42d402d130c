"""What the verbs share that let a language model write: the writer by its name, reasons in its words."""

import os

import polars as pl

from penchant.cli.terminal import cache_folder, counted, say
from penchant.errors import SettingError
from penchant.explain.telling import tell
from penchant.language.choose import WEB
from penchant.language.write.causal import CausalWriter
from penchant.language.write.chat import ChatWriter
from penchant.language.write.choose import load_writer
from penchant.language.write.kept import Kept
from penchant.language.write.prompts import load_prompts

REASON = "reason"


def named(writer: str, budget: int | None) -> CausalWriter | ChatWriter:
    """Return the writer that the options name, with the key from PENCHANT_LANGUAGE_KEY."""
    if budget is not None and not writer.strip().startswith(WEB):
        raise SettingError("--budget: only a URL costs tokens", hint="leave it out, or name a URL")
    key = os.environ.get("PENCHANT_LANGUAGE_KEY")
    return load_writer(writer, key=key, budget=budget, store=cache_folder())


def account(writer: CausalWriter | ChatWriter | None) -> None:
    """Say what a URL has cost."""
    if isinstance(writer, ChatWriter):
        say(f"{writer.spent:,} tokens were spent; {writer.unfit:,} answers did not have the form asked")


def worded(table: pl.DataFrame, writer: CausalWriter | ChatWriter) -> pl.DataFrame:
    """Add a column `why` to a table of recommendations with titles and reasons, and say who worded it."""
    reasons = [
        [(one["evidence"], one["text"], one["share"]) for one in told] for told in table["reasons"].to_list()
    ]
    prompt, kept = load_prompts([REASON])[REASON], Kept(cache_folder())
    with counted("wording") as progress:
        lines, own = tell(table["title"].to_list(), reasons, writer, prompt, kept, progress)
    say(f"why: {own:,} of {len(table):,} by the writer; the others are the plain reasons")
    account(writer)
    return table.with_columns(pl.Series("why", lines, dtype=pl.String))
