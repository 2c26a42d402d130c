"""The desk: answers requests in plain language with items of one fitted model.

    y_i = taste_i(history, liked, disliked) + w · cos(t, e_i) / σ + b · bm25_i,

t the vector of the text plus twice the mean of those of the liked items, less half of the disliked ones;
taste and w are the fitted ranking's own, σ the spread of the cosines there. Where answered requests taught a
model, its score takes the place of the last two terms. Items that fail a condition are no candidates.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from penchant.data.dataset import Dataset
from penchant.errors import InputError, SettingError
from penchant.language.describe import describe
from penchant.language.encode import unit
from penchant.language.knowledge import Knowledge
from penchant.language.lsa import LEARNED
from penchant.rank.ranking import Ranking
from penchant.requests.fitting import Fitting
from penchant.requests.learned import Learned
from penchant.requests.phrases import said
from penchant.requests.reading import chinese, tongue
from penchant.requests.search import WordIndex, terms
from penchant.requests.understand import Guide, understand
from penchant.requests.wanted import Wanted
from penchant.rerank.mmr import POOL, mmr
from penchant.types import NO_ROWS, Query, Reason, Rows, Scores, Vectors

BM25, LIKED, AGAINST = 0.3, 2.0, 0.5
"""What a spread of BM25 counts against one of the cosines, and liked and disliked items against the text.

The first two were chosen on one half of ReDial's validation dialogues, see docs/requests.md.
"""
BM25_BESIDE_LEARNED = 2.0
"""What it counts where the vectors were learned from the catalogue alone, see docs/language.md."""
ASKERS = 16
"""People whose taste is kept between requests."""


class Model(Protocol):
    """What the desk needs of a recommender."""

    @property
    def data(self) -> Dataset:
        """The data set."""
        ...

    @property
    def knowledge(self) -> Knowledge:
        """What language says of the items."""
        ...

    @property
    def ranking(self) -> Ranking:
        """What scores."""
        ...

    @property
    def learned(self) -> Learned | None:
        """What answered requests taught."""
        ...

    @property
    def language(self) -> str:
        """What read the texts."""
        ...

    def hear(self, text: str) -> Vectors:
        """Return the vector of a text."""
        ...

    def explain(self, query: Query, rows: Rows, *, lang: str) -> list[list[Reason]]:
        """Return the reasons for items, in a language."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A list for one request: `rows` and `scores`, (k,), best first, and whether anything fits.

    `understood` says in one line what was understood, `notes` what was left out and why.
    """

    wanted: Wanted
    understood: str
    rows: Rows
    scores: Scores
    fits: bool
    notes: tuple[str, ...] = ()
    reasons: tuple[tuple[Reason, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """A fitted model with what its catalogue says, read once: made in a second, asked in milliseconds."""

    model: Model
    guide: Guide
    texts: tuple[str, ...]
    words: WordIndex
    fitting: Fitting
    tastes: dict[tuple[object, ...], Scores] = field(default_factory=dict)
    deaf: bool = False

    @classmethod
    def of(cls, model: Model) -> Self:
        """Read the catalogue of a model.

        Raises SettingError where nothing is known of any item, or bm25s is missing.
        """
        texts = tuple(describe(model.data.items))
        if not any(texts):
            raise SettingError(
                "this model knows no texts of items: there is nothing to search in",
                hint="fit again with an items table that has titles or texts",
            )
        words = WordIndex.of(texts)
        hear: Callable[[str], Vectors] | None = model.hear if model.knowledge.raw.shape[1] else None
        return cls(
            model,
            Guide.of(model.data.items, model.data.item_counts()),
            texts,
            words,
            Fitting(words, hear, model.knowledge.raw),
        )

    @property
    def bm25(self) -> np.float32:
        """What a spread of BM25 gives to the score: a part of what the fitted ranking gives to words."""
        part = BM25_BESIDE_LEARNED if self.model.language == LEARNED else BM25
        return np.float32(part * self.model.ranking.plan.request_weight)

    def understand(self, text: str) -> Wanted:
        """Return what a request asks for; a question to a help desk is searched for as it is."""
        return Wanted(request=text, text=text.strip()) if self.helps else understand(text, self.guide)

    @property
    def helps(self) -> bool:
        """Whether this is a help desk: no events, prices or years, so that questions set no conditions."""
        return not len(self.model.data.interactions) and not self.guide.attributes.values

    def ask(
        self,
        wanted: Wanted | str,
        *,
        query: Query | None = None,
        k: int = 10,
        explain: bool = False,
        lang: str | None = None,
    ) -> Answer:
        """Answer a request, or what was understood of one, with the k best items.

        `query` is who asks: their history is their taste. An answer that does not fit holds the nearest
        items all the same. Reasons are told in `lang`, or in the language of the request.
        Raises InputError for a filter or an item that the catalogue does not have.
        """
        if k < 1:
            raise SettingError(f"k is {k}", hint="a list has one item at least")
        wanted = self.understand(wanted) if isinstance(wanted, str) else wanted
        asker = query or Query(at=self.model.data.end)
        heard = self.heard(wanted)
        asked = self.query(wanted, asker, heard)
        learned = asked.heard is not None
        rows, notes = self.candidates(wanted, asked)
        understood = wanted.line(self.guide.called(wanted))
        spoken_in = tongue(wanted.request)
        if not len(rows):
            notes.append(said(spoken_in, "no item"))
            return Answer(wanted, understood, rows, np.empty(0, dtype=np.float32), False, tuple(notes))
        spoken = np.zeros(len(self.texts), dtype=np.float32)
        if wanted.text and not learned:  # what requests taught holds the search by words already
            spoken = self.words.score(wanted.text)
        scores = (self.taste(asked) + self.model.ranking.words([asked]) + self.bm25 * spoken).ravel()[rows]
        best = self.best(rows, scores, k, wanted.diversity)
        fits = self.fits(wanted, heard, spoken) if self.searches(wanted) else True
        if not fits:
            notes.append(said(spoken_in, "no fit"))
        reasons = self.reasons(asked, rows[best], spoken, wanted, lang or spoken_in) if explain else ()
        return Answer(wanted, understood, rows[best], scores[best], fits, tuple(notes), reasons)

    def fits(self, wanted: Wanted, heard: Vectors | None, spoken: Scores) -> bool:
        """Tell whether anything fits: by what answered requests taught, else by the texts alone."""
        learned = self.model.learned
        if learned is None or heard is None:
            return self.fitting.fits(wanted.text, heard, spoken)
        chance = float(learned.fits([wanted.text], heard[None])[0])
        return chance >= 0.5 if chance == chance else self.fitting.fits(wanted.text, heard, spoken)

    def taste(self, asked: Query) -> Scores:
        """Return the scores that a request has without its text, (n_items,).

        Those of the last askers are kept: without likings, nothing of them changes from turn to turn.
        """
        bare = replace(asked, text=None, heard=None)
        if len(asked.wanted) or len(asked.unwanted):
            return np.asarray(self.model.ranking.score([bare])[0])
        arrays = (asked.rows, asked.times, asked.weights)
        key = (*(array.tobytes() for array in arrays), asked.at, asked.key)
        if key not in self.tastes:
            if len(self.tastes) >= ASKERS:
                self.tastes.pop(next(iter(self.tastes)))
            self.tastes[key] = self.model.ranking.score([bare])[0]
        return self.tastes[key]

    def searches(self, wanted: Wanted) -> bool:
        """Tell whether the words alone say what is wanted: a liking or a category says it as well."""
        grounded = wanted.liked or any(one.tokens and not one.negated for one in wanted.filters)
        return bool(wanted.text) and not grounded

    def heard(self, wanted: Wanted) -> Vectors | None:
        """Return the vector of the text, None without a text or without a language model."""
        if self.deaf or not wanted.text.strip() or not self.model.knowledge.raw.shape[1]:
            return None
        return self.model.hear(wanted.text)

    def deafened(self) -> "Desk":
        """Return the desk as it is without a language model: requests are searched by their words alone."""
        return replace(self, fitting=Fitting(self.words, None, self.fitting.raw), deaf=True)

    def query(self, wanted: Wanted, asker: Query, heard: Vectors | None) -> Query:
        """Put a request into the words that models understand."""
        liked, disliked, hidden = (self.rows(ids) for ids in (wanted.liked, wanted.disliked, wanted.hidden))
        raw = self.model.knowledge.raw
        vector = np.zeros(raw.shape[1], dtype=np.float32) if heard is None else heard.copy()
        if len(liked):
            vector += np.float32(LIKED) * raw[liked].mean(axis=0)
        if len(disliked):
            vector -= np.float32(AGAINST) * raw[disliked].mean(axis=0)
        text = unit(vector[None])[0] if raw.shape[1] and vector.any() else None
        excluded = np.concatenate((asker.excluded, liked, disliked, hidden))
        learned = self.model.learned
        return replace(
            asker,
            text=text,
            heard=None if learned is None or heard is None else learned.score([wanted.text], heard[None])[0],
            wanted=np.concatenate((asker.wanted, liked)),
            unwanted=np.concatenate((asker.unwanted, disliked)),
            excluded=excluded,
        )

    def rows(self, ids: tuple[str, ...]) -> Rows:
        """Return the rows of ids, all of which must be known."""
        if not ids:
            return NO_ROWS
        rows = self.model.data.items.vocabulary.rows(ids)
        if (rows < 0).any():
            lost = ids[int(np.argmin(rows))]
            raise InputError(f"no item {lost!r}", hint="items are named by their ids, as in the tables")
        return rows

    def candidates(self, wanted: Wanted, asked: Query) -> tuple[Rows, list[str]]:
        """Return the rows that meet all conditions, and what was left out because nothing is known of it."""
        passing = np.ones(len(self.texts), dtype=bool)
        notes: list[str] = []
        spoken_in = tongue(wanted.request)
        for condition in wanted.filters:
            met, unknown = self.guide.attributes.passing(condition)
            passing &= met
            if unknown and not condition.negated:
                told = {"n": unknown, "all": len(met), "column": condition.column}
                notes.append(said(spoken_in, "untold", **told))
        for word in wanted.without:
            holding = self.holding(word)
            passing &= ~holding
            if not holding.any():
                notes.append(said(spoken_in, "unheld", word=word))
        passing[np.concatenate((asked.rows, asked.excluded))] = False
        return np.flatnonzero(passing), notes

    def holding(self, word: str) -> NDArray[np.bool_]:
        """Return which items hold all words of a phrase, or a Chinese one as it stands, (n_items,)."""
        wanted = set(terms(word))
        if chinese(word):
            held = (word in text for text in self.texts)
        else:
            held = (bool(wanted) and wanted <= own for own in self.words.sets)
        return np.fromiter(held, dtype=bool, count=len(self.texts))

    def best(self, rows: Rows, scores: Scores, k: int, diversity: float) -> Rows:
        """Return the places of the k best candidates, in order."""
        wide = min(len(rows), max(k, POOL) if diversity else k)
        top = np.argpartition(-scores, wide - 1)[:wide]
        top = top[np.argsort(-scores[top], kind="stable")]
        if diversity:
            top = top[mmr(scores[top], self.model.knowledge.raw[rows[top]], k=k, diversity=diversity)]
        return top

    def reasons(
        self, asked: Query, rows: Rows, spoken: Scores, wanted: Wanted, lang: str
    ) -> tuple[tuple[Reason, ...], ...]:
        """Return the reasons for items, adding up to their scores; the words that they share are named."""
        found = []
        for row, told in zip(rows.tolist(), self.model.explain(asked, rows, lang=lang), strict=True):
            shared = ", ".join(f"“{term}”" for term in self.words.shared(wanted.text, row)[:5])
            if shared:
                holds = said(lang, "holds", words=shared)
                told.append(Reason("words", holds, float(self.bm25 * spoken[row])))
            found.append(tuple(sorted(told, key=lambda reason: -reason.share)))
        return tuple(found)

    def table(self, answer: Answer, *, user: str | None = None) -> pl.DataFrame:
        """Return an answer as a table user_id, item_id, rank, score, fits."""
        n = len(answer.rows)
        return pl.DataFrame(
            {
                "user_id": pl.Series([user] * n, dtype=pl.String),
                "item_id": self.model.data.items.vocabulary.ids.gather(answer.rows),
                "rank": np.arange(1, n + 1),
                "score": answer.scores,
                "fits": pl.Series([answer.fits] * n, dtype=pl.Boolean),
            }
        )
