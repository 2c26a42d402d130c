"""Newcomers who say in a sentence what they like: what people of whom the same could be said took next.

    y_i = n_i + a·l_i(s) + b·cos(s, e_i) / σ,

n the list of a newcomer who says nothing, l a model of `penchant.requests.learned` whose requests are
sentences about known people, made of their first events alone, and whose answers are what those people took
next; cos the nearness of words, σ its spread on items' own texts. a and b are those that foretell best what
the latest arrivals took, by sentences of their own, with all else fitted on what was before they came.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.data.split import known_before
from penchant.language.knowledge import Knowledge
from penchant.language.people import joined, people
from penchant.models.scorer import State
from penchant.rank.blend import Sources
from penchant.rank.evidence import evidence_of
from penchant.rank.ranking import Ranking
from penchant.rank.rehearsal import marked
from penchant.requests.learned import Learned
from penchant.requests.learned_sources import Shape
from penchant.types import Query, Rows, Scores, Vectors

FIRST, NEXT, LEAST = 5, 20, 10
"""Events that a sentence is made of, later items that it should foretell, events that a person needs."""
MOST, JUDGED, FEWEST = 600, 1 / 3, 60
"""People at most, the latest; their part that judges; people who judge, below which nothing is learned."""
LEARNED, NEARNESS = (0.0, 0.25, 0.5, 1.0), (0.0, 0.1, 0.2, 0.4)
"""What is tried for a and b."""
START = 0.2
"""b where nobody can tell."""
SHAPE = Shape(4.0, 0.2, 3.0)
K = 10
Reader = Callable[[Sequence[str]], Vectors]
"""From sentences to their vectors, (n, width)."""


@dataclass(frozen=True, slots=True)
class Newcomers:
    """A fitted model: `learned` is l, None where a is 0; `part` is a, `near` is b / σ."""

    learned: Learned | None
    part: float
    near: float

    @classmethod
    def fit(
        cls,
        ranking: Ranking,
        data: Dataset,
        knowledge: Knowledge,
        read: Reader | None,
        *,
        seed: int,
        say: Callable[[str], None],
    ) -> "Newcomers | None":
        """Learn from the first events of known people; None where items have no texts, or nobody came.

        Without a clock, with too few people, or with nothing to `read` sentences, nearness alone counts, by a
        constant.
        """
        words = ranking.sources.scales.get("words")
        if words is None or not len(data.interactions):
            return None
        unsaid = cls(None, 0.0, START / words.spread)
        came = arrivals(data)
        if read is None or data.interactions.clock != "time" or len(came) * JUDGED < FEWEST:
            return unsaid
        judged = came[-int(len(came) * JUDGED) :]
        moment = float(first_times(data)[judged[0]])
        before, once = known_before(data, moment), Once(read)
        asked = Told.of(data, judged, once)
        earlier = Told.of(before, arrivals(before), once)
        base = unknown(ranking, before, moment)
        model = earlier.teach(before, knowledge, base, seed)
        near = asked.vectors @ knowledge.raw.T / np.float32(words.spread)
        part, weight, gain = chosen(asked, base, model, near)
        say(
            f"newcomers who say what they like: what like people took counts {part:g}, nearness {weight:g} "
            f"(NDCG@{K} {gain[1]:.3f}, {gain[0]:.3f} for saying nothing; {len(asked.texts):,} people)"
        )
        if part:
            everybody = Told.of(data, came, once)
            model = everybody.teach(data, knowledge, unknown(ranking, data, data.end), seed)
        return cls(model if part else None, part, weight / words.spread)

    @property
    def nearness(self) -> float:
        """What the cosine of a sentence and an item's text counts."""
        return self.near + (self.part * self.learned.shares()["text"] if self.learned else 0.0)

    def score(self, text: str, vector: Vectors, knowledge: Knowledge) -> Scores:
        """Return what a sentence and its vector, (width,), give to all items, (I,)."""
        scores = np.float32(self.near) * (knowledge.raw @ vector)
        if self.learned is not None:
            scores = scores + np.float32(self.part) * self.learned.score([text], vector[None])[0]
        return np.asarray(scores, dtype=np.float32)

    def state(self) -> State:
        """Return what it is made of, for a bundle."""
        learned = self.learned.state() if self.learned else State({}, {})
        plain: dict[str, Any] = {"part": self.part, "near": self.near}
        return State(learned.arrays, plain | {"learned": dict(learned.scalars) or None})

    @classmethod
    def from_state(cls, state: State, items: Catalogue, knowledge: Knowledge) -> "Newcomers":
        """Build it again, beside the catalogue and what language says of it."""
        plain: Mapping[str, Any] = state.scalars
        found = plain["learned"]
        learned = Learned.from_state(State(state.arrays, found), items, knowledge) if found else None
        return cls(learned, float(plain["part"]), float(plain["near"]))


class Once:
    """A reader that reads each sentence once."""

    def __init__(self, read: Reader) -> None:
        self.read: Reader = read
        self.known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts, (n, width)."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known |= dict(zip(new, self.read(new), strict=True))
        width = (0,) if not self.known else next(iter(self.known.values())).shape
        return np.stack([self.known[text] for text in texts]) if texts else np.zeros((0, *width), np.float32)


@dataclass(frozen=True, slots=True)
class Told:
    """People in sentences: `texts` made of their first events, `heads`, and what they took next, `wanted`."""

    texts: list[str]
    vectors: Vectors
    heads: list[Rows]
    wanted: list[Rows]

    @classmethod
    def of(cls, data: Dataset, users: Rows, read: Reader) -> "Told":
        """Say what could be said of `users` after their first events, if anything."""
        events, bounds = data.interactions, data.interactions.bounds(data.n_users)
        starts = bounds[users]
        first = np.zeros(len(events), dtype=bool)
        first[(starts[:, None] + np.arange(FIRST)).ravel()] = True
        nameless = replace(data.users, table=data.users.table.select([]))
        early = replace(data, users=nameless, interactions=events.where(first))
        told = cls([], np.zeros((0, 0), dtype=np.float32), [], [])
        for user, person in zip(users.tolist(), people(early, users), strict=True):
            own = events.items[bounds[user] : bounds[user + 1]]
            text = sentence(person.kinds, person.liked[:3], user % 3)  # rows follow nothing in the id
            later = np.setdiff1d(own[FIRST : FIRST + NEXT], own[:FIRST])
            if text and len(later):
                told.texts.append(text)
                told.heads.append(own[:FIRST])
                told.wanted.append(later)
        return replace(told, vectors=read(told.texts))

    def teach(self, data: Dataset, knowledge: Knowledge, base: Scores, seed: int) -> Learned | None:
        """Learn from sentences to what came next, on the scale of what a newcomer gets anyway, (I,)."""
        n = len(self.texts)
        asked = pl.DataFrame(
            {
                "text": self.texts,
                "items": [rows.tolist() for rows in self.wanted],
                "user": [-1] * n,
                "time": [None] * n,
            },
            schema=data.requests.schema,
        )
        world = replace(data, requests=asked)
        heard = replace(knowledge, requests=self.vectors)

        def taste(rows: Rows) -> Scores:
            return np.tile(base, (len(rows), 1))

        return Learned.fit(world, heard, taste=taste, seed=seed, shape=SHAPE)


def sentence(kinds: Sequence[str], titles: Sequence[str], form: int) -> str:
    """Say what somebody likes: by categories and titles, or by one of them alone where `form` is 1 or 2.

    >>> sentence(["Drama", "War"], ["Heat (1995)"], 0), sentence(["Drama", "War"], ["Heat (1995)"], 1)
    ('I like Drama and War, such as Heat (1995).', 'I like Drama and War.')
    """
    if kinds and (form == 1 or not titles):
        return f"I like {joined(kinds)}."
    if titles and (form == 2 or not kinds):
        return f"I like {joined(titles)}."
    return f"I like {joined(kinds)}, such as {joined(titles)}." if kinds else ""


def first_times(data: Dataset) -> Vectors:
    """Return the time of each user's first event, (U,), infinity without any."""
    first = np.full(data.n_users, np.inf)
    np.minimum.at(first, data.interactions.users, data.interactions.times)
    return first


def arrivals(data: Dataset) -> Rows:
    """Return the latest people to come who have events enough, in the order of their coming."""
    n = np.bincount(data.interactions.users, minlength=data.n_users)
    able = np.flatnonzero(n >= LEAST)
    return able[np.argsort(first_times(data)[able], kind="stable")][-MOST:]


def unknown(ranking: Ranking, world: Dataset, moment: float) -> Scores:
    """Return the scores that a newcomer who says nothing has in a world as it was at a moment, (I,)."""
    scorers = dict(ranking.sources.scorers)
    for name, scorer in scorers.items():
        if getattr(scorer, "quick", False):
            fresh = type(scorer)(half_life=scorer.half_life)  # type: ignore[attr-defined,call-arg]
            scorers[name] = fresh.fit(world, Knowledge.none(world.n_items), rng=np.random.default_rng(0))
    blend, items = ranking.plan.blends.new, np.arange(world.n_items)
    sources = Sources({name: scorers[name] for name in blend.names[:-1]}, ranking.sources.scales)
    query = [Query(at=moment)]
    known = evidence_of(world).features(query, items)
    return np.asarray(blend.score(sources.standard(query, None, world.n_items), known)[0])


def chosen(
    asked: Told, base: Scores, model: Learned | None, near: Scores
) -> tuple[float, float, tuple[float, float]]:
    """Return a and b that foretell best, and NDCG@10 without and with them."""
    queries = [Query(rows=rows) for rows in asked.heads]
    taught = np.zeros_like(near) if model is None else model.score(asked.texts, asked.vectors)
    found = {}
    for part in LEARNED if model is not None else (0.0,):
        for weight in NEARNESS:
            scores = base + np.float32(part) * taught + np.float32(weight) * near
            found[part, weight] = float(marked(scores, queries, asked.wanted, K).mean())
    best = max(found, key=lambda pair: (found[pair], -sum(pair)))
    return (*best, (found[0.0, 0.0], found[best]))
