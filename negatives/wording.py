"""Wording: adapt the surroundings of changed words: a/an by sound, and capitals.

Rules replace words and ignore both. `glue` corrects them, and rejects an edit that could not be
undone: a lossy correction would show which text came first (a caption with "a apple" has no mirror
image, since no negative contains "a apple").
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from data.edits import Edit, Replacement, text_at
from negatives.grammar.capitals import Casing, casing_of, with_casing
from negatives.parse import Parse, Token
from negatives.words.lexicon import Lexicon

_ARTICLES = frozenset({"a", "an", "A", "An", "AN", "aN"})
_LAST_LETTERS = ("a", "n", "A", "N")
_OPENERS = frozenset({'"', "'", "`", "``", "''", "\u2018", "\u201c", "(", "[", "$", "#", "*"})
_NEXT_WORD = re.compile(r"[^\w.,;:!?]*(\w+)")


class _Article(NamedTuple):
    """An a/an of the caption; the word it precedes starts from `end` to `limit` (exclusive)."""

    start: int
    end: int
    text: str
    limit: int


class Wording(NamedTuple):
    """What `glue` needs of a caption, computed once for all its edits by `wording_of`."""

    parse: Parse
    casing: Casing
    articles: tuple[_Article, ...]
    lexicon: Lexicon


def wording_of(parse: Parse, lexicon: Lexicon) -> Wording:
    """Return a caption's data for `glue`."""
    return Wording(parse, casing_of(parse), tuple(_articles(parse)), lexicon)


def _articles(parse: Parse) -> Iterator[_Article]:
    """Yield every a/an; quotes and wide gaps may separate it from its word."""
    tokens = parse.tokens
    for index, token in enumerate(tokens):
        text = token.text
        if text in _ARTICLES and (text != "A" or token.pos == "DET" or index == 0):
            after = index + 1
            while after < len(tokens) and _opens(tokens[after]):
                after += 1
            limit = tokens[after].end if after < len(tokens) else len(parse.text) + 1
            yield _Article(token.start, token.end, text, limit)


def _opens(token: Token) -> bool:
    return token.text in _OPENERS or token.pos == "SPACE"


def glue(wording: Wording, edit: Edit) -> Edit | None:
    """Return the raw edit with a/an and capitals corrected; None if that could not be undone.

    `edit` replaces, inserts or deletes whole tokens. Only articles and first letters are changed
    (in a caption all in capitals, every letter of new words).
    """
    whole = with_casing(wording.casing, edit, wording.lexicon)
    if whole is None:
        return None
    text = wording.parse.text
    negative = whole.apply(text)
    replacements: list[Replacement] = []
    previous_end = shift = 0
    for replacement in whole.replacements:
        start, end, new = replacement
        for article in wording.articles:
            if previous_end <= article.start and article.end <= start < article.limit:
                old_form = _form(article.text, _next_word(text, start), wording)
                new_form = _form(article.text, _next_word(negative, start + shift), wording)
                if new_form is None or old_form != article.text:
                    return None
                if new_form != article.text:
                    replacements.append(Replacement(article.start, article.end, new_form))
        shift += len(new) - (end - start)
        old = text_at(text, start, end)
        if old != _with_last_article(old, text, end, wording):
            return None
        mended = _with_last_article(new, negative, end + shift, wording)
        replacements.append(replacement if mended == new else Replacement(start, end, mended))
        previous_end = end
    mended_all = tuple(replacements)
    return whole if mended_all == whole.replacements else Edit(mended_all)


def _next_word(text: str, position: int) -> str:
    """Return the word that follows a character of `text`, ignoring quotes; "" if none does."""
    found = _NEXT_WORD.match(text, position)
    return found.group(1) if found else ""


def _form(article: str, word: str, wording: Wording) -> str | None:
    """Return the article that fits the next word; None if there is no next word."""
    if not word:
        return None
    if word in _ARTICLES:  # shuffled words: "a a cat"
        return article
    upper = wording.casing.upper
    form = "an" if wording.lexicon.vowel_sound(word.lower() if upper else word) else "a"
    if article.islower():
        return form
    return form.upper() if upper else form.capitalize()


def _with_last_article(words: str, text: str, end: int, wording: Wording) -> str:
    """Return the words, which end at a character of `text`, with a final a/an corrected."""
    if not words.endswith(_LAST_LETTERS):
        return words
    last = words[-2:] if words.endswith(("n", "N")) else words[-1]
    before = words[: -len(last)]
    if last not in _ARTICLES or before[-1:].isalnum() or before.endswith("_"):
        return words
    return before + (_form(last, _next_word(text, end), wording) or last)
