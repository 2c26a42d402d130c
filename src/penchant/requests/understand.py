"""From a request in plain language to what is wanted, by rules and the catalogue's own vocabulary.

The text is read once from left to right. What becomes a condition, a liking or a refusal is taken out of the
text that is searched for; a category that is asked for stays in it as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from penchant.data.catalogue import Catalogue
from penchant.requests.amounts import amount_at
from penchant.requests.attributes import Attributes
from penchant.requests.phrases import (
    AFTER_LIKING,
    AFTER_REFUSAL,
    AND,
    ARTICLES,
    BREAKS,
    CUES,
    ENDS,
    JOINS,
    KINDS,
    MAKERS,
    OR,
    STOPWORDS,
    VERBS,
    said,
)
from penchant.requests.reading import LONGEST, Word, chinese, longest, read_words, singular, tongue
from penchant.requests.telling import tells, trimmed
from penchant.requests.titles import Title, Titles, year_in
from penchant.requests.wanted import Filter, Wanted
from penchant.types import Rows

MOST = 5
"""Words of a cue or of a token that are looked at together."""
DIVERSITY = 0.5
"""What "something different" comes to."""
_QUOTES = frozenset({'"', "“", "”", "«", "»", "《", "》", "〈", "〉", "「", "」", "『", "』"})
_SIGNS = " ,;:.，；：。、！？~～"


@dataclass(frozen=True, slots=True)
class Guide:
    """What a catalogue calls things: its titles, its attributes, the ids and the titles of its rows."""

    titles: Titles
    attributes: Attributes
    ids: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, items: Catalogue, counts: Rows) -> Self:
        """Read a catalogue once; `counts`, (n_items,), are events: of two items of one title, the more common
        is meant.
        """
        known, every = Attributes.of(items), np.arange(len(items))
        names = tuple(items.titles(every))
        if "year" in known.meanings:
            years = np.nan_to_num(known.values[known.meanings["year"]]).astype(np.int64)
        else:
            years = np.array([year_in(name) for name in names], dtype=np.int64)
        return cls(Titles.of(items, counts, years), known, tuple(items.vocabulary.texts(every)), names)

    def called(self, wanted: Wanted) -> dict[str, str]:
        """Return the titles of the items that a request names, by id."""
        ids = {*wanted.liked, *wanted.disliked, *wanted.named}
        return (
            {one: name for one, name in zip(self.ids, self.names, strict=True) if one in ids} if ids else {}
        )


def understand(text: str, guide: Guide) -> Wanted:
    """Return what a request asks for; never fails, keeps every word in `request`.

    A text of nothing but conditions leaves nothing to search for; a text in which nothing is understood is
    searched for as it is.
    """
    scan = _Scan(text, guide)
    scan.run()
    return scan.wanted()


@dataclass(slots=True)
class _Scan:
    """One pass over a text; `spans` are the parts taken out of it."""

    text: str
    guide: Guide
    words: list[Word] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    liked: list[int] = field(default_factory=list)
    disliked: list[int] = field(default_factory=list)
    named: list[int] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    diversity: float = 0.0
    verbal: bool = False

    def run(self) -> None:
        self.words = read_words(self.text)
        if len(self.text) > LONGEST:
            self.unclear.append(self.told("too long", n=LONGEST))
        place = 0
        while place < len(self.words):
            place = max(place + 1, self.step(place))

    def step(self, place: int) -> int:
        """Read what begins at a word; returns the word after it."""
        cue = longest(self.words, place, CUES, MOST)
        kind = cue[1] if cue else ""
        if cue and kind == "plain":
            return cue[0]
        if cue and kind == "varied":
            self.diversity = DIVERSITY
            return self.take(place, cue[0])
        if cue and kind in ("like", "unlike"):
            return self.likings(place, cue[0], kind)
        if cue and kind == "not":
            return self.refusals(place, cue[0])
        amount = amount_at(self.words, place, self.guide.attributes)
        if amount:
            return self.amount(place, amount.end, amount.condition, amount.unclear)
        if cue and kind == "by":
            return self.maker(cue[0])
        return self.made(place) or self.category(place) or self.mention(place)

    def told(self, what: str, **parts: object) -> str:
        return said(tongue(self.text), what, **parts)

    def take(self, start: int, end: int) -> int:
        """Take words out of the text that is searched for."""
        if end > start:
            self.spans.append((self.words[start].start, self.words[end - 1].end))
        return end

    def amount(self, start: int, end: int, condition: Filter | None, unclear: str) -> int:
        if condition is None:
            self.unclear.append(unclear)
            return end
        self.filters.append(condition)
        return self.take(start, end)

    def likings(self, start: int, place: int, kind: str) -> int:
        """Read the titles that follow "like" or "unlike"."""
        found = self.title_list(place)
        if found:
            end, rows = found
            (self.liked if kind == "like" else self.disliked).extend(rows)
            return self.take(start, self.past(end, AFTER_LIKING))
        return place if kind == "like" else self.refusals(start, place)

    def title_list(self, place: int) -> tuple[int, list[int]] | None:
        """Read one title or several: "Heat", "Heat and Alien", "Heat, Alien or Blade Runner"."""
        rows: list[int] = []
        end = place
        while title := self.titled(place):
            rows.append(title.row)
            self.say_others(title)
            end = place = self.past_quotes(title.end)
            while place < len(self.words) and self.words[place].text in JOINS:
                place += 1
        return (end, rows) if rows else None

    def titled(self, place: int) -> Title | None:
        """Return a title that stands where one is expected, articles and words for its kind left out."""
        for start in range(place, min(place + 4, len(self.words))):
            title = self.guide.titles.at(self.words, start)
            if title and (self.is_surely(start, title.end) or self.ends(title.end)):
                return title
            if self.words[start].text not in KINDS | _QUOTES:
                return None
        return None

    def is_surely(self, start: int, end: int) -> bool:
        """Tell whether words that make a title are one: in quotes, or several with a capital among them."""
        if start and self.words[start - 1].text in _QUOTES:
            return True
        own = self.words[start:end]
        telling = [word for word in own if word.text not in STOPWORDS and word.text.isalnum()]
        if not telling or " ".join(word.text for word in own) in self.guide.attributes.tokens:
            return False
        if len(own) == 1:
            return own[0].capital and own[0].text.isalpha() and len(own[0].text) > 2
        return any(word.capital for word in telling) or len(telling) > 2

    def ends(self, place: int) -> bool:
        """Tell whether a clause ends before a word, and the words before it are no mere category."""
        if self.past(place, AFTER_LIKING) > place:
            return True
        if place < len(self.words) and self.words[place].text not in JOINS | BREAKS | ENDS | _QUOTES:
            return longest(self.words, place, CUES, MOST) is not None
        before = self.words[place - 1].text
        return before not in STOPWORDS and singular(before) not in self.guide.attributes.tokens

    def refusals(self, start: int, place: int) -> int:
        """Read what follows "not": amounts, titles, categories, words; several joined by "or"."""
        self.verbal = self.is_verbal(start, place)
        end = self.refused(place)
        if end is None:
            return place
        while end < len(self.words) and self.words[end].text in OR | AND:
            known = self.category_at(self.skip_articles(end + 1))
            if self.words[end].text not in OR and not known:
                break
            behind = self.refused(end + 1)
            if behind is None:
                break
            end = behind
        return self.take(start, self.past(end, AFTER_REFUSAL))

    def is_verbal(self, start: int, place: int) -> bool:
        """Tell a "not" that belongs to a verb: "has not arrived", but not "something that isn't sad"."""
        cue = {word.text for word in self.words[start:place]}
        before = self.words[start - 1].text if start else ""
        if cue & {"isn't", "is", "aren't", "are"}:
            return before not in {"that", "which", "but", ","}
        return cue == {"not"} and before in VERBS

    def refused(self, place: int) -> int | None:
        """Read one thing that is refused; returns the word after it, None where nothing is named."""
        place = self.skip_articles(place)
        if place >= len(self.words):
            return None
        amount = amount_at(self.words, place, self.guide.attributes)
        if amount and amount.condition:
            limits = amount.condition
            self.filters.append(Filter(limits.column, limits.low, limits.high, negated=True))
            return amount.end
        cue = longest(self.words, place, CUES, MOST)
        if cue:
            found = self.title_list(cue[0]) if cue[1] == "like" else None
            self.disliked.extend(found[1] if found else [])
            return found[0] if found else None
        title = self.guide.titles.at(self.words, self.past_quotes(place))
        if title and self.is_surely(self.past_quotes(place), title.end):
            self.disliked.append(title.row)
            self.say_others(title)
            return self.past_quotes(title.end)
        known = self.category_at(place)
        if known:
            self.refuse_tokens(known[1])
            return known[0]
        return self.word(place)

    def refuse_tokens(self, pairs: tuple[tuple[str, str], ...]) -> None:
        columns = dict.fromkeys(column for column, _ in pairs)
        for column in columns:
            tokens = tuple(token for own, token in pairs if own == column)
            self.filters.append(Filter(column, tokens=tokens, negated=True))

    def word(self, place: int) -> int | None:
        """Refuse a word; a Chinese one goes up to the next phrase or clause, four characters at most."""
        first = self.words[place].text
        if not chinese(first):
            if self.verbal or first in STOPWORDS or not first.replace("'", "").isalpha() or len(first) < 3:
                return None
            self.without.append(first)
            return place + 1
        end = place
        while end < min(place + 4, len(self.words)) and chinese(self.words[end].text):
            if self.words[end].text in BREAKS | JOINS or (
                end > place and longest(self.words, end, CUES, MOST)
            ):
                break
            end += 1
        if end == place:
            return None
        self.without.append("".join(word.text for word in self.words[place:end]))
        return end

    def skip_articles(self, place: int) -> int:
        while place < len(self.words) and self.words[place].text in ARTICLES | {"者"}:
            place += 1
        return place

    def past(self, place: int, known: Mapping[str, bool]) -> int:
        """Return the word after a phrase that may stand at a word."""
        found = longest(self.words, place, known, MOST)
        return found[0] if found else place

    def past_quotes(self, place: int) -> int:
        while place < len(self.words) and self.words[place].text in _QUOTES:
            place += 1
        return place

    def category_at(self, place: int) -> tuple[int, tuple[tuple[str, str], ...]] | None:
        """Return the tokens of the catalogue that are named at a word, and the word after them."""
        return longest(self.words, place, self.guide.attributes.tokens, MOST)

    def category(self, place: int) -> int:
        """Read a category of a closed list as a condition; what tags name is only searched for."""
        known = self.category_at(place)
        closed = [pair for pair in known[1] if pair[0] in self.guide.attributes.closed] if known else []
        if known is None or not closed or self.is_surely(place, self.title_end(place)):
            return 0
        column = closed[0][0]
        tokens = tuple(token for own, token in closed if own == column)
        joined = place >= 2 and self.filters and self.words[place - 1 - self.is_or(place - 1)].text in OR
        if joined and self.filters[-1].column == column and not self.filters[-1].negated:
            last = self.filters.pop()
            tokens = last.tokens + tokens
        self.filters.append(Filter(column, tokens=tuple(dict.fromkeys(tokens))))
        return known[0]

    def is_or(self, place: int) -> bool:
        """Tell the second character of 或者."""
        return self.words[place].text == "者" and self.words[place - 1].text in OR

    def made(self, place: int) -> int:
        """Read a name before "写的" or "主演的" as a condition, whatever column it stands in."""
        known = self.category_at(place)
        end = self.past(known[0], MAKERS) if known else place
        if known is None or end == known[0]:
            return 0
        self.maker(place)
        return end

    def title_end(self, place: int) -> int:
        title = self.guide.titles.at(self.words, place)
        return title.end if title else place

    def maker(self, place: int) -> int:
        """Read the name that follows "by" or "starring" as a condition, whatever column it stands in."""
        known = self.category_at(place)
        if known is None or known[0] - place < 2:
            return place
        column = known[1][0][0]
        self.filters.append(Filter(column, tokens=tuple(token for own, token in known[1] if own == column)))
        return known[0]

    def mention(self, place: int) -> int:
        """Read a title that is merely named; it stays in the text."""
        title = self.guide.titles.at(self.words, place)
        quoted = place > 0 and self.words[place - 1].text in _QUOTES
        if title is None or not (quoted or self.is_mention(place, title.end)):
            return 0
        self.say_others(title)
        end = self.past_quotes(title.end)
        behind = self.past(end, AFTER_LIKING)
        if behind > end:
            self.liked.append(title.row)
            return self.take(place - quoted, behind)
        self.named.append(title.row)
        return title.end

    def is_mention(self, place: int, end: int) -> bool:
        """Tell a title from a sentence's first word and from words that are capitalised anyway."""
        if not self.is_surely(place, end):
            return False
        near = [word.capital for word in (*self.words[max(0, place - 1) : place], *self.words[end : end + 1])]
        if end - place == 1 and any(near):
            return False  # a part of a longer name
        opens = place == 0 or self.words[place - 1].text in BREAKS
        alone = place == 0 and end >= len(self.words)
        return alone or end - place > 1 or not opens

    def say_others(self, title: Title) -> None:
        if title.others:
            known = self.guide.names[title.row]
            self.unclear.append(self.told("same title", n=title.others + 1, title=known))

    def wanted(self) -> Wanted:
        """Put together what was found."""
        ids = self.guide.ids
        disliked = [ids[row] for row in self.disliked]
        liked = [ids[row] for row in self.liked if row not in self.disliked]
        named = [ids[row] for row in self.named if row not in self.liked + self.disliked]
        return Wanted(
            request=self.text,
            text=self.rest(),
            liked=tuple(dict.fromkeys(liked)),
            disliked=tuple(dict.fromkeys(disliked)),
            named=tuple(dict.fromkeys(named)),
            filters=tuple(dict.fromkeys(self.filters)),
            diversity=self.diversity,
            without=tuple(dict.fromkeys(self.without)),
            unclear=tuple(dict.fromkeys(self.unclear)),
        )

    def rest(self) -> str:
        """Return what is left of the text; "" where nothing of it tells what is wanted."""
        parts, end = [], 0
        for first, last in sorted(self.spans):
            parts.append(self.text[end : max(end, first)])
            end = max(end, last)
        parts.append(self.text[end:])
        left = " ".join(" ".join(parts).split()) if self.spans else self.text.strip()
        telling = tells(left)
        return trimmed(left.strip(_SIGNS) if self.spans else left) if telling or not self.spans else ""
