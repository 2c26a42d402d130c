"""Reasons in English: a table without any rule."""

from collections.abc import Mapping

SOURCES: Mapping[str, str] = {
    "popularity": "popular in the long run",
    "trend": "popular lately",
    "novelty": "how new it is, and how rarely seen",
    "factors": "the taste that the whole history shows",
    "content": "what is written about it, against the history",
    "features": "taken by people with attributes like yours",
    "similarity": "goes with the history as a whole",
    "transitions": "follows the history as a whole",
    "habit": "done before, and often done again",
    "had": "already had",
    "words": "near to the words of the request",
}
SAID: Mapping[str, str] = {
    "met": "you had ",
    "title": "“{title}”",
    "rest": "{n} more of the history",
    "carried": "{text}: {words}",
    "word": "“{word}”",
    "comma": ", ",
    "share": "{text} ({share:.0%})",
    "stop": "; ",
    "otherwise": "otherwise: ",
}
