"""Guards on words that replace each other. Each returns True to reject. Pure."""

from functools import lru_cache

from negatives.guards.candidate import CandidateView, LemmaPair, changed_tokens
from negatives.guards.content import ADJECTIVE, KIND, NOUN, NUMBER, VERB, lemma_of
from negatives.guards.context import Context
from negatives.guards.siblings import Siblings
from negatives.guards.tables import companions, overlaps, words
from negatives.words.lexicon import Lexicon

_EXISTENTIAL_DEPS = frozenset({"ROOT", "attr", "nsubj", "conj", "appos", "nsubjpass"})


def light_noun(view: CandidateView) -> bool:
    """Reject a change of a noun that only groups, locates or partitions ("group", "front")."""
    light = words().light
    kinds, lemmas, deps = view.context.kinds, view.context.lemmas, view.context.deps
    for _, _, head, _, new in view.changes:
        if kinds[head] != NOUN or (new not in light and lemmas[head] not in light):
            continue
        if not head or deps[head - 1] != "compound":
            return True
    return False


def quantifier(view: CandidateView) -> bool:
    """Reject a change of a word such as "several" or "other", which fits many things at once."""
    quantifiers = words().quantifiers
    for _, _, _, old, new in view.changes:
        if old in quantifiers or (new in quantifiers and view.slot.type != "count"):
            return True
    return False


def compatible(view: CandidateView) -> bool:
    """Reject words that may be true of one thing: equal, synonyms, or hypernym and hyponym."""
    lexicon = view.context.lexicon
    return any(_are_compatible(pair.old, pair.new, pair.pos, lexicon) for pair in view.pairs)


@lru_cache(maxsize=1 << 16)
def _are_compatible(old: str, new: str, pos: str, lexicon: Lexicon) -> bool:
    is_head = old == new or old.endswith(f" {new}") or new.endswith(f" {old}")
    return is_head or lexicon.compatible(old, new, pos)


def overlapping(view: CandidateView) -> bool:
    """Reject words with an overlap missing from WordNet: a role and an age, a bar and a pub."""
    return any(overlaps().holds(*pair) for pair in view.pairs)


def names_of_one_thing(view: CandidateView) -> bool:
    """Reject words that captions of one image use for one thing ("street" and "road")."""
    learned = view.context.learned
    return any(learned.holds(*pair) for pair in view.pairs)


def companion(view: CandidateView) -> bool:
    """Reject a thing that is probably there too ("a bathroom with a sink" for "with a toilet").

    Only where the caption merely mentions it; what a cat sits in is different.
    """
    return any(companions().holds(*pair) for pair in view.pairs) and all(
        _is_only_there(change.head, view.context) for change in view.changes
    )


def _is_only_there(index: int, context: Context) -> bool:
    """Tell whether a noun is only mentioned as present, neither located nor acted on."""
    lower, tags, deps, heads = context.words, context.tags, context.deps, context.heads
    if index + 1 < len(lower) and lower[index + 1] == "of":  # "a bowl of soup"
        return False
    if deps[index] in _EXISTENTIAL_DEPS:
        return True
    above = heads[index]
    if deps[index] == "pobj":
        return lower[above] in words().adding or (
            lower[above] == "to" and tags[heads[above]][:1] in {"R", "J"}
        )
    if deps[index] != "dobj":
        return False
    return context.lexicon.lemma(lower[above], tags[above]) in words().holding_verbs


def named_twice(view: CandidateView) -> bool:
    """Reject a noun if it, or the noun that it replaces, also occurs elsewhere."""
    named = {name for pair in view.pairs if pair.pos == NOUN for name in (pair.old, pair.new)}
    nouns, changed = view.context.nouns, changed_tokens(view)
    for name in named:
        for index in nouns.get(name, ()):
            if index not in changed:
                return True
    return False


def sibling_mentions(view: CandidateView) -> bool:
    """Reject a new word that another caption of the image has, or may mean; asymmetric.

    A sibling's word that also fits the caption's own word ("animal", for dog and cat) is no
    evidence for the new one.
    """
    context = view.context
    if not context.siblings.lemmas:
        return False
    if view.slot.type == "replace":
        for pair in view.pairs:  # noqa: SIM110 - a generator costs as much as the test
            if _is_mentioned(pair, context):
                return True
        return False
    if view.slot.type == "count":
        number = view.changes[0]
        return context.kinds[number.first] == NUMBER and (
            lemma_of(number.new, "CD", context.lexicon) in context.siblings.lemmas
        )
    return view.is_swap and _joins_as_a_sibling(view)


def _is_mentioned(pair: LemmaPair, context: Context) -> bool:
    """Tell whether a sibling has a pair's new word, or one that may mean it but not the old."""
    old, new, pos = pair
    siblings, lexicon = context.siblings, context.lexicon
    if new in siblings.lemmas:
        return True
    for lemma in _lemmas_of(siblings, pos):
        if _go_together(new, lemma, pos, lexicon) and not _go_together(old, lemma, pos, lexicon):
            return True
    return False


def find_mentioned_texts(
    texts: tuple[str, ...], old: str, tag: str, context: Context
) -> list[bool]:
    """Apply `sibling_mentions` to each text as the replacement of a word with this tag.

    The overlap of a class of words with a sibling's word is cached for the whole class.
    """
    pos, siblings, lexicon = KIND[tag], context.siblings, context.lexicon
    own = lemma_of(old, tag, lexicon)
    refused = [lemma in siblings.lemmas for lemma in _lemmas(texts, tag, lexicon)]
    for word in _lemmas_of(siblings, pos):
        with_said = _going_with(texts, tag, word, lexicon)
        if with_said and not _go_together(own, word, pos, lexicon):
            for index in with_said:
                refused[index] = True
    return refused


def _lemmas_of(siblings: Siblings, pos: str) -> frozenset[str]:
    """Return the lemmas of one part of speech that siblings have."""
    by_pos = {NOUN: siblings.nouns, VERB: siblings.verbs, ADJECTIVE: siblings.adjectives}
    return by_pos.get(pos, frozenset())


@lru_cache(maxsize=1 << 14)
def _lemmas(texts: tuple[str, ...], tag: str, lexicon: Lexicon) -> tuple[str, ...]:
    return tuple([lemma_of(text.lower(), tag, lexicon) for text in texts])


@lru_cache(maxsize=1 << 16)
def _going_with(texts: tuple[str, ...], tag: str, word: str, lexicon: Lexicon) -> tuple[int, ...]:
    """Return which texts may be true of one thing together with a sibling's word."""
    pos = KIND[tag]
    return tuple([
        index
        for index, lemma in enumerate(_lemmas(texts, tag, lexicon))
        if _go_together(lemma, word, pos, lexicon)
    ])  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _go_together(left: str, right: str, pos: str, lexicon: Lexicon) -> bool:
    """Tell whether both may be true of one thing; cached, because words recur."""
    return right in overlaps().of(left, pos) or lexicon.compatible(left, right, pos)


def _joins_as_a_sibling(view: CandidateView) -> bool:
    """Tell whether a swapped word forms a compound that a sibling has ("red car")."""
    context = view.context
    words, tags, lexicon = context.words, context.tags, context.lexicon
    for first, last, _, _, new in view.changes:
        kind = context.kinds[last]
        if kind == ADJECTIVE and last + 1 < len(tags):
            joined = f"{new} {lemma_of(words[last + 1], tags[last + 1], lexicon)}"
        elif kind == NOUN and first:
            joined = f"{words[first - 1]} {lemma_of(new, tags[last], lexicon)}"
        else:
            continue
        if joined in context.siblings.lemmas:
            return True
    return False
