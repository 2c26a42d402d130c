"""The recommender: ties the rooms together, from a data set to lists with reasons.

This file holds no mathematics: it turns ids into rows, asks the ranking, and turns rows into ids.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from penchant.data.dataset import Dataset
from penchant.errors import LanguageError, SettingError, UnknownIdError
from penchant.explain.attribution import Reader
from penchant.explain.naming import TEXTS, Namer
from penchant.explain.reasons import REASONS, cells_of, reasons
from penchant.explain.wording import checked
from penchant.language.asking import RequestEncoder
from penchant.language.choose import load_encoder, spec_of
from penchant.language.encode import Encoder
from penchant.language.know import hear
from penchant.language.knowledge import Knowledge
from penchant.language.pictures import PictureEncoder
from penchant.language.template import Template
from penchant.language.texts import Texts, read_texts
from penchant.language.whiten import Whitening
from penchant.rank.bundle import opened, readable, stored
from penchant.rank.ranking import Ranking
from penchant.rank.settings import Effort
from penchant.requests.desk import Desk
from penchant.requests.learned import Learned
from penchant.requests.learned_fit import learned_beside, newcomers_beside
from penchant.requests.newcomers import Newcomers
from penchant.rerank.mmr import POOL, diversified
from penchant.tune.study import Budget
from penchant.types import Query, Reason, Rows, Scores, Vectors


def quietly(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Recommender:
    """A fitted recommender; it is never changed, a refit gives another one.

    Requests in words are read by `encoder`, which a bundle keeps only where it was learned from the texts, or
    by the one that `language` names; `learned` is what answered requests taught, and `newcomers` what people
    who say what they like took; None without enough. `carried` goes with the bundle, and reads requests on a
    machine without the language model.
    """

    data: Dataset
    ranking: Ranking
    whitening: Whitening
    knowledge: Knowledge
    language: str = "minilm"
    encoder: Encoder | None = None
    learned: Learned | None = None
    newcomers: Newcomers | None = None
    carried: RequestEncoder | None = None

    @classmethod
    def fit(
        cls,
        data: Dataset,
        *,
        seed: int = 0,
        effort: Effort = "standard",
        language: str | Encoder = "auto",
        cache: Path | None = None,
        template: Template | None = None,
        texts: Texts | None = None,
        pictures: str | PictureEncoder = "auto",
        search: Budget | None = None,
        newcomers: bool = True,
        say: Callable[[str], None] = quietly,
        progress: Callable[[int, int], None] | None = None,
    ) -> "Recommender":
        """Learn from a data set: read its texts, fit every model, learn how far to trust each.

        `language` names a text encoder (see `read_texts`), or is one; "none" does without. `cache` is a
        folder that keeps text vectors between fits. `texts` are those that `read_texts` gave before;
        `pictures` names an encoder of pictures, as there. `search` goes on from the effort's settings;
        `newcomers` tells whether to learn what newcomers take who say what they like.
        """
        texts = texts or read_texts(data, language, cache, template, progress, pictures, say, seed)
        knowledge, language = texts.knowledge, texts.encoder
        if not len(data.interactions) and not knowledge.known.any():
            raise SettingError(
                "there is nothing to learn from: no events, and no texts",
                hint="bring interactions, or items with titles or texts and a --language to read them",
            )
        with threadpool_limits(1, "blas"):  # many small products: threads that wait for each other cost more
            ranking = Ranking.fit(data, knowledge, effort=effort, seed=seed, say=say, search=search)
            learned = learned_beside(ranking, data, knowledge, seed=seed, say=say)
            new = newcomers_beside(ranking, data, texts, cache, seed=seed, say=say) if newcomers else None
        own = None if isinstance(language, str) else language
        return cls(data, ranking, texts.whitening, knowledge, spec_of(language), own, learned, new)

    def refit(self, data: Dataset) -> "Recommender":
        """Learn from newer events of the same catalogue by the same settings and the same trust."""
        with threadpool_limits(1, "blas"):
            ranking = Ranking.planned(self.ranking.plan, data, self.knowledge)
        return replace(self, data=data, ranking=ranking)

    def rank(
        self,
        queries: Sequence[Query],
        k: int = 10,
        *,
        candidates: Rows | None = None,
        repeat: bool = False,
        diversity: float = 0.0,
    ) -> tuple[Rows, Scores]:
        """Return the k best rows of each query and their scores, (Q, k); −1 and −inf without more."""
        if k < 1:
            raise SettingError(f"k is {k}", hint="a list has one item at least")
        if not 0.0 <= diversity <= 1.0:
            raise SettingError(f"diversity is {diversity:g}", hint="0: by relevance, 1: by difference alone")
        wide = max(k, POOL) if diversity else k
        rows, scores = self.ranking.top(queries, wide, candidates=candidates, repeat=repeat)
        return diversified(rows, scores, self.knowledge.raw, k, diversity) if diversity else (rows, scores)

    def recommend(
        self,
        users: Sequence[object] | None = None,
        *,
        everybody: bool = False,
        text: str | None = None,
        about: str | None = None,
        k: int = 10,
        candidates: Sequence[object] | None = None,
        repeat: bool = False,
        diversity: float = 0.0,
        explain: bool = False,
        lang: str = "en",
        words: Reader | None = None,
    ) -> pl.DataFrame:
        """Return lists as a table user_id, item_id, rank, score, with the ids as the tables have them.

        A user that no table knows gets a newcomer's list. Without `users` and `text`, or with `everybody`,
        everybody in the tables gets one; with `text` alone there is one list, and the column user_id is null.
        With `about`, the list is that of a newcomer who says what they like, and there is no other.
        `explain` adds the columns title and reasons, told in the language `lang`; with `words`, which
        `reader()` gives, reasons from texts name the words that carried them.
        Raises UnknownIdError for candidates of which none is known, and SettingError where there is nothing
        to go by: neither events nor words.
        """
        if about is not None and (users is not None or everybody or text is not None):
            raise SettingError("about is for a newcomer alone", hint="leave users and text out")
        if text is None and about is None and not len(self.data.interactions):
            raise SettingError(
                "this model was fitted without events: it has only words to go by",
                hint="ask with a text (--text WORDS), or fit again with interactions",
            )
        if about is None:
            names, queries = self.queries(None if everybody else users, text, everybody=everybody)
        else:
            queries = [self.newcomer(about)]
            names = pl.Series("user_id", [None], dtype=self.data.users.vocabulary.ids.dtype)
        pool = None if candidates is None else self.known(candidates)
        rows, scores = self.rank(queries, k, candidates=pool, repeat=repeat, diversity=diversity)
        kept = rows >= 0
        asked = np.repeat(np.arange(len(queries)), kept.sum(axis=1))
        table = pl.DataFrame(
            {
                "user_id": names.gather(asked),
                "item_id": self.data.items.vocabulary.ids.gather(rows[kept]),
                "rank": np.broadcast_to(np.arange(1, rows.shape[1] + 1), rows.shape)[kept],
                "score": scores[kept],
            }
        )
        if not explain:
            return table
        tell = partial(self.explain, repeat=repeat, lang=lang, whole=() if words is None else TEXTS)
        name = None if words is None else partial(Namer(words, checked(lang)).name, repeat=repeat)
        cells = cells_of(queries, rows, tell, name)
        titles = pl.Series("title", self.data.items.titles(rows[kept]), dtype=pl.String)
        return table.with_columns(titles, pl.Series("reasons", cells, dtype=REASONS))

    def queries(
        self, users: Sequence[object] | None, text: str | None = None, *, everybody: bool = False
    ) -> tuple[pl.Series, list[Query]]:
        """Return the ids asked for, as the tables have them, and their queries."""
        vocabulary = self.data.users.vocabulary
        vector = None if text is None else self.hear(text)
        heard = None
        if text is not None and vector is not None and self.learned:
            heard = self.learned.score([text], vector[None])[0]
        if users is None and text is not None and not everybody:
            alone = Query(text=vector, heard=heard, at=self.data.end)
            return pl.Series("user_id", [None], dtype=vocabulary.ids.dtype), [alone]
        rows = np.arange(len(vocabulary)) if users is None else vocabulary.rows(users)
        if (rows < 0).any() and users is not None:
            names = pl.Series("user_id", [str(user) for user in users], dtype=pl.String)
        else:
            names = vocabulary.ids.gather(rows).alias("user_id")
        return names, [replace(query, text=vector, heard=heard) for query in self._asked(rows)]

    def newcomer(self, about: str) -> Query:
        """Return the query of somebody without a history who says what they like.

        Raises SettingError for a model that learned nothing of newcomers.
        """
        if self.newcomers is None:
            raise SettingError(
                "this model learned nothing of newcomers: it has no events, or no texts of items",
                hint="ask in words (--text WORDS)",
            )
        vector = self.hear(about)
        heard = self.newcomers.score(about, vector, self.knowledge)
        return Query(text=vector, heard=heard, at=self.data.end)

    def _asked(self, rows: Rows) -> list[Query]:
        """Return the queries of people by row, −1 for a newcomer."""
        known = dict(zip(rows[rows >= 0].tolist(), self.data.queries(rows[rows >= 0]), strict=True))
        return [known.get(row, Query(at=self.data.end)) for row in rows.tolist()]

    def fits(self, text: str) -> float | None:
        """Return how probable it is that any item answers a request, None where no requests taught it."""
        if self.learned is None:
            return None
        chance = float(self.learned.fits([text], self.hear(text)[None])[0])
        return None if chance != chance else chance

    def hear(self, text: str) -> Vectors:
        """Return the vector of a request in words, shape (width,)."""
        if not text.strip():
            raise SettingError("the request in words is empty")
        if not self.knowledge.raw.shape[1]:
            raise LanguageError(
                "this model was fitted without texts", hint="fit again with an items table that has texts"
            )
        if self.encoder is None and not self.language:
            raise LanguageError(
                "this model's texts were read by an encoder that no name tells",
                hint="give it: Recommender.load(folder, encoder=…)",
            )
        encoder = self.encoder or self.carried or load_encoder(self.language)
        return np.asarray(hear([text], encoder, self.whitening)[0])

    def known(self, items: Sequence[object]) -> Rows:
        """Return the rows of items, those that no table knows left out."""
        rows = self.data.items.vocabulary.rows(items)
        if len(rows) and not (rows >= 0).any():
            raise UnknownIdError(f"none of the {len(rows)} items is known, such as {items[0]!r}")
        return rows[rows >= 0]

    def similar(self, item: object, k: int = 10) -> pl.DataFrame:
        """Return the items most like one, by behaviour and text, as a table item_id, rank, score, title."""
        rows = self.data.items.vocabulary.rows([item])
        if rows[0] < 0:
            raise UnknownIdError(f"no item {str(item)!r}", hint="ids are written as in the tables")
        text = self.knowledge.raw[rows[0]]
        text = text if text.any() else None
        found, scores = self.rank([Query(wanted=rows, text=text, excluded=rows, at=self.data.end)], k)
        found, scores = found[0][found[0] >= 0], scores[0][found[0] >= 0]
        ids = self.data.items.vocabulary.ids.gather(found).alias("item_id")
        titles = pl.Series("title", self.data.items.titles(found), dtype=pl.String)
        return pl.DataFrame(
            [ids, pl.Series("rank", np.arange(1, len(found) + 1)), pl.Series("score", scores), titles]
        )

    def predict(self, users: Sequence[object], items: Sequence[object]) -> pl.DataFrame:
        """Return what is expected of pairs of a user and an item: user_id, item_id, rating, probability.

        `rating` is on the scale of the tables, null where they hold no ratings. `probability` is that a user
        takes the item within the span that `ranking.plan.calibration` names; null for what they have met and
        for unknown items. Unknown users are newcomers, the rating of an unknown item is that of any.
        Raises SettingError for lists of different lengths.
        """
        if len(users) != len(items):
            raise SettingError(
                f"{len(users)} users and {len(items)} items", hint="pairs need as many of both"
            )
        asked, rows = self.data.users.vocabulary.rows(users), self.data.items.vocabulary.rows(items)
        people, places = np.unique(asked, return_inverse=True)
        rating, probability = self.ranking.predict(self._asked(people), places, rows)
        return pl.DataFrame(
            {
                "user_id": pl.Series(users, strict=False),
                "item_id": pl.Series(items, strict=False),
                "rating": pl.Series(rating).fill_nan(None),
                "probability": pl.Series(probability).fill_nan(None),
            }
        )

    def explain(
        self, query: Query, rows: Rows, *, repeat: bool = False, lang: str = "en", whole: Collection[str] = ()
    ) -> list[list[Reason]]:
        """Return the reasons for each item in `rows`, adding up to its score, in English or Chinese ("zh").

        Sources in `whole` are told as such, and not divided among the items of the history.
        Raises SettingError for another language.
        """
        slate = self.ranking.slate(query, rows, repeat=repeat)
        trust = self.ranking.unit(query, rows, repeat=repeat)
        return reasons(
            slate, query, self.ranking.sources.scorers, trust, self.data.items, checked(lang), whole
        )

    def reader(self, template: Template | None = None, *, newcomer: bool = False) -> Reader:
        """Return what reads the items' texts as `fit` did, to see which of their words count.

        `template` is the one that `fit` was given, if it was; `newcomer` tells whether the lists are theirs.
        """
        read = bool(self.knowledge.raw.shape[1])
        encoder = (self.encoder or load_encoder(self.language)) if read else None
        near = self.learned.shares()["text"] if self.learned else 0.0
        near = self.newcomers.nearness if self.newcomers and newcomer else near
        known = self.ranking, self.data.items, self.knowledge, self.whitening
        return Reader(*known, encoder, self.language, template, near)

    def desk(self) -> Desk:
        """Read the catalogue once, to answer requests in plain language: `desk().ask("films like Heat")`."""
        heard = self.encoder is None and self.language and self.knowledge.raw.shape[1]
        if not heard:
            return Desk.of(self)
        return Desk.of(replace(self, encoder=self.carried or load_encoder(self.language)))

    def save(self, folder: Path | str, created: float | None = None) -> str:
        """Write a bundle, whole or not at all; returns its version. `created` is the moment, seconds UTC."""
        learned, new = (part.state() if part else None for part in (self.learned, self.newcomers))
        known = self.whitening, self.knowledge, self.language
        return stored(
            Path(folder),
            self.data,
            self.ranking.state(),
            *known,
            learned,
            self.encoder,
            new,
            created,
            self.carried,
        )

    @classmethod
    def load(cls, folder: Path | str, encoder: Encoder | None = None) -> "Recommender":
        """Read a bundle; no language model is loaded before somebody asks in words.

        `encoder` reads requests instead of the one that the bundle names: a URL's with its key, or your own.
        """
        found = opened(Path(folder))
        data, knowledge, heard = found.data, found.knowledge, found.requests
        with readable(Path(folder)):
            learned = Learned.from_state(heard, data.items, knowledge) if heard else None
            new = Newcomers.from_state(found.newcomers, data.items, knowledge) if found.newcomers else None
            ranking = Ranking.from_state(found.ranking)
        reader = encoder or found.encoder
        return cls(
            data, ranking, found.whitening, knowledge, found.language, reader, learned, new, found.carried
        )
