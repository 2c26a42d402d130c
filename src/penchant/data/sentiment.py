"""Whether texts speak for or against, learned from ratings beside some of them: any language does.

A text is the set of its words and of its pairs of neighbouring words (where words are not parted by spaces,
as in Chinese, of its characters), weighed by rarity and brought to length one: x. Five logistic regressions,
each without a fifth of the rated texts and with likes and dislikes weighing the same in sum, give
f = x·w + b; a text that was learned from is read by the one that has not seen it, others by the mean. Then

    sentiment = 2 σ(a f + c) − 1,

a and c fitted on the texts held out (Platt 1999, Probabilistic Outputs for Support Vector Machines): so the
sentiment is twice the probability of a like, minus one. Word pairs: Wang and Manning, ACL 2012.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.random import default_rng
from numpy.typing import NDArray

TOKEN = (
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*|\p{So}|[!?]|[:;=]-?[()DP]"  # noqa: RUF001
)
"""A character of a script without spaces, a word, a symbol (an emoji is one), or a mark that has a mood."""
FOLDS, FEWEST, MOST, CHUNK = 5, 30, 60_000, 20_000
"""Parts that are held out by turns; likes, and dislikes, that are enough; texts to learn from at most; texts
that are taken apart at once."""
LONGEST, FEATURES, LEAST_AUC, RIDGE = 20_000, 200_000, 0.65, 1.0
"""Characters of a text that are read; words and pairs at most; the least that learning must achieve on texts
held out (half is chance); λ."""
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned: `sentiment`, shape (N,), in [-1, 1], NaN without a known word.

    `rated` is how many texts it was learned from, `right` in which part of them the sign is right, each told
    by what was learned without it; `likes` and `dislikes` are the same of either kind; `auc` is the
    probability that a like speaks better than a dislike.
    """

    sentiment: Numbers
    rated: int
    right: float
    likes: float
    dislikes: float
    auc: float


def learn(texts: pl.Series, labels: NDArray[np.int8], seed: int = 0) -> Learned | None:
    """Learn from labels, shape (N,), 1 liked, -1 disliked, 0 unknown; None where likes or dislikes are few.

    Texts that are alike are held out together.
    """
    rows = _taught(texts, labels, seed)
    y = labels[rows].astype(np.float64)
    if min((y > 0).sum(), (y < 0).sum()) < FEWEST:
        return None
    taught = texts.gather(rows)
    words = Words.of(taught)
    x, folds = words.matrix(taught), _folds(taught, seed)
    weights = np.zeros((x.shape[1], FOLDS))
    held = np.zeros(len(rows))
    for fold in range(FOLDS):
        rest = folds != fold
        if min((y[rest] > 0).sum(), (y[rest] < 0).sum()) == 0:
            return None
        weights[:, fold] = _logistic(x[rest], y[rest], balanced=True, ridge=RIDGE)
        held[~rest] = x[~rest] @ weights[:, fold]
    margins = sp.csr_matrix(np.stack([held, np.ones(len(held))], axis=1))
    a, c = _logistic(margins, y, balanced=False, ridge=0.1)
    raw, known = _read(words, texts, weights.mean(axis=1))
    raw[rows] = held
    sentiment = np.where(known, np.tanh((a * raw + c) / 2), np.nan)
    told = np.sign(np.nan_to_num(sentiment[rows])) == y
    return Learned(
        sentiment, len(rows), told.mean(), told[y > 0].mean(), told[y < 0].mean(), _auc(np.sign(a) * held, y)
    )


@dataclass(frozen=True, slots=True)
class Words:
    """The words and pairs that are read: `ids` (token, id) numbers words, `features` (key, column, weight)
    says which words and pairs (see `keys`) count, and how much.
    """

    ids: pl.DataFrame
    features: pl.DataFrame

    @classmethod
    def of(cls, texts: pl.Series) -> "Words":
        """Take what stands in two texts or more, the most frequent first."""
        words = _counted(tokens(chunk).unique() for chunk in _chunks(texts))
        ids = words.sort("token").with_row_index("id").select("token", pl.col("id").cast(pl.Int64))
        counts = _counted(keys(chunk, ids) for chunk in _chunks(texts))
        kept = counts.sort(["n", "key"], descending=[True, False]).head(FEATURES)
        rarity = (1 + len(texts) / pl.col("n")).log()
        return cls(ids, kept.with_row_index("column").select("key", "column", rarity.alias("weight")))

    def matrix(self, texts: pl.Series) -> sp.csr_matrix:
        """Return texts as rows of length one and a last column of ones, shape (n, features + 1)."""
        blocks = []
        for chunk in _chunks(texts):
            cells = keys(chunk, self.ids).join(self.features, on="key")
            places = (cells["row"].to_numpy(), cells["column"].to_numpy())
            shape = (len(chunk), len(self.features))
            block = sp.csr_matrix((cells["weight"].to_numpy(), places), shape=shape)
            block.sort_indices()  # sums of floats must not depend on the order of a join
            lengths = np.sqrt(np.asarray(block.power(2).sum(axis=1)).ravel())
            block.data /= np.repeat(lengths, np.diff(block.indptr))
            blocks.append(sp.hstack([block, np.ones((len(chunk), 1))], format="csr"))
        return sp.vstack(blocks, format="csr")


def tokens(texts: pl.Series) -> pl.DataFrame:
    """Return the words of texts, in their order, as a frame of row (the text's place) and token."""
    said = texts.str.slice(0, LONGEST).str.to_lowercase().str.extract_all(TOKEN)
    frame = pl.DataFrame({"row": np.arange(len(texts), dtype=np.int64), "token": said})
    return frame.explode("token").drop_nulls()


def keys(texts: pl.Series, ids: pl.DataFrame) -> pl.DataFrame:
    """Return the different words and pairs of texts as a frame of row and key.

    The key of a word is its id, that of a pair (id of the first + 1) · 2³² + id of the second.
    """
    words = tokens(texts).join(ids, on="token", how="left", maintain_order="left").select("row", "id")
    after = pl.when(pl.col("row") == pl.col("row").shift(-1)).then(pl.col("id").shift(-1))
    pairs = words.select("row", key=(pl.col("id") + 1) * 2**32 + after)
    return pl.concat([words.rename({"id": "key"}), pairs]).drop_nulls().unique()


def _counted(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Count in how many texts each token, or key, stands: those in two or more, as a column n."""
    counts = pl.concat([part.drop("row").to_series().value_counts(name="n") for part in parts])
    name = counts.columns[0]
    return counts.group_by(name).agg(pl.col("n").sum()).filter(pl.col("n") > 1)


def _chunks(texts: pl.Series) -> Iterator[pl.Series]:
    """Divide texts; at least one part, be it empty."""
    for start in range(0, max(1, len(texts)), CHUNK):
        yield texts.slice(start, CHUNK)


def _read(words: Words, texts: pl.Series, weights: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Return x·w of texts and which of them hold a known word, shape (n,) each."""
    raw, known = [], []
    for chunk in _chunks(texts):
        x = words.matrix(chunk)
        raw.append(x @ weights)
        known.append(np.diff(x.indptr) > 1)
    return np.concatenate(raw), np.concatenate(known)


def _taught(texts: pl.Series, labels: NDArray[np.int8], seed: int) -> NDArray[np.int64]:
    """Draw the rated texts to learn from, ascending: of the more frequent kind only as many as fit."""
    there = texts.is_not_null().to_numpy()
    kinds = [np.flatnonzero(there & (labels == sign)) for sign in (1, -1)]
    rare = min(len(kind) for kind in kinds)
    room = max(MOST // 2, MOST - rare)
    rng = default_rng(seed)
    drawn = [rng.permutation(kind)[:room] if len(kind) > room else kind for kind in kinds]
    return np.sort(np.concatenate(drawn))


def _folds(texts: pl.Series, seed: int) -> NDArray[np.int64]:
    """Return the part of each text, 0 to 4, the same for texts that are alike."""
    alike = texts.rank("dense").to_numpy().astype(np.int64) - 1
    return np.asarray((default_rng(seed).permutation(int(alike.max()) + 1) % FOLDS)[alike])


def _logistic(x: sp.csr_matrix, y: Numbers, *, balanced: bool, ridge: float) -> Numbers:
    """Minimise Σ c log(1 + exp(−y x·w)) + λ/2 ‖w‖², the last column not shrunk; w has shape (columns,)."""
    from scipy.optimize import minimize

    share = (y > 0).mean()
    c = np.where(y > 0, 0.5 / share, 0.5 / (1 - share)) if balanced else np.ones(len(y))
    shrunk = np.full(x.shape[1], ridge)
    shrunk[-1] = 0.0
    turned = sp.csr_matrix(x.T)

    def loss(w: Numbers) -> tuple[float, Numbers]:
        margin = y * (x @ w)
        slope = -c * y * 0.5 * (1 - np.tanh(margin / 2))  # σ(−margin), which exp would overflow
        value = (c * np.logaddexp(0, -margin)).sum() + 0.5 * (shrunk * w * w).sum()
        return float(value), turned @ slope + shrunk * w

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return np.asarray(found.x, dtype=np.float64)


def _auc(scores: Numbers, y: Numbers) -> float:
    """Return the probability that a like scores above a dislike, ties counting half."""
    ranks = pl.Series(scores).rank("average").to_numpy()
    likes = int((y > 0).sum())
    dislikes = len(y) - likes
    return float((ranks[y > 0].sum() - likes * (likes + 1) / 2) / (likes * dislikes))
