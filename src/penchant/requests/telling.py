"""What of a request tells what is wanted, and what is only politeness."""

from penchant.requests.phrases import BREAKS, JOINS, STOP_PHRASES, STOPWORDS
from penchant.requests.reading import LONGEST, chinese, longest, read_words

MOST = 5


def tells(text: str) -> bool:
    """Tell whether a text holds a word that says what is wanted."""
    words = read_words(text)
    place = 0
    while place < len(words):
        phrase = longest(words, place, STOP_PHRASES, MOST)
        if phrase:
            place = phrase[0]
            continue
        word = words[place].text
        if word[:1].isalnum() and word not in STOPWORDS | BREAKS | JOINS:
            return True
        place += 1
    return False


def trimmed(text: str) -> str:
    """Return a Chinese request without the phrases around it that tell nothing, any other text as it is.

    >>> [trimmed(text) for text in ("推荐几本的小说", "the novel")]
    ['小说', 'the novel']
    """
    words, start = read_words(text), 0
    if not words or not chinese(text) or len(text) > LONGEST or not tells(text):
        return text
    while start < len(words):
        phrase = longest(words, start, STOP_PHRASES, MOST)
        if not phrase and not (chinese(words[start].text) and words[start].text in STOPWORDS | BREAKS):
            break
        start = phrase[0] if phrase else start + 1
    end = len(words)
    while end > start and chinese(words[end - 1].text) and words[end - 1].text in STOPWORDS | BREAKS:
        end -= 1
    return text[words[start].start : words[end - 1].end] if end > start else text
