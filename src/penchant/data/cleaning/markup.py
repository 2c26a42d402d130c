"""One text without markup, entities and broken encodings. This file knows nothing of tables."""

import html
import re

import ftfy

TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]*|!--.*?--)>", re.DOTALL)
INSIDE = re.compile(
    r"</?(?:a|abbr|b|cite|code|em|font|i|q|s|small|span|strong|sub|sup|u)\b[^<>]*>", re.IGNORECASE
)
"""Markup inside a word or before a full stop: no space is left in its place."""
SPACE = re.compile(r"\s+")
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
AGAIN = re.compile(r"&(?:(?:amp|#0*38|#[xX]0*26);)+")
"""An ampersand that was escaped more than once."""
ROUNDS = 50


def without_markup(text: str) -> str:
    """Return a text without tags and entities; white space is put in order only where there were any.

    >>> without_markup("Sci-Fi &amp;amp; <b>Fantasy</b>")
    'Sci-Fi & Fantasy'
    """
    found = text
    for _ in range(ROUNDS):  # an escaped tag becomes a tag
        before = found
        if "&" in found:
            found = ENTITY.sub(lambda match: html.unescape(match[0]), AGAIN.sub("&amp;", found))
        if "<" in found:
            found = TAG.sub(" ", INSIDE.sub("", found))
        if found == before:
            break
    return text if found == text else SPACE.sub(" ", found).strip()


def in_order(text: str) -> str:
    """Return a text whose bytes were read in the wrong encoding as it was meant; others as they are.

    >>> in_order("SchÃ¶ne GrÃ¼ÃŸe")
    'Schöne Grüße'
    """
    return text if text.isascii() else ftfy.fix_encoding(text)


def settled(text: str) -> str:
    """Return a text without markup that cleaning would leave as it is: what tags hid may be broken again.

    >>> settled("Sci-Fi &amp; <b>Fantasy</b>")
    'Sci-Fi & Fantasy'
    """
    for _ in range(ROUNDS):
        found = in_order(without_markup(text))
        if found == text:
            break
        text = found
    return text
