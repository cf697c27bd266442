"""Capitals: first letters of words that an edit moves to or from the start of a sentence.

The change of a letter depends only on positions, and is then checked in reverse: `with_casing`
returns None if the reverse would not restore the caption.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from data.edits import Edit, Replacement, text_at
from negatives.parse import Parse, Token
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

_ENDS = frozenset({".", "!", "?", "...", "\u2026", ":"})
_CONTENT = frozenset({"NOUN", "PROPN", "VERB", "ADJ", "ADV"})
_ARTICLES = frozenset({"a", "an"})
_WORD_START = re.compile(r"(?<!\S)[^\W_]")
_READINGS = (("NOUN", "NN"), ("NOUN", "NNS"), ("ADJ", "JJ"), ("VERB", "VBG"))

_Kind = Literal["inside", "capital", "small", "caseless"]
_Style = Literal["plain", "title", "upper"]


class Casing(NamedTuple):
    """A caption and its use of capitals.

    `upper`: it has no lower-case letter; `starts`: where the first word of each sentence begins,
    the last one at `last_start`; `content`: the other nouns, verbs, adjectives and adverbs.
    """

    parse: Parse
    upper: bool
    starts: frozenset[int]
    last_start: int
    content: Sequence[Token]


class _ReplacedSpan(NamedTuple):
    """A replaced span: its old text, and its first token with a letter or digit.

    `kind`: its effect on a first letter; none inside a sentence.
    """

    text: str
    kind: _Kind
    first: Token | None


def casing_of(parse: Parse) -> Casing:
    """Return a caption in the form for `with_casing`."""
    starts: list[int] = []
    content: list[Token] = []
    waiting = True
    for token in parse.tokens:
        if waiting and _split_at_first_letter(token.text)[1]:
            starts.append(token.start)
            waiting = False
            continue
        if token.pos in _CONTENT:
            content.append(token)
        if token.text in _ENDS or "\n" in token.text:
            waiting = True
    upper, last_start = parse.text.isupper(), starts[-1] if starts else -1
    return Casing(parse, upper, frozenset(starts), last_start, content)


def with_casing(casing: Casing, edit: Edit, lexicon: Lexicon) -> Edit | None:
    """Return the edit with first letters adapted to their places; None if that is lossy.

    A replacement whose text (ignoring case) is the old text of another one counts as moved words,
    any other as new words, which rules spell in lower case. If words are inserted or deleted at the
    start of a sentence, the next word becomes part of the edit.
    """
    inside = edit.replacements[0].start > casing.last_start
    whole = edit if inside else _with_first_word(casing, edit)
    if whole is None:
        return None
    style, text = _style(casing, whole), casing.parse.text
    if inside and style == "plain":
        both = "".join([text_at(text, start, end) + new for start, end, new in whole.replacements])
        if both == both.lower():  # as in most edits
            return whole
    spans = [_span_at(casing, start, end) for start, end, _ in whole.replacements]
    sources = {span.text.casefold(): span for span in spans}
    sources |= {span.text: span for span in spans}
    replacements: list[Replacement] = []
    for (start, end, new), target in zip(whole.replacements, spans, strict=True):
        source = sources.get(new) or sources.get(new.casefold())
        words = _recase(source, target, style, lexicon) if source else _new(new, target, style)
        if words is None:
            return None
        replacements.append(Replacement(start, end, words))
    return Edit(tuple(replacements))


def _with_first_word(casing: Casing, edit: Edit) -> Edit | None:
    """Return the edit in which an insertion or deletion at a sentence start spans the next word.

    That word's capital changes, so it belongs to the edit.
    """
    starts, tokens = casing.starts, casing.parse.tokens
    if not any(r.start in starts and (r.start == r.end or not r.text) for r in edit.replacements):
        return edit
    merged: list[Replacement] = []
    for replacement, following in zip_longest(edit.replacements, edit.replacements[1:]):
        start, end, text = replacement
        last = merged[-1] if merged else None
        if last and start < last.end:
            return None
        if last and start == last.end and last.start in starts:
            merged[-1] = Replacement(last.start, end, last.text + text)
            continue
        if start in starts and (start == end or not text):
            token = next((token for token in tokens if token.start >= end), None)
            if token is None:
                return None
            if following is None or following.start > token.start:
                small = token.text.lower()
                keeps = token.pos == "PROPN" or small in word_sets("capitals")["proper"]
                if start == end and keeps:
                    return None
                word = token.text if start != end else small
                end, text = token.end, text + text_at(casing.parse.text, end, token.start) + word
        merged.append(Replacement(start, end, text))
    return Edit(tuple(merged))


def _style(casing: Casing, edit: Edit) -> _Style:
    """Detect Title Style and UPPER STYLE from the words that the edit leaves unchanged."""
    if casing.upper and any(
        len(token.text) > 1 and token.text.isupper() and token.start not in casing.starts
        for token in _kept_tokens(casing.parse.tokens, edit)
    ):
        return "upper"
    num_capitals = 0
    for token in _kept_tokens(casing.content, edit):
        if not token.text[0].isupper():
            return "plain"
        num_capitals += 1
    return "title" if num_capitals >= 2 else "plain"


def _kept_tokens(tokens: Sequence[Token], edit: Edit) -> Iterator[Token]:
    """Yield the tokens outside the edit."""
    for token in tokens:
        for start, end, _ in edit.replacements:
            if start < token.end and token.start < end:
                break
        else:
            yield token


def _span_at(casing: Casing, start: int, end: int) -> _ReplacedSpan:
    """Return the description of a replaced span."""
    text, tokens = text_at(casing.parse.text, start, end), casing.parse.tokens
    first = next(
        (t for t in tokens if start <= t.start < end and _split_at_first_letter(t.text)[1]), None
    )
    return _ReplacedSpan(
        text, _kind(text) if first and first.start in casing.starts else "inside", first
    )


def _new(text: str, target: _ReplacedSpan, style: _Style) -> str | None:
    """Return new words adapted to their place; None if the old words could not be restored."""
    old, small = target.text, target.text.lower()
    if small in _ARTICLES and text.lower() in _ARTICLES:  # already adapted
        return text
    if style == "title" and (_kind(old) == "caseless") != (_kind(text) == "caseless"):
        return None
    then, now = _spell(small, target.kind), _spell(text, target.kind)
    if style == "upper":
        then, now = small.upper(), text.upper()
    elif style == "title" and old != small:
        then, now = (_WORD_START.sub(lambda at: at[0].upper(), words) for words in (small, text))
    return now if then == old else None


def _recase(
    source: _ReplacedSpan, target: _ReplacedSpan, style: _Style, lexicon: Lexicon
) -> str | None:
    """Return the source's words adapted to the target; None if they could not be restored."""
    text, first = source.text, source.first
    if style == "upper":
        return text
    if source.kind == target.kind == "inside":
        stray = first and first.pos not in _CONTENT and _is_capitalised(first.text)
        return None if first and stray and _is_proper(first, lexicon) is False else text
    if style == "title":
        return text if _kind(text) == "capital" else None
    keeps = _is_proper(first, lexicon) if first else None
    if first is None or keeps is None:
        return None
    there = _case_word(first.text, source.kind, target.kind, keeps=keeps)
    if there is None or _case_word(there, target.kind, source.kind, keeps=keeps) != first.text:
        return None
    return text.replace(first.text, there, 1)


def _case_word(word: str, source: _Kind, target: _Kind, *, keeps: bool) -> str | None:
    """Return a word's spelling after a move between two kinds; None if there is none."""
    leaves = source != "inside" and not keeps and _is_capitalised(word)
    return _spell(word.lower() if leaves else word, target)


def _spell(words: str, kind: _Kind) -> str | None:
    """Return words as spelled in a place of a kind; None if they do not fit."""
    if kind == "capital" and _kind(words) == "small":
        return _capitalise(words)
    return words if kind in {"inside", _kind(words)} else None


def _is_proper(token: Token, lexicon: Lexicon) -> bool | None:
    """Tell whether a word keeps its capital everywhere; None if that is unclear.

    Taggers take many capitalised common nouns for names: a word in one of the lexicon's classes is
    not a name, a word unknown to the lexicon is, and others ("Boston", "Graffiti") may be either.
    """
    word = token.text.lower()
    if word in word_sets("capitals")["proper"]:
        return True
    if token.pos != "PROPN":
        return False
    lemmas = [(lexicon.lemma(word, tag), pos) for pos, tag in _READINGS]
    if any(lexicon.class_name(lemma, pos) for lemma, pos in lemmas):
        return False
    return None if any(lexicon.knows(lemma, pos) for lemma, pos in lemmas) else True


def _kind(words: str) -> _Kind:
    """Return the effect on a first letter of a sentence start with these words."""
    letter = _split_at_first_letter(words)[1]
    return "capital" if letter.isupper() else "small" if letter.islower() else "caseless"


def _is_capitalised(word: str) -> bool:
    """Tell whether only a word's first letter is a capital ("A", "Dog", not "TV")."""
    return word != word.lower() and word == _capitalise(word.lower())


def _capitalise(words: str) -> str:
    before, letter, after = _split_at_first_letter(words)
    return before + letter.upper() + after


def _split_at_first_letter(words: str) -> tuple[str, str, str]:
    """Split words before, at and after their first letter or digit; "" for empty parts."""
    for index, letter in enumerate(words):
        if letter.isalnum():
            return words[:index], letter, words[index + 1 :]
    return words, "", ""
