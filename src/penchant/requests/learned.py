"""Learning from requests whose answers are known: from words to items, and whether anything fits at all.

P(i | r) ∝ exp(Σ_s w_s f_s(r, i)), f_s the sources of `learned_sources`; w maximises the likelihood of the
answers among the best candidates on parts of the requests that the sources did not learn from (a conditional
logit; McFadden 1974). P(fits | r) = σ(a + b·max_i asked(r, i) + c·max_z cos(r, z)), learned from requests
that nothing answers, and from those whose items were taken away.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from penchant.data.catalogue import Catalogue
from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.models.description import Attributes
from penchant.models.scorer import State, below
from penchant.requests.learned_blend import blended, logistic
from penchant.requests.learned_examples import Examples, Names, conversations, incidence
from penchant.requests.learned_sources import SOURCES, Memory, Regression, Shape, Shelf
from penchant.requests.learned_terms import Terms
from penchant.types import Rows, Scores, Vectors

FEWEST = 30
"""Answered requests below which nothing is learned."""
FOLDS = 3
SHAPES = ((2.0, 0.2), (4.0, 0.2), (2.0, 1.0))
RIDGES = (0.1, 0.3, 1.0, 3.0, 10.0)
MANY = 4000
"""Answered requests from which on settings are judged by one fold alone."""
JUDGED = 1500
"""Requests of a fold that judge a setting or teach the blend."""
CHUNK = 128
Taste = Callable[[Rows], Scores]
"""What the askers of requests, by row of the table, like without words: (R, I)."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted model; `weights` (9,) are those of `SOURCES`, `scope` (3,) are a, b and c, or empty.

    `learned_from` counts the answered requests.
    """

    terms: Terms
    names: Names
    memory: Memory
    weights: Vectors
    scope: Vectors
    learned_from: int = 0

    @classmethod
    def fit(
        cls,
        data: Dataset,
        knowledge: Knowledge,
        *,
        taste: Taste | None = None,
        seed: int = 0,
        shape: Shape | None = None,
    ) -> "Learned | None":
        """Learn from the requests that were read and have an answer; None where there are too few.

        With `taste`, the scores are those to be added to it. Where a `shape` is given no other is tried, and
        whether anything fits is not learned.
        """
        read = np.flatnonzero(knowledge.requests.any(axis=1))
        table = data.requests[read]
        texts, wanted = table["text"].to_list(), table["items"].to_list()
        answered = np.flatnonzero([len(items) > 0 for items in wanted])
        if len(answered) < FEWEST or not knowledge.known.any():
            return None
        rng = np.random.default_rng(seed)
        names, terms = Names.of(_titles(data.items)), Terms.fit([texts[row] for row in answered])
        everything = Examples.read(texts, knowledge.requests[read], terms, names, wanted)
        examples, shelf = everything.at(answered), _shelf(data.items, knowledge)
        groups = conversations([texts[row] for row in answered])
        folds = rng.permutation(np.arange(groups.max() + 1) % FOLDS)[groups]
        if len(np.unique(folds)) < 2:
            return None
        own = None if taste is None else (lambda rows: taste(read[answered[rows]]))
        blends = {
            tried: blended(examples, shelf, tried, folds, own, JUDGED)
            for tried in ([shape] if shape else _shapes(examples, shelf, folds))
        }
        best = max(blends, key=lambda tried: blends[tried][1])
        weights, memory = blends[best][0], Memory.fit(examples, best, shelf)
        if shape:
            return cls(terms, names, memory, weights, np.zeros(0, dtype=np.float32), len(answered))
        rest = everything.at(np.setdiff1d(np.arange(len(texts)), answered))
        scope = _scope(examples, rest, best, shelf, folds, rng)
        return cls(terms, names, memory, weights, scope, len(answered))

    def score(self, texts: Sequence[str], vectors: Vectors) -> Scores:
        """Return the scores of all items, (R, I), for requests and their vectors, (R, width)."""
        scores = np.empty((len(texts), len(self.memory.popularity)), dtype=np.float32)
        for start in range(0, len(texts), CHUNK):
            part = slice(start, start + CHUNK)
            examples = Examples.read(texts[part], vectors[part], self.terms, self.names)
            scores[part] = np.tensordot(self.weights, self.memory.parts(examples), axes=1)
        return scores

    def fits(self, texts: Sequence[str], vectors: Vectors) -> Vectors:
        """Return how probable it is that anything answers each request, (R,); NaN where nothing told."""
        if not len(self.scope):
            return np.full(len(texts), np.nan, dtype=np.float32)
        found = _clues(self.memory, Examples.read(texts, vectors, self.terms, self.names))
        return np.asarray(1 / (1 + np.exp(-(self.scope[0] + found @ self.scope[1:]))), dtype=np.float32)

    def extend(self, items: Catalogue, knowledge: Knowledge) -> "Learned":
        """Let new items join: `items` and `knowledge` begin with all the old rows."""
        shelf = self.memory.shelf
        old, new = np.arange(len(shelf.raw)), np.arange(len(shelf.raw), len(items))
        told = sparse.vstack((shelf.attributes, Attributes.fit(items.rows(old)).of(items.rows(new))), "csr")
        joined = Shelf(knowledge.raw, knowledge.vectors, told)
        return replace(self, names=Names.of(_titles(items)), memory=self.memory.extend(joined))

    def state(self) -> State:
        """Return what it is made of, for a bundle."""
        arrays = {f"memory/{name}": array for name, array in self.memory.state().items()}
        letters = np.frombuffer("\n".join(self.terms.names).encode(), dtype=np.uint8)
        arrays |= {"terms/names": letters, "terms/weights": self.terms.weights}
        arrays |= {"weights": self.weights, "scope": self.scope}
        plain = {"shape": list(astuple(self.memory.kernel.shape)), "learned_from": self.learned_from}
        return State(arrays, plain)

    @classmethod
    def from_state(cls, state: State, items: Catalogue, knowledge: Knowledge) -> "Learned":
        """Build it again, beside the catalogue and what language says of it."""
        arrays = state.arrays
        letters = arrays["terms/names"].tobytes().decode()
        terms = Terms(tuple(letters.split("\n")) if letters else (), arrays["terms/weights"])
        shape = Shape(*state.scalars["shape"])
        memory = Memory.from_state(
            below(arrays, "memory/"), shape, len(terms.names), _shelf(items, knowledge)
        )
        counted = int(state.scalars["learned_from"])
        return cls(terms, Names.of(_titles(items)), memory, arrays["weights"], arrays["scope"], counted)

    def shares(self) -> Mapping[str, float]:
        """Return the weight of each source."""
        return dict(zip(SOURCES, self.weights.tolist(), strict=True))


def _titles(items: Catalogue) -> list[str]:
    return items.titles(np.arange(len(items)))


def _shelf(items: Catalogue, knowledge: Knowledge) -> Shelf:
    return Shelf(knowledge.raw, knowledge.vectors, Attributes.fit(items).of(items))


def _shapes(examples: Examples, shelf: Shelf, folds: Rows) -> list[Shape]:
    """Return the shapes that are worth a blend: each kernel with its best ridge, told by the folds.

    The best has the highest mean reciprocal rank of the answers. Where there are many requests, one fold
    tells well enough, and one shape is all that is blended.
    """
    quality: dict[Shape, float] = {}
    for fold in range(FOLDS if len(examples) < MANY else 1):
        learning = examples.at(np.flatnonzero(folds != fold))
        judging = examples.at(np.flatnonzero(folds == fold)[:JUDGED])
        for sharp, share in SHAPES:
            found = Regression.of(learning, Shape(sharp, share), shelf)
            near, columns = found.kernel(judging), found.columns
            answers = judging.wanted[:, columns].toarray() > 0
            for ridge in RIDGES:
                scores = near @ found.solved(ridge)[:, : len(columns)]
                top = np.where(answers, scores, -np.inf).max(axis=1)
                rank = 1 + (scores > top[:, None]).sum(axis=1)
                own = np.where(answers.any(axis=1), 1 / rank, 0.0).sum()
                shape = Shape(sharp, share, ridge)
                quality[shape] = quality.get(shape, 0.0) + float(own)
    kernels = [[shape for shape in quality if (shape.sharp, shape.share) == kernel] for kernel in SHAPES]
    best = [max(own, key=lambda shape: quality[shape]) for own in kernels]
    return best if len(examples) < MANY else [max(best, key=lambda shape: quality[shape])]


def _clues(memory: Memory, examples: Examples) -> NDArray[np.float64]:
    """Return the highest score of the answered requests and the highest cosine with one, (R, 2)."""
    clues = np.zeros((len(examples), 2))
    for start in range(0, len(examples), CHUNK):
        part = examples.at(np.arange(start, min(start + CHUNK, len(examples))))
        clues[start : start + CHUNK, 0] = memory.asked(memory.kernel(part)).max(axis=1)
        clues[start : start + CHUNK, 1] = memory.kernel.cosine(part).max(axis=1)
    return clues


def _scope(
    examples: Examples, rest: Examples, shape: Shape, shelf: Shelf, folds: Rows, rng: np.random.Generator
) -> Vectors:
    """Learn a, b and c: first fold, a third of the items taken away from what teaches."""
    asked = np.unique(examples.wanted.indices)
    gone = rng.permutation(asked)[: len(asked) // 3]
    if not len(gone):
        return np.zeros(0, dtype=np.float32)
    mark = incidence([gone.tolist()], examples.wanted.shape[1]).toarray().ravel()
    lost = np.asarray(examples.wanted @ mark).ravel() > 0
    whole = np.asarray(examples.wanted.sum(axis=1)).ravel() == np.asarray(examples.wanted @ mark).ravel()
    learning = examples.at(np.flatnonzero((folds != 0) & ~lost))
    judged = np.flatnonzero((folds == 0) & (whole | ~lost))[: 2 * JUDGED]
    if not learning.wanted.nnz or len(np.unique(whole[judged])) < 2:
        return np.zeros(0, dtype=np.float32)
    memory = Memory.fit(learning, shape, shelf)
    clues = np.concatenate((_clues(memory, examples.at(judged)), _clues(memory, rest)))
    return logistic(clues, np.concatenate((~whole[judged], np.zeros(len(rest), dtype=bool))))
