"""In which languages texts are written."""

from collections import Counter

SAMPLE, FEWEST_LETTERS, LONGEST, RARELY = 400, 20, 2000, 0.01
SHORT, TOGETHER = 80, 20
"""Letters on average below which texts are read together, and how many."""


def languages(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """Return the languages of texts as ISO 639 codes with their shares, the rare ones left out.

    A title alone is too short to tell: short texts are read twenty at a time.
    """
    said = [text for text in texts if text]
    if said and sum(map(len, said)) < SHORT * len(said):
        said = [". ".join(said[start : start + TOGETHER]) for start in range(0, len(said), TOGETHER)]
    long = [text for text in said if len(text) >= FEWEST_LETTERS]
    sample = long[:: -(-len(long) // SAMPLE) or 1]
    counts = Counter(language_of(text) for text in sample)
    shares = [(language, n / len(sample)) for language, n in counts.most_common()]
    return tuple((language, share) for language, share in shares if share >= RARELY)


def language_of(text: str) -> str:
    """Return the language of one text as an ISO 639 code, told from its beginning."""
    import py3langid

    return str(py3langid.classify(text[:LONGEST])[0])
