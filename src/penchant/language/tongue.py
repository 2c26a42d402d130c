"""Which language a catalogue is written in, and whether the bundled model knows it."""

import unicodedata
from dataclasses import dataclass

from penchant.data.catalogue import Catalogue
from penchant.data.languages import languages
from penchant.data.terms import prose, prose_columns

SAMPLE, LONGEST = 2_000, 1_000
"""Rows that are looked at, evenly spread, and characters of each."""
ENOUGH, CERTAIN = 2_000, 0.7
"""Latin letters from which on texts are judged, and the part of them that must be in one language."""
SIGNS = 2
"""A Chinese, Japanese or Korean character says as much as so many letters at least."""
NAMES = {
    "ar": "Arabic", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es":
    "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu":
    "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv":
    "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
SCRIPTS = {
    "CJK": "zh", "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "GREEK": "el",
    "HEBREW": "he", "CYRILLIC": "ru", "ARABIC": "ar", "DEVANAGARI": "hi",
}  # fmt: skip
"""The language that a script is taken for, where nothing else tells."""
SHARED = {"CYRILLIC": {"ru", "uk", "bg", "sr", "mk", "be", "kk"}, "ARABIC": {"ar", "fa", "ur", "ps"}}
KANA = 0.1
"""Part of the signs from which on Chinese characters are Japanese."""


@dataclass(frozen=True, slots=True)
class Tongue:
    """A language as ISO 639 code, "" where it cannot be told, and the part of the texts that shows it.

    `foreign` says that it is certainly another one than English, `latin` that most letters are Latin.
    """

    code: str = ""
    share: float = 0.0
    foreign: bool = False
    latin: bool = False

    @property
    def name(self) -> str:
        """The English name of the language, or its code."""
        return NAMES.get(self.code, self.code)

    def line(self) -> str:
        """Say it in a few words.

        >>> Tongue("zh", 0.98, True).line()
        'mostly Chinese (98%)'
        """
        return f"mostly {self.name} ({self.share:.0%})" if self.code else "in no language that can be told"


def tongue_of(items: Catalogue) -> Tongue:
    """Tell the language of a catalogue's titles and prose.

    It is foreign where most letters are not Latin, or where one other language than English holds 70 % of
    2,000 letters or more: a few short titles prove nothing.
    """
    said = [text[:LONGEST] for text in prose(items, prose_columns(items)) if text.strip()]
    said = said[:: -(-len(said) // SAMPLE) or 1]
    counts = letters(said)
    latin, every = counts.get("LATIN", 0), sum(counts.values())
    shares = languages([text.lower() for text in said])
    if every > 2 * latin:
        return Tongue(_by_script(counts, [code for code, _ in shares]), (every - latin) / every, True)
    if not shares:
        return Tongue()
    code, share = shares[0]
    return Tongue(code, share, code != "en" and share >= CERTAIN and latin >= ENOUGH, True)


def letters(texts: list[str]) -> dict[str, int]:
    """Count letters by script, as Unicode calls it; signs that stand for syllables or words count more.

    >>> letters(["abc 12 é!", "三体"])
    {'LATIN': 4, 'CJK': 4}
    """
    signs: dict[str, int] = {}
    for text in texts:
        for sign in text:
            signs[sign] = signs.get(sign, 0) + 1
    counts: dict[str, int] = {}
    for sign, n in signs.items():
        script = unicodedata.name(sign, "").removeprefix("FULLWIDTH ").split(" ")[0] if sign.isalpha() else ""
        if script:
            wide = script != "LATIN" and unicodedata.east_asian_width(sign) == "W"
            counts[script] = counts.get(script, 0) + n * (SIGNS if wide else 1)
    return counts


def _by_script(counts: dict[str, int], classified: list[str]) -> str:
    """Tell a language by the script of most letters, and by a classifier where several share it."""
    others = {script: n for script, n in counts.items() if script != "LATIN"}
    script = max(others, key=lambda one: others[one])
    if script == "CJK" and others.get("HIRAGANA", 0) + others.get("KATAKANA", 0) > KANA * others[script]:
        return "ja"
    likely = [code for code in classified if code in SHARED.get(script, set())]
    return likely[0] if likely else SCRIPTS.get(script, "")
