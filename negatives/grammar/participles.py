"""Participles that say what a noun does ("a man wearing a hat"); for the rule `negate`. Pure.

The tagger invents participles and often attaches them to the wrong noun; denying either gives bad
English or a true caption.
"""

from negatives.grammar.assertions import (
    DETERMINERS,
    NAMING,
    CaptionView,
    has_indefinite,
    is_named_one,
    negation_words,
)
from negatives.grammar.clauses import SUBJECTS, child_with


def is_participle(view: CaptionView, verb: int, *, after: int) -> bool:
    """Tell whether a participle says what a noun before it does ("a man wearing").

    `after` is the token before the participle and its negation. Without a finite verb in the
    caption, the tagger makes the participle a modifier of the noun, or the noun its subject.
    """
    tokens, _, children, _ = view
    if tokens[verb].dep == "ROOT":
        noun = child_with(tokens, children, verb, SUBJECTS)
    else:
        noun = tokens[verb].head
    return (
        noun is not None
        and noun <= after
        and tokens[noun].pos in NAMING
        and tokens[after].pos in NAMING
        and not any(tokens[c].dep in {"aux", "auxpass", "mark"} for c in children[verb])
        and _is_form_of_verb(view, verb)
        and is_named_one(view, noun)
        and _is_its_own(view, noun, after)
        and not has_indefinite(view, verb)
    )


def _is_form_of_verb(view: CaptionView, verb: int) -> bool:
    """Tell whether a token is a participle, not a noun, adjective, base form or typing error.

    A VBN with an object or a noun after it is half of an adjective ("a tree covered hill").
    """
    tokens, words, children, lexicon = view
    word, tag = words[verb], tokens[verb].tag
    has_object = any(tokens[child].dep == "dobj" for child in children[verb])
    follower = tokens[verb + 1] if verb + 1 < len(tokens) else None
    if word in (*words[max(verb - 1, 0) : verb], *words[verb + 1 : verb + 2]):
        return False
    if tag == "VBG":
        return has_object or word not in negation_words().nominal
    lemma = lexicon.lemma(word, "VBN")
    return (
        tag == "VBN"
        and not has_object
        and lexicon.inflect(lemma, "VBN") == word
        and (word != lemma or tokens[verb].dep != "ROOT")
        and (
            follower is None
            or follower.pos not in {*NAMING, "ADV"}
            or (follower.pos == "ADV" and lexicon.knows(follower.text, "ADV"))
        )
    )


def _is_its_own(view: CaptionView, noun: int, after: int) -> bool:
    """Tell whether a participle after token `after` is about this noun only.

    There must be no other possible subject between them ("a man with a dog running"), unless the
    noun counts it ("a group of people") or is coordinated with it ("a man and a dog").
    """
    tokens, words, children, _ = view
    token, above = tokens[noun], tokens[tokens[noun].head]
    if token.dep == "pobj" and words[above.head] in negation_words().full:
        return False  # "a truck filled with passengers driving"
    if token.dep == "attr":
        determined = any(tokens[child].dep in DETERMINERS for child in children[noun])
        there = any(tokens[child].dep == "expl" for child in children[token.head])
        if not (determined or there):
            return False  # "a man is rock climbing"
    return not any(
        words[other] in negation_words().animate
        and tokens[other].dep != "conj"
        and not (tokens[other].dep == "pobj" and words[tokens[other].head] == "of")
        for other in range(noun + 1, after + 1)
        if tokens[other].pos in NAMING
    )
