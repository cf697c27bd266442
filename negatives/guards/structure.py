"""Guards on how the changed words relate to the rest. Each returns True to reject. Pure.

They use only what the edit leaves unchanged, and treat both words of a swap alike, so that the
negative's own parse gives the same answer.
"""

from functools import lru_cache

from negatives.grammar.facts import (
    Span,
    after_swap,
    core_of,
    fact_of,
    facts_of,
    lemmas_of,
    links_of,
)
from negatives.grammar.facts import says_the_same as leaves_facts
from negatives.guards.candidate import CandidateView, changed_tokens
from negatives.guards.content import ADJECTIVE, NOUN
from negatives.guards.context import Context, chain_of
from negatives.guards.tables import words
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

_BETWEEN_ADJECTIVES = frozenset({"JJ", "JJR", "JJS", "RB", "CC", ",", "HYPH"})


def one_head(view: CandidateView) -> bool:
    """Reject a swap of adjectives before one noun ("large white bus")."""
    if not view.is_swap:
        return False
    one, other = view.changes[0].head, view.changes[1].head
    if view.slot.subtype != "att" and view.context.kinds[one] != ADJECTIVE:
        return False
    if _described_token(one, view.context) == _described_token(other, view.context):
        return True
    between = view.context.tags[view.changes[0].last + 1 : view.changes[1].first]
    return _BETWEEN_ADJECTIVES.issuperset(between)


def _described_token(adjective: int, context: Context) -> int:
    """Return the token that an adjective describes, through coordination."""
    index = adjective
    for _ in context.words:
        head = context.heads[index]
        if context.deps[index] != "conj" or context.kinds[head] == NOUN:
            return head
        index = head
    return index


def under_negation(view: CandidateView) -> bool:
    """Reject a change of what is negated: "without a hat" may be as true as "without a tie".

    That includes everything after "there is no dog", a swap that moves a negation, and a second
    negation next to an existing one.
    """
    context = view.context
    if not context.negations:
        return False
    changed = changed_tokens(view)
    staying = [index for index in context.negations if index not in changed]
    if view.is_swap and len(staying) < len(context.negations):
        return True
    if not staying:
        return False
    if view.slot.type == "negate":
        return True
    roots = {
        index if context.words[index] == "without" else context.heads[index] for index in staying
    }
    for index, dep in enumerate(context.deps):
        if dep == "expl" and any(context.heads[root] == context.heads[index] for root in roots):
            roots.add(context.heads[index])
    return any(not roots.isdisjoint(chain_of(context, change.head)) for change in view.changes)


def anaphor(view: CandidateView) -> bool:
    """Reject a noun that another word refers to: "one bird ... the other", "another dog"."""
    context = view.context
    if not context.anaphors:
        return False
    nouns = [change.head for change in view.changes if context.kinds[change.head] == NOUN]
    if not nouns:
        return False
    named = {lemma for pair in view.pairs for lemma in (pair.old, pair.new)}
    changed = changed_tokens(view)
    for index in context.anaphors:
        if index in changed:
            continue
        head = context.heads[index]
        if context.kinds[head] != NOUN or head < index or head in nouns:
            return True
        if context.lemmas[head] in named:
            return True
    return False


def says_the_same(view: CandidateView) -> bool:
    """Reject a swap that leaves all facts unchanged: "a lady in purple and a lady in blue"."""
    if not view.is_swap or any(change.last < change.first for change in view.changes):
        return False
    parse, lexicon = view.context.parse, view.context.lexicon
    left, right = (Span(*change[:3]) for change in view.changes)
    links = links_of(parse, lexicon)
    if not any(root in link[1:] for link in links for root in (left.root, right.root)):
        return False
    return leaves_facts(links, lemmas_of(parse, lexicon), left, right)


def sibling_says_so(view: CandidateView) -> bool:
    """Reject a swap or a relation whose new facts another caption of the image states."""
    siblings = view.context.siblings
    if not siblings.parses or not (view.is_swap or view.slot.subtype == "rel"):
        return False
    new = _new_facts(view)
    lexicon = view.context.lexicon
    return bool(new) and any(
        not new.isdisjoint(_core_facts(parse, lexicon)) for parse in siblings.parses
    )


def _new_facts(view: CandidateView) -> frozenset[tuple[str, str]]:
    """Return the facts that a negative states and its caption does not."""
    parse, lexicon = view.context.parse, view.context.lexicon
    lemmas = lemmas_of(parse, lexicon)
    own = _core_facts(parse, lexicon)
    if not view.is_swap:
        (change,) = view.changes[:1] or (None,)
        return frozenset(
            (change.new, lemmas[index])
            for index, token in enumerate(parse.tokens)
            if change is not None and token.dep == "pobj" and token.head == change.last
        ).difference(own)
    if any(change.last < change.first for change in view.changes):
        return frozenset()
    left, right = (Span(*change[:3]) for change in view.changes)
    links = after_swap(links_of(parse, lexicon), left, right)
    return core_of(fact_of(link, lemmas) for link in links) - own


@lru_cache(maxsize=1 << 12)
def _core_facts(parse: Parse, lexicon: Lexicon) -> frozenset[tuple[str, str]]:
    """Return a caption's facts; cached, because each sibling needs them."""
    return core_of(facts_of(parse, lexicon))


def pronoun(view: CandidateView) -> bool:
    """Reject a noun that leaves a pronoun behind: "a man on his bike", "a dog and its owner"."""
    context = view.context
    if context.has_gender and not _changes_pronouns(view):
        gendered = words().gendered
        for pair in view.pairs:
            if pair.pos == NOUN and (pair.old in gendered or pair.new in gendered):
                return True
    if not view.is_swap:
        return False
    changed = changed_tokens(view)
    return any(index in changed or context.heads[index] in changed for index in context.possessives)


def _changes_pronouns(view: CandidateView) -> bool:
    """Tell whether all pronouns that have a gender change with the noun."""
    changed = changed_tokens(view)
    return all(
        index in changed
        for index, word in enumerate(view.context.words)
        if word in words().gendered_pronouns
    )
