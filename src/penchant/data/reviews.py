"""The texts of events: whether a column holds reviews, and which of them speak for, and which against."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.certainty import doubt
from penchant.data.cleaning.texts import legible
from penchant.data.columns import Choice
from penchant.data.dataset import Basis, Reviews
from penchant.data.languages import LONGEST, SAMPLE
from penchant.data.lexicon import EXTRA, by_lexicon, installed
from penchant.data.liking import ENDS, ends, rates, thresholds
from penchant.data.report import Journal
from penchant.data.sentiment import FEWEST, LEAST_AUC, learn

SAYS = r"\p{L}|\p{So}|[!?]|[:;=]-?[()DP]"
"""What makes a text of a cell: a letter, an emoji or another mark of mood."""
LOOKED_AT, FEWEST_ITEMS, ALIKE = 100_000, 5, 0.9
"""Rows in which it is looked whether texts are the items'; items that can tell; their share that does."""
TELLS: Mapping[Basis, float] = {"words": 0.5, "lexicon": 0.2, "": np.inf}
"""Sentiment from which on a text is for, or against: learned, that is a probability of three quarters."""
CLEAR: Mapping[Basis, float] = {"words": 0.8, "lexicon": 0.5, "": np.inf}
"""Sentiment that can contradict a rating: learned, a probability of nine tenths."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What texts say of their events: `says` 1, -1 or 0, null without an answer; `torn` where a rating
    at one end of the scale stands beside a text that clearly says the opposite. Series as long as the events.
    `texts` are the texts themselves, null where there is none, and all null where nobody asked to keep them.
    """

    says: pl.Series
    torn: pl.Series
    summary: Reviews
    texts: pl.Series


def verdicts(
    frame: pl.DataFrame, name: str, choice: Choice, journal: Journal, *, wanted: bool, keep: bool = False
) -> Verdicts | None:
    """Read the texts of events, None where there are none.

    `frame` has the table's columns beside `__item` and `__value`. Unless `wanted`, texts are only counted;
    to `keep` them is to hand them on, made legible.
    """
    texts = _texts(frame, name, choice, journal)
    if texts is None or not texts.count():
        return None
    n, column = texts.count(), choice["review"]
    silent = Verdicts(
        pl.Series("says", [None], dtype=pl.Int8).new_from_index(0, len(frame)),
        pl.Series("torn", [False]).new_from_index(0, len(frame)),
        Reviews(n),
        pl.Series("texts", [None], dtype=pl.String).new_from_index(0, len(frame)),
    )
    if keep:
        texts = legible(texts, name, journal)
        silent = replace(silent, texts=texts)
        journal.say(f"{name}: {texts.count():,} texts of '{column}' are kept for user texts")
        if not wanted:
            return silent
    if not wanted:
        why = "only --target liked and penchant check read them"
        journal.say(f"{name}: {n:,} events have a text in '{column}': {why}")
        return silent
    texts = texts if keep else legible(texts, name, journal)
    values = (
        frame["__value"] if rates(choice) else pl.Series("__value", [None] * len(frame), dtype=pl.Float64)
    )
    said = texts.drop_nulls()
    sample = tuple(said.gather_every(max(1, len(said) // SAMPLE)).str.slice(0, LONGEST).to_list())
    summary = Reviews(said.len(), sample)
    signs, basis = _signs(texts, values, name, journal)
    if not basis:
        return replace(silent, summary=summary)
    says = np.where(np.abs(signs) >= TELLS[basis], np.sign(signs), 0.0)
    told = np.isfinite(signs)
    there = texts.is_not_null().to_numpy()
    n_for, n_against = int((says[told] > 0).sum()), int((says[told] < 0).sum())
    journal.say(
        f"texts: {n_for:,} are for, {n_against:,} against, {told.sum() - n_for - n_against:,} not clearly "
        f"either, {(there & ~told).sum():,} could not be told"
    )
    return Verdicts(
        pl.Series("says", says).set(pl.Series(~told), None).cast(pl.Int8),
        _torn(signs, values, CLEAR[basis]),
        replace(summary, basis=basis, signed=int(told.sum()), against=n_against),
        silent.texts,
    )


def _texts(frame: pl.DataFrame, name: str, choice: Choice, journal: Journal) -> pl.Series | None:
    """Return the texts of events, null without a word; None where the column holds something else."""
    column = choice.get("review")
    if column is None:
        return None
    cells = frame[column]
    if cells.dtype != pl.String:
        journal.say(doubt(name, choice, "review", f"it holds {cells.dtype}: not read as texts"))
        return None
    filled = cells.set((cells.str.strip_chars() == "").fill_null(False), None)
    wordless = (filled.is_not_null() & ~filled.str.contains(SAYS)).fill_null(False)
    n = int(wordless.sum())
    if 2 * n > filled.count():
        if filled.count():
            journal.say(doubt(name, choice, "review", "most cells hold no word: not read as texts"))
        return None
    if "review" not in choice.told and _describes_items(frame.select("__item", text=filled)):
        reason = "all events of an item have the same text: taken as the item's own, not read"
        journal.say(doubt(name, choice, "review", reason))
        return None
    journal.count(name, n, f"cells of '{column}' without a word (numbers, signs)", then="taken as no text")
    return filled.set(wordless, None)


def _describes_items(frame: pl.DataFrame) -> bool:
    """Tell whether texts go with the items rather than with what somebody thought of them."""
    seen = frame.head(LOOKED_AT).drop_nulls()
    if seen["text"].n_unique() < 2:
        return False
    counts = seen.group_by("__item").agg(n=pl.len(), different=pl.col("text").n_unique())
    told = counts.filter(pl.col("n") > 1)["different"] == 1
    return len(told) >= FEWEST_ITEMS and float(str(told.mean())) >= ALIKE


def _signs(
    texts: pl.Series, values: pl.Series, name: str, journal: Journal
) -> tuple[NDArray[np.float64], Basis]:
    """Return the sentiment of texts, NaN where it cannot be told, and what it rests on; each is said."""
    liked, middle = thresholds(values)
    labels = np.select([(values >= liked).fill_null(False), (values < middle).fill_null(False)], [1, -1], 0)
    found = learn(texts, labels.astype(np.int8))
    if found is not None:
        told = f"{found.right:.0%} (likes {found.likes:.0%}, dislikes {found.dislikes:.0%})"
        journal.say(
            f"texts: words learned from {found.rated:,} rated texts tell for and against; held out fifth by "
            f"fifth, their sign is right in {told}, a like speaks better than a dislike in {found.auc:.0%}"
        )
        if found.auc >= LEAST_AUC:
            return found.sentiment, "words"
        why = f"the ratings teach too little of the words ({found.auc:.0%} where chance has 50%)"
    else:
        why = f"fewer than {FEWEST} rated likes, or dislikes, have a text to learn from"
    if not installed():
        journal.say(
            f"{name}: {texts.count():,} texts are not told for or against: {why}; {EXTRA} reads English"
        )
        return np.full(len(texts), np.nan), ""
    signs = by_lexicon(texts)
    if not np.isfinite(signs).any():
        journal.say(
            f"{name}: {texts.count():,} texts are not told for or against: {why}, and none is English"
        )
        return signs, ""
    journal.say(f"texts: TextBlob's English lexicon tells for and against: {why}")
    return signs, "lexicon"


def _torn(signs: NDArray[np.float64], values: pl.Series, clear: float) -> pl.Series:
    """Mark ratings at one end of the scale beside texts that clearly say the opposite."""
    low, high = ends(values)
    if low == high:
        return pl.Series("torn", np.zeros(len(values), dtype=bool))
    rated, end = values.fill_null(float("nan")).to_numpy(), ENDS * (high - low)
    with np.errstate(invalid="ignore"):
        torn = ((rated >= high - end) & (signs <= -clear)) | ((rated <= low + end) & (signs >= clear))
    return pl.Series("torn", torn)
