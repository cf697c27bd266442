"""Guards on the words that take each other's place. Each answers True to refuse. Pure."""

from negatives.guards.candidate import (
    ADJECTIVE,
    KIND,
    NOUN,
    VERB,
    Pair,
    Siblings,
    View,
    lemma_of,
)
from negatives.guards.tables import companions, overlaps, words
from negatives.lexicon import Lexicon

_EXISTENTIAL_DEPS = frozenset({"ROOT", "attr", "nsubj", "conj", "appos", "nsubjpass"})
_DENYING = frozenset({"negate", "shuffle"})


def light_noun(view: View, lexicon: Lexicon) -> bool:
    """Refuse a change of a noun that only gathers, points or divides ("group", "front")."""
    if view.slot.type in _DENYING:
        return False
    light = words().light
    tokens = view.parse.tokens
    for change, head in zip(view.changes, view.heads, strict=True):
        tag = tokens[head].tag
        if KIND.get(tag) != NOUN or (head and tokens[head - 1].dep == "compound"):
            continue
        if lemma_of(tokens[head].text, tag, lexicon) in light or change.new in light:
            return True
    return False


def quantifier(view: View, _: Lexicon) -> bool:
    """Refuse a change of a word like "several" or "other", which is true of many things at once."""
    if view.slot.type in _DENYING:
        return False
    quantifiers = words().quantifiers
    return any(
        change.old in quantifiers or (change.new in quantifiers and view.slot.type != "count")
        for change in view.changes
    )


def compatible(view: View, lexicon: Lexicon) -> bool:
    """Refuse words that may be true of one thing: equal, synonyms, or one the other's kind."""
    for old, new, pos in view.pairs:
        if (
            old == new
            or old.endswith(f" {new}")
            or new.endswith(f" {old}")
            or lexicon.compatible(old, new, pos)
        ):
            return True
    return False


def overlapping(view: View, _: Lexicon) -> bool:
    """Refuse words that overlap as WordNet does not know: a role and an age, a bar and a pub."""
    table = overlaps()
    return any(table.holds(*pair) for pair in view.pairs)


def companion(view: View, lexicon: Lexicon) -> bool:
    """Refuse a thing that is likely there too ("a bathroom with a sink" for "with a toilet").

    Only where the caption no more than says that it is there; what a cat sits in is another matter.
    """
    if view.slot.type != "replace":
        return False
    table = companions()
    return any(table.holds(*pair) for pair in view.pairs) and all(
        _is_only_there(view, head, lexicon) for head in view.heads
    )


def _is_only_there(view: View, index: int, lexicon: Lexicon) -> bool:
    """Tell whether a noun is mentioned as being there, neither placed nor acted on."""
    tokens = view.parse.tokens
    token = tokens[index]
    if index + 1 < len(tokens) and view.words[index + 1] == "of":  # "a bowl of soup"
        return False
    if token.dep in _EXISTENTIAL_DEPS:
        return True
    above = tokens[token.head]
    if token.dep == "pobj":
        return view.words[token.head] in words().adding or (
            view.words[token.head] == "to" and tokens[above.head].tag[:1] in {"R", "J"}
        )
    return token.dep == "dobj" and lexicon.lemma(above.text, above.tag) in words().holding_verbs


def named_twice(view: View, lexicon: Lexicon) -> bool:
    """Refuse a noun where it, or the noun in whose place it comes, stands elsewhere too."""
    if view.slot.type != "replace":
        return False
    named = {lemma for old, new, pos in view.pairs if pos == NOUN for lemma in (old, new)}
    if not named:
        return False
    changed = view.changed
    return any(
        KIND.get(token.tag) == NOUN
        and index not in changed
        and lemma_of(token.text, token.tag, lexicon) in named
        for index, token in enumerate(view.parse.tokens)
    )


def sibling_mentions(view: View, lexicon: Lexicon) -> bool:
    """Refuse a new word that another caption of the image has, or may mean; asymmetric by nature.

    A sibling's word that goes with the caption's own word as well ("animal", for dog and cat) says
    nothing about the new one.
    """
    siblings = view.siblings
    if not siblings.lemmas:
        return False
    if view.slot.type == "replace":
        return any(_is_mentioned(pair, siblings, lexicon) for pair in view.pairs)
    if view.slot.type == "count":
        number = view.changes[0]
        return KIND.get(view.parse.tokens[number.first].tag) == "NUM" and (
            lemma_of(number.new, "CD", lexicon) in siblings.lemmas
        )
    return view.is_swap and _joins_as_a_sibling(view, lexicon)


def _is_mentioned(pair: Pair, siblings: Siblings, lexicon: Lexicon) -> bool:
    old, new, pos = pair
    if new in siblings.lemmas:
        return True
    said = {NOUN: siblings.nouns, VERB: siblings.verbs, ADJECTIVE: siblings.adjectives}.get(pos)
    table = overlaps()
    overlaps_any = (pos, new) in table.sides
    for lemma in said or ():
        if (
            lexicon.compatible(new, lemma, pos) or (overlaps_any and table.holds(new, lemma, pos))
        ) and not _go_together(old, lemma, pos, lexicon):
            return True
    return False


def _go_together(left: str, right: str, pos: str, lexicon: Lexicon) -> bool:
    return lexicon.compatible(left, right, pos) or overlaps().holds(left, right, pos)


def _joins_as_a_sibling(view: View, lexicon: Lexicon) -> bool:
    """Tell whether a swapped word makes a compound that a sibling has ("red car")."""
    tokens = view.parse.tokens
    for change in view.changes:
        kind = KIND.get(tokens[change.last].tag)
        if kind == ADJECTIVE and change.last + 1 < len(tokens):
            noun = tokens[change.last + 1]
            joined = f"{change.new} {lemma_of(noun.text, noun.tag, lexicon)}"
        elif kind == NOUN and change.first:
            new = lemma_of(change.new, tokens[change.last].tag, lexicon)
            joined = f"{view.words[change.first - 1]} {new}"
        else:
            continue
        if joined in view.siblings.lemmas:
            return True
    return False
