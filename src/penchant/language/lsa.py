"""A space learned from a catalogue itself, for languages that no encoder at hand knows: TF-IDF and SVD.

    x_t = (1 + ln n_t) ln((1 + N) / (1 + N_t)),  |x| = 1,   X ≈ U S Vᵀ,   e(x) = x V / |x V|,

n_t uses of the term t in the text, N_t of the N texts with it. Terms that occur together come near each
other, so that a request finds texts that say the same in other words. Deerwester, Dumais, Furnas, Landauer
and Harshman, Journal of the American Society for Information Science 1990.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self, cast

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import sparse

from penchant.errors import BundleError, LanguageError
from penchant.language.encode import TINY, unit
from penchant.language.segment import DIVISIONS, Division, best_division, segmented
from penchant.types import Vectors

LEARNED = "lsa"
"""How `--language` calls it."""
DIM, FEWEST_TEXTS, MOST_TERMS, MOST_TEXTS = 256, 2, 30_000, 50_000
"""Numbers of a vector; texts that a term must be in; terms and texts that are learned from at most."""
OVER, ROUNDS = 16, 4
"""Directions beyond those kept, and products with XᵀX, of the randomised decomposition."""


@dataclass(frozen=True, slots=True)
class LatentSemantics:
    """An encoder learned from texts: `terms`, what each tells, `weights` (T,), where it lies, `axes` (T, d).

    `division` says how Chinese was divided into terms; texts that come later are divided alike.
    """

    terms: tuple[str, ...]
    weights: Vectors
    axes: Vectors
    division: Division

    @classmethod
    def fit(
        cls, texts: Sequence[str], *, seed: int = 0, dim: int = DIM, division: Division | None = None
    ) -> Self:
        """Learn from texts, every k-th of very many; the same texts and seed give the same bytes.

        `division` is "jieba" where that package is installed, else "pairs".
        Raises LanguageError where no two texts share a word that others lack.
        """
        division = division or best_division()
        split = segmented(texts[:: -(-len(texts) // MOST_TEXTS) or 1], division)
        split = [own for own in split if own]
        uses = Counter(term for own in split for term in set(own))
        kept = [term for term, n in uses.items() if FEWEST_TEXTS <= n < len(split)]
        kept = sorted(sorted(kept, key=lambda term: (-uses[term], term))[:MOST_TERMS])
        if not kept:
            raise LanguageError(
                "no words are shared by the catalogue's texts: nothing can be learned from them",
                hint="--language none does without texts, a multilingual model (--language FOLDER) reads",
            )
        counts = np.array([uses[term] for term in kept], dtype=np.float64)
        weights = np.log((1 + len(split)) / (1 + counts)).astype(np.float32)
        axes = principal(counted(split, kept, weights), dim, np.random.default_rng(seed))
        return cls(tuple(kept), weights, axes, division)

    @property
    def name(self) -> str:
        """What the vectors depend on: the kind of encoder and a hash of what it learned."""
        state = self.state()
        digest = blake2b(digest_size=16)
        for part in sorted(state):
            digest.update(np.ascontiguousarray(state[part]).data)
        return f"{LEARNED}/{self.division}/{digest.hexdigest()}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.axes.shape[1])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return one row of unit length a text, (n, dim); a text without a known term gives zeros.

        Raises LanguageError where the texts were divided by jieba, and it is not installed here.
        """
        found = counted(segmented(texts, self.division), self.terms, self.weights)
        return unit(np.asarray(found @ self.axes, dtype=np.float32))

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what it is made of, for a bundle: numbers alone, the terms as UTF-8, one a line."""
        plain = {"terms": "\n".join(self.terms), "division": self.division}
        packed = {name: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in plain.items()}
        return {**packed, "weights": self.weights, "axes": self.axes}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> Self:
        """Build it again. Raises BundleError where the arrays do not belong together."""
        hint = "fit the model again"
        if not {"terms", "division", "weights", "axes"} <= state.keys():
            raise BundleError("the learned language of this bundle is incomplete", hint=hint)
        try:
            terms, division = (state[name].tobytes().decode() for name in ("terms", "division"))
        except UnicodeDecodeError as error:
            raise BundleError(
                "the learned language of this bundle has no readable terms", hint=hint
            ) from error
        weights, axes = (np.asarray(state[name], dtype=np.float32) for name in ("weights", "axes"))
        names = tuple(terms.split("\n"))
        if division not in DIVISIONS or axes.ndim != 2 or not len(names) == len(weights) == len(axes):
            raise BundleError("the learned language of this bundle has impossible shapes", hint=hint)
        return cls(names, weights, axes, cast(Division, division))


def counted(split: Sequence[Sequence[str]], terms: Sequence[str], weights: Vectors) -> sparse.csr_matrix:
    """Return TF-IDF rows of unit length, float32 of shape (n, T); zero where no term is known."""
    place = {term: at for at, term in enumerate(terms)}
    bounds, columns, values = [0], [], []
    for own in split:
        found = Counter(place[term] for term in own if term in place)
        at = np.fromiter(sorted(found), dtype=np.int64, count=len(found))
        row = (1 + np.log([found[one] for one in at.tolist()] or np.zeros(0))) * weights[at]
        columns.append(at)
        values.append(row / max(float(np.sqrt((row**2).sum())), TINY))
        bounds.append(bounds[-1] + len(at))
    data = np.concatenate([*values, np.zeros(0)]).astype(np.float32)
    indices = np.concatenate([*columns, np.zeros(0, dtype=np.int64)])
    return sparse.csr_matrix((data, indices, bounds), shape=(len(split), len(terms)))


def principal(x: sparse.csr_matrix, dim: int, rng: Generator) -> Vectors:
    """Return the leading right singular vectors of x, (T, d) with d ≤ dim, the strongest first.

    A random start is multiplied with xᵀx until its span settles. The largest entry of each is positive.
    Halko, Martinsson and Tropp, SIAM Review 2011.
    """
    d = min(dim, *x.shape)
    span = rng.standard_normal((x.shape[1], min(d + OVER, *x.shape))).astype(np.float32)
    for _ in range(ROUNDS):
        span, _ = np.linalg.qr(x.T @ (x @ span))
    projected = np.asarray(x @ span, dtype=np.float64)
    strength, turn = np.linalg.eigh(projected.T @ projected)
    strength, axes = strength[::-1][:d], span @ turn[:, ::-1][:, :d]
    axes = axes[:, strength > TINY * max(float(strength[0]), TINY)]
    peak = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return np.ascontiguousarray(axes * np.where(peak < 0, -1.0, 1.0), dtype=np.float32)
