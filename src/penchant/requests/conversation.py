"""Several turns of one conversation: what was wanted so far, what was shown, what the next words change."""

import re
from dataclasses import dataclass, field, replace

from penchant.requests.desk import Answer, Desk
from penchant.requests.phrases import (
    AFTER_LIKING,
    AGAIN,
    BREAKS,
    CHANGES,
    COUNTERS,
    JOINS,
    NUMBER_WORDS,
    ORDINALS,
    POINTING,
    called,
    said,
)
from penchant.requests.reading import Word, longest, read_words, tongue
from penchant.requests.search import terms
from penchant.requests.telling import tells
from penchant.requests.wanted import Filter, Wanted
from penchant.types import Query

MOST = 5
FOLLOWING = 3
"""Telling words from which a turn at a help desk is a question of its own, even one that nothing fits."""
SIGNS = " ,;.:，；。：、！"
"""What is left between two parts of a turn."""
STEP = 0.5
"""How much more or less varied a list becomes at once."""
_NUMBER = re.compile(r"^#?(\d{1,3})(st|nd|rd|th)?$")


@dataclass(slots=True)
class Conversation:
    """The state of a conversation; `wanted` can be shown, edited and put back between turns."""

    desk: Desk
    query: Query | None = None
    k: int = 10
    wanted: Wanted = field(default_factory=Wanted)
    answer: Answer | None = None

    def turn(self, text: str, *, explain: bool = False, lang: str | None = None) -> Answer:
        """Answer the next turn, in the light of what was said and shown before.

        "start again" forgets it all; "not that one", "more like the second" speak of the list that was shown,
        "cheaper" and "newer" of its values; anything else adds to the request, and replaces what it
        contradicts.
        """
        words = read_words(text)
        again = longest(words, 0, AGAIN, MOST) if words else None
        if again and (again[0] >= len(words) or words[again[0]].text in BREAKS):
            self.wanted, self.answer = Wanted(), None
            text = text[words[again[0] - 1].end :].strip(SIGNS)
        if self.desk.helps and self.answer is not None and self.pointed(text) is None:
            alone = self.desk.ask(text, query=self.query, k=self.k, explain=explain, lang=lang)
            # Another question; a few words that fit nothing by themselves belong to the last one.
            if alone.fits or len(terms(text)) >= FOLLOWING:
                self.wanted, self.answer = alone.wanted, alone
                return alone
        self.wanted = self.next(text)
        return self.reply(explain=explain, lang=lang)

    def reply(self, *, explain: bool = False, lang: str | None = None) -> Answer:
        """Answer what is wanted now, as after an edit."""
        self.answer = self.desk.ask(self.wanted, query=self.query, k=self.k, explain=explain, lang=lang)
        return self.answer

    def next(self, text: str) -> Wanted:
        """Return what is wanted after a turn."""
        if self.answer is None:
            return self.wanted.also(self.desk.understand(text))
        changed = self.changed(text)
        if changed is not None:
            return replace(changed, request=self._said(text))
        pointed = self.pointed(text)
        if pointed is None:
            return self.wanted.also(self.desk.understand(text))
        meant, rest = pointed
        wanted = self.wanted.also(meant)
        if tells(rest):
            wanted = wanted.also(self.desk.understand(rest.strip()))
        return replace(wanted, request=self._said(text))

    def _said(self, text: str) -> str:
        return "\n".join(filter(None, (self.wanted.request, text)))

    def pointed(self, text: str) -> tuple[Wanted, str] | None:
        """Read "not that one", "more like the second", "others": what is meant, and the rest of the text."""
        words, ids = read_words(text), self.shown()
        for start in range(len(words) if ids else 0):
            cue = longest(words, start, POINTING, MOST)
            if cue is None:
                continue
            end, kind = cue
            if kind == "others" and not (start or tells(text[words[end - 1].end :])):
                return Wanted(hidden=tuple(ids)), ""
            named = None if kind == "others" else ordinal(words, end)
            behind = longest(words, named[1], AFTER_LIKING, MOST) if named else None
            named = (named[0], behind[0]) if named and behind else named
            if named is None or not (named[1] >= len(words) or words[named[1]].text in BREAKS | JOINS):
                continue
            place, end = named
            place = place if place >= 0 else len(ids) - 1
            rest = f"{text[: words[start].start]} {text[words[end - 1].end :].lstrip(SIGNS)}"
            if place >= len(ids):
                told = said(tongue(text), "no number", n=place + 1, k=len(ids))
                return Wanted(unclear=(told,)), rest
            chosen = (ids[place],)
            return (Wanted(hidden=chosen) if kind == "refuse" else Wanted(liked=chosen)), rest
        return None

    def shown(self) -> list[str]:
        """Return the ids of the list that was shown last."""
        if self.answer is None or not len(self.answer.rows):
            return []
        return self.desk.model.data.items.vocabulary.texts(self.answer.rows)

    def changed(self, text: str) -> Wanted | None:
        """Read "cheaper", "newer", "more varied": the first item of the list shown is what it is against."""
        words = read_words(text)
        found = [change for place in range(len(words)) if (change := longest(words, place, CHANGES, MOST))]
        used = {word for _, change in found for word in change[2]}
        rest = [word.text for word in words if word.text not in used]
        if not found or self.answer is None or tells(" ".join(rest)):
            return None
        wanted = self.wanted
        for _, (meaning, side, _) in found:
            wanted = self._shifted(wanted, meaning, side, tongue(text))
        return wanted

    def _shifted(self, wanted: Wanted, meaning: str, side: int, spoken: str) -> Wanted:
        if meaning == "diversity":
            return replace(wanted, diversity=min(1.0, max(0.0, wanted.diversity + side * STEP)))
        attributes = self.desk.guide.attributes
        column = attributes.meanings.get(meaning)
        rows = [] if self.answer is None else self.answer.rows.tolist()
        known = [] if column is None else [v for row in rows if (v := attributes.values[column][row]) == v]
        if column is None or not known:
            silent = "catalogue silent" if column is None else "list silent"
            told = said(spoken, silent, what=called(spoken, meaning) if column is None else column)
            return replace(wanted, unclear=(told,))
        # Those shown are what it is compared with: half of them at least must go.
        middle = sorted(known)[len(known) // 2]
        beyond = attributes.values[column]
        beyond = beyond[beyond < middle] if side < 0 else beyond[beyond > middle]
        if not len(beyond):
            return replace(wanted, unclear=(said(spoken, "nothing beyond", column=column, value=middle),))
        old = next(
            (one for one in wanted.filters if one.column == column and not one.negated), Filter(column)
        )
        bound = float(beyond.max() if side < 0 else beyond.min())
        new = replace(old, high=bound) if side < 0 else replace(old, low=bound)
        if new.low is not None and new.high is not None and new.low > new.high:
            return replace(wanted, unclear=(said(spoken, "nothing between", range=old.line(spoken)),))
        return replace(wanted, filters=(*(one for one in wanted.filters if one != old), new), unclear=())


def ordinal(words: list[Word], place: int) -> tuple[int, int] | None:
    """Return which item of a list is meant, from 0, −1 for the last, and the word after it; None for none."""
    while place < len(words) and words[place].text in NUMBER_WORDS:
        place += 1
    if place >= len(words):
        return None
    named = longest(words, place, ORDINALS, 3)
    if named:
        return named[1], named[0]
    found = _NUMBER.match(words[place].text)
    counted = place + 1 < len(words) and words[place + 1].text in COUNTERS
    return (int(found[1]) - 1, place + 1 + counted) if found and int(found[1]) else None
