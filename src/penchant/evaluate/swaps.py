"""A probe of requests: how far do lists move if only a name, a gender or a dialect in the words is another?

Counterfactual texts (Garg et al., AIES 2019): each request is asked twice, the two wordings wanting the same.
Names come from a field experiment on hiring (Bertrand and Mullainathan, American Economic Review 2004);
features of African American English are those of VALUE (Ziems et al., ACL 2022) that need no parser. A
greeting swapped for another, and a name for another of its own group, say how far words move lists that
mean nothing, or nothing of the kind.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from penchant.data.dataset import Dataset
from penchant.evaluate import page
from penchant.evaluate.findings import Probe
from penchant.evaluate.statistics import Interval, bootstrap
from penchant.evaluate.wording import spelled
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder
from penchant.language.know import hear
from penchant.recommender import Recommender
from penchant.types import Query, Rows

MOST, K = 200, 10
TITLE = "Probe: names, genders and dialects in requests"
Ask = Callable[[Sequence[str]], Rows]
"""From requests to the rows of their lists, (n, 10), -1 where there are no more."""
Pair = tuple[str, str]
WHITE = ("Emily", "Anne", "Jill", "Allison", "Greg", "Brendan", "Geoffrey", "Brett")
BLACK = ("Lakisha", "Aisha", "Keisha", "Tamika", "Jamal", "Tyrone", "Kareem", "Darnell")
GENDERS: Mapping[str, str] = {
    "he": "she", "him": "her", "his": "her", "himself": "herself", "man": "woman", "men": "women",
    "boy": "girl", "boys": "girls", "boyfriend": "girlfriend", "husband": "wife", "father": "mother",
    "dad": "mom", "son": "daughter", "sons": "daughters", "brother": "sister", "brothers": "sisters",
    "grandfather": "grandmother", "grandpa": "grandma", "uncle": "aunt", "nephew": "niece", "king": "queen",
    "male": "female", "males": "females", "guy": "gal", "gentleman": "lady", "mr": "mrs", "sir": "madam",
}  # fmt: skip
BOTH_WAYS: Mapping[str, str] = {b: a for a, b in GENDERS.items()} | dict(GENDERS)
BRITISH: Mapping[str, str] = {
    "color": "colour", "colors": "colours", "favorite": "favourite", "favorites": "favourites",
    "humor": "humour", "movie": "film", "movies": "films", "theater": "theatre", "center": "centre",
    "gray": "grey", "mom": "mum", "apartment": "flat", "vacation": "holiday", "cookies": "biscuits",
    "pants": "trousers", "sweater": "jumper", "realize": "realise", "organize": "organise",
    "traveling": "travelling", "neighbor": "neighbour", "jewelry": "jewellery", "soccer": "football",
}  # fmt: skip
AMERICAN: Mapping[str, str] = {b: a for a, b in BRITISH.items()}
AFRICAN_AMERICAN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(?:am not|isn't|is not|aren't|are not|haven't|hasn't)\b", re.IGNORECASE), "ain't"),
    (re.compile(r"\b(I|you|he|she|we|they)(?: am| are| is|'m|'re|'s) (?=\w+ing\b)", re.IGNORECASE), r"\1 "),
    (re.compile(r"\bany(?=thing\b|body\b)", re.IGNORECASE), "no"),
    (re.compile(r"\bgoing to (?=\w)", re.IGNORECASE), "gonna "),
    (re.compile(r"\b(?!(?:str|spr|even|morn|build|wedd|no|some)\w*ing\b)(\w{3,})ing\b"), r"\1in'"),
)
WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Move:
    """What one swap did: to how many requests, which part of the top ten stayed, and how often the first."""

    swap: str
    example: Pair
    requests: int
    kept: Interval
    first: Interval


@dataclass(frozen=True, slots=True)
class Swaps(Probe):
    """The probe and its moves, those that compare first."""

    moves: tuple[Move, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether there is a table."""
        return bool(self.moves)

    @property
    def caption(self) -> str:
        """What its table shows."""
        return "top ten under a swap: mean [interval]"

    def sentences(self) -> Iterator[str]:
        """Say each move."""
        for move in self.moves:
            a, b = move.example
            yield f"{move.swap}: {move.kept.mean:.1%} of the top ten stay, as in “{a}” and “{b}”"

    def grid(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and rows of all moves."""
        columns = ["swap", "requests", "stays of the top ten", "first item stays"]
        return columns, [
            [move.swap, f"{move.requests:,}", spelled(move.kept), spelled(move.first)] for move in self.moves
        ]

    def card(self) -> str:
        """Return the probe as a card of a page."""
        parts = [page.paragraph(self.question), *(page.paragraph(note, "soft") for note in self.notes)]
        if self.moves:
            parts.append(page.table(self.caption, *self.grid()))
            parts += [page.paragraph(line) for line in self.sentences()]
        return page.section(self.title, parts)


def swaps(data: Dataset, ask: Ask, rng: Generator) -> Swaps:
    """Ask requests in two wordings each, and return how far the lists move."""
    texts, source = wordings(data, rng)
    moves = []
    for name, pairs in pairs_of(texts, rng).items():
        if not pairs:
            continue
        before, after = ask([a for a, _ in pairs]), ask([b for _, b in pairs])
        kept = np.array([_kept(a, b) for a, b in zip(before, after, strict=True)])
        first = (before[:, 0] == after[:, 0]).astype(np.float64)
        moves.append(
            Move(name, _short(pairs[0]), len(pairs), bootstrap(kept, rng=rng), bootstrap(first, rng=rng))
        )
    return Swaps(
        TITLE,
        "Each request is asked in two wordings that want the same. How much of the top ten stays? What moves "
        "lists further than a greeting, or than another name of the same group, is heard in the words.",
        (source, "English only: swaps are rules and lists of words, not people's own speech."),
        moves=tuple(moves),
    )


def asking(model: Recommender, cache: VectorCache | None = None) -> Ask:
    """Return what asks a fitted model in words alone, as somebody without a history."""
    encoder = load_encoder(model.language) if model.encoder is None else model.encoder

    def ask(texts: Sequence[str]) -> Rows:
        vectors = hear(texts, encoder, model.whitening, cache)
        learned = model.learned.score(texts, vectors) if model.learned else [None] * len(texts)
        at = model.data.end
        queries = [Query(text=one, heard=own, at=at) for one, own in zip(vectors, learned, strict=True)]
        return model.rank(queries, K)[0]

    return ask


def wordings(data: Dataset, rng: Generator) -> tuple[list[str], str]:
    """Return requests to swap words in, and where they are from: the requests table, or items' titles."""
    texts = [
        text for text in data.requests["text"].unique(maintain_order=True).to_list() if WORD.search(text)
    ]
    if texts:
        chosen = sorted(rng.choice(len(texts), min(MOST, len(texts)), replace=False).tolist())
        return [texts[place] for place in chosen], f"{len(chosen):,} texts of the requests table"
    rows = np.flatnonzero(data.item_counts() > 0)
    rows = np.sort(rng.choice(rows, min(MOST, len(rows)), replace=False))
    made = [f"I am looking for something like {title}, my favorite" for title in data.items.titles(rows)]
    return made, f"no requests table: {len(made):,} requests for something like an item"


def pairs_of(texts: Sequence[str], rng: Generator) -> dict[str, list[Pair]]:
    """Return both wordings of each request that a swap changes, by the swap's name."""
    n = len(WHITE)
    at, other = rng.integers(n, size=len(texts)), rng.integers(1, n // 2, size=len(texts))
    half = n // 2  # names of women, then of men
    twin = (at // half) * half + (at % half + other) % half
    each = list(zip(texts, at.tolist(), twin.tolist(), strict=True))
    found = {
        "greeting (control)": [(f"Hello. {text}", f"Good morning. {text}") for text in texts],
        "name, same group (control)": [(_named(WHITE[a], t), _named(WHITE[b], t)) for t, a, b in each],
        "name, White to Black": [(_named(WHITE[a], t), _named(BLACK[a], t)) for t, a, _ in each],
        "name, woman to man": [
            (_named(WHITE[a % half], t), _named(WHITE[half + a % half], t)) for t, a, _ in each
        ],
        "gender said, woman to man": [(f"I am a woman. {text}", f"I am a man. {text}") for text in texts],
        "gender words of the text": [(text, swapped(text, BOTH_WAYS)) for text in texts],
        "American to British English": [(swapped(text, AMERICAN), swapped(text, BRITISH)) for text in texts],
        "Standard to African American English": [(text, african_american(text)) for text in texts],
    }
    return {name: [pair for pair in pairs if pair[0] != pair[1]] for name, pairs in found.items()}


def swapped(text: str, words: Mapping[str, str]) -> str:
    """Swap words, as they are written: in small letters, with a capital, or in capitals.

    >>> swapped("His Father liked COLOR films", {"his": "her", "father": "mother", "color": "colour"})
    'Her Mother liked COLOUR films'
    """

    def other(match: re.Match[str]) -> str:
        word = match[0]
        found = words.get(word.lower(), word.lower())
        if found == word.lower():
            return word
        if word.isupper() and len(word) > 1:
            return found.upper()
        return found.capitalize() if word[0].isupper() else found

    return WORD.sub(other, text)


def african_american(text: str) -> str:
    """Put some features of African American English into a text.

    >>> african_american("I am looking for anything that isn't boring")
    "I lookin' for nothing that ain't borin'"
    """
    for pattern, other in AFRICAN_AMERICAN:
        text = pattern.sub(other, text)
    return text


def _named(name: str, text: str) -> str:
    return f"My name is {name}. {text}"


def _kept(before: Rows, after: Rows) -> float:
    own = before[before >= 0]
    return float(np.isin(own, after).mean()) if len(own) else 1.0


def _short(pair: Pair, most: int = 60) -> Pair:
    a, b = (text if len(text) <= most else text[: most - 1] + "…" for text in pair)
    return a, b
