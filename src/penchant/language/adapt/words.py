"""Masked language modelling on the texts of a catalogue: learning without labels.

    −log softmax_w (E_w · t(h_m) + c_w)   at each masked place m   (Devlin et al., NAACL 2019)

h are the hidden states of the masked text, E the model's own word embeddings, t a dense layer with GELU and
normalisation. A tenth of the masked places shows another word and a tenth the true one. Texts are masked a
few times over and no more, since what the frozen lower layers make of each masked copy is computed once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from penchant.errors import SettingError
from penchant.language.adapt.halves import Halves, Hidden
from penchant.types import Rows

MASKED, COPIES, TEXTS, TOKENS = 0.15, 3, 64, 600_000
"""Part of a text's words; times that each text is masked; texts of a batch; tokens kept at most."""
HELD = 0.1
"""Part of the texts that is held out where these are the only exam."""

Reader = Callable[[Any, Any], Any]
"""From hidden states (B, T, width) of the lower half and their mask to those of the whole model."""


@dataclass(frozen=True, slots=True)
class Masked:
    """Masked texts: hidden states, and for each text the places (M,) masked and their true words."""

    hidden: Hidden
    places: Sequence[Rows]
    words: Sequence[Rows]


class Words:
    """Masked texts to learn from, others to be asked about, and the head that foretells words."""

    def __init__(
        self,
        halves: Halves,
        texts: Sequence[str],
        seed: int,
        smoothing: float = 0.0,
        *,
        exam: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        check_masks(halves)
        rng = np.random.default_rng([seed, 77])
        special = set(halves.tokenizer.all_special_ids)
        told = halves.tokens([text for text in texts if text.strip()])
        tokens = [text for text in told if not set(text) <= special]
        if len(tokens) < 2:
            raise SettingError("--tasks mlm: the model knows the words of fewer than two texts")
        order, room = rng.permutation(len(tokens)), TOKENS // COPIES
        total = np.cumsum([len(tokens[row]) for row in order])
        order = order[: max(1, int(np.searchsorted(total, room)))]
        held = order[: max(1, int(HELD * len(order)))] if exam else order[:0]
        taught = [tokens[row] for row in order[len(held) :]]
        self.read = len(order)
        self.learned = masked(halves, taught * COPIES, rng, progress)
        self.asked = masked(halves, [tokens[row] for row in held], rng) if exam else None
        self.smoothing = smoothing
        self.embeddings = halves.model.get_input_embeddings().weight.detach()
        self._head(taught, seed)

    def _head(self, taught: Sequence[list[int]], seed: int) -> None:
        import torch

        torch.manual_seed(seed)
        vocabulary, width = self.embeddings.shape
        counts = np.bincount(np.concatenate(taught), minlength=vocabulary) + 0.01
        self.transform = torch.nn.Sequential(
            torch.nn.Linear(width, width), torch.nn.GELU(), torch.nn.LayerNorm(width)
        )
        self.level = torch.nn.Parameter(torch.from_numpy(np.log(counts / counts.sum())).float())

    def parameters(self) -> list[Any]:
        """Return what learns here."""
        return [*self.transform.parameters(), self.level]

    def loss(self, read: Reader, rng: Generator) -> Any:
        """Return the loss on a batch of masked texts, drawn alike."""
        import torch

        rows = rng.choice(len(self.learned.places), min(TEXTS, len(self.learned.places)), replace=False)
        told, words = self._told(self.learned, np.sort(rows).tolist(), read)
        return torch.nn.functional.cross_entropy(told, words, label_smoothing=self.smoothing)

    def share(self, read: Reader) -> float:
        """Return which part of the masked words of held-out texts is foretold."""
        import torch

        right, asked = 0, 0
        if self.asked is not None:
            with torch.inference_mode():
                for group in self.asked.hidden.groups(2048):
                    told, words = self._told(self.asked, group, read)
                    right, asked = right + int((told.argmax(dim=1) == words).sum()), asked + len(words)
        return right / max(1, asked)

    def _told(self, texts: Masked, rows: Sequence[int], read: Reader) -> tuple[Any, Any]:
        """Return the scores of all words at masked places of some texts, (M, vocabulary), and the truth."""
        import torch

        states, mask = texts.hidden.batch(rows)
        whole = read(states, mask)
        text = np.repeat(np.arange(len(rows)), [len(texts.places[row]) for row in rows])
        place = np.concatenate([texts.places[row] for row in rows])
        words = np.concatenate([texts.words[row] for row in rows])
        found = self.transform(whole[torch.from_numpy(text), torch.from_numpy(place)])
        scores = torch.nn.functional.linear(found, self.embeddings, self.level)
        return scores, torch.from_numpy(words)


def check_masks(halves: Halves) -> None:
    """Raise SettingError for a model that knows no masked words, such as a decoder."""
    width = int(halves.model.config.hidden_size)
    if halves.tokenizer.mask_token_id is None or halves.model.get_input_embeddings().embedding_dim != width:
        raise SettingError(
            f"--tasks mlm: {type(halves.model).__name__} has no masked words",
            hint="BERT types have; teach others place, rank or request",
        )


def masked(
    halves: Halves,
    tokens: Sequence[list[int]],
    rng: Generator,
    progress: Callable[[int, int], None] | None = None,
) -> Masked:
    """Mask texts and return what the lower half makes of them."""
    tokenizer = halves.tokenizer
    special = np.array(sorted(tokenizer.all_special_ids))
    vocabulary = halves.model.get_input_embeddings().num_embeddings
    shown, places, words = [], [], []
    for text in tokens:
        ids: NDArray[np.int64] = np.array(text, dtype=np.int64)
        able = np.flatnonzero(~np.isin(ids, special))
        chosen = np.sort(rng.permutation(able)[: max(1, round(MASKED * len(able)))])
        places.append(chosen)
        words.append(ids[chosen])
        chance = rng.random(len(chosen))
        other = rng.integers(0, vocabulary, len(chosen))
        mask = np.where(chance < 0.8, tokenizer.mask_token_id, np.where(chance < 0.9, other, ids[chosen]))
        ids[chosen] = mask
        shown.append(ids.tolist())
    return Masked(halves.hidden(shown, progress), places, words)
