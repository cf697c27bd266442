"""Negatives and positives of a composite: words or places are exchanged. Pure.

A composite's text is as likely as its two captions together, p(A) p(B). Exchanging a word of A for
one of B gives A' and B', and happens with the probability

    min(1, p(A') p(B') / (p(A) p(B))),

so that a composite and its negative are equally likely (negatives/sampling.py). Exchanging the
places of the two captions, left for right, leaves p(A) p(B) as it is: it is always accepted, and
certainly false.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from data.edits import Edit, Replacement, text_at
from data.records import Caption, Negative, Positive, short_score
from data.streams import Stream
from data.texts import normalise
from negatives.choose import Offers, Tally
from negatives.composing.templates import (
    NO_PLACES,
    Composite,
    composite_of,
    exchanged_places,
    moved_into,
    reordered,
)
from negatives.guards import Context, Siblings, context_of, guard
from negatives.guards.tables import Pairs
from negatives.parse import Parse
from negatives.sampling import Acceptance, Offer
from negatives.slots import Slot, Substitutes
from negatives.wording import Wording, glue, wording_of
from negatives.words.lexicon import Lexicon

WORDS: Final = "exchange_words"
PLACES: Final = "exchange_places"
RULES: Final = (WORDS, PLACES)
"""The rules of composites, in the order of the manifest's producers."""


class Word(NamedTuple):
    """A word or phrase of a caption that may change sides.

    `own`: what stands there, in lower case. `within_reach`: of each text that may take its place,
    in lower case, its position among the slot's alternatives and its log-ratio.
    """

    slot: Slot
    own: str
    within_reach: Mapping[str, tuple[int, float]]


Words = Sequence[Sequence[Word]]
"""The words of a caption by rule, in the order of the chooser's producers."""


class Part(NamedTuple):
    """A caption of a composite, with everything that exchanges need."""

    caption: Caption
    parse: Parse
    words: Words
    context: Context
    wording: Wording


class Exchange(NamedTuple):
    """A word of one caption and a word of another that may change places.

    `slots`: in each caption. `edits`: of each. `log_ratio`: of both together.
    """

    slots: tuple[Slot, Slot]
    edits: tuple[Edit, Edit]
    log_ratio: float


class Made(NamedTuple):
    """What was made of a composite; `tally` counts (rule, outcome)."""

    negatives: tuple[Negative, ...]
    positives: tuple[Positive, ...]
    tally: Tally


def words_of(parse: Parse, offers: Offers, acceptance: Acceptance) -> Words:
    """Return the words of a caption that may change sides: slots of one phrase, known both ways.

    Only what is within reach counts: an odd word is not offset by a plain one. What belongs to a
    set phrase stays.
    """
    return [
        [word for offer in of_rule if (word := _word_of(parse, offer, acceptance)) is not None]
        for of_rule in offers
    ]


def _word_of(parse: Parse, offer: Offer, acceptance: Acceptance) -> Word | None:
    alternatives = offer.slot.alternatives
    if not isinstance(alternatives, Substitutes) or not offer.slot.reversible:
        return None
    if _is_of_a_phrase(parse, alternatives.start, alternatives.end, offer.slot.subtype):
        return None
    own = text_at(parse.text, alternatives.start, alternatives.end).lower()
    ratios = offer.log_ratios or ()
    within_reach = {
        text.lower(): (index, ratio)
        for index, (text, ratio) in enumerate(zip(alternatives.texts, ratios, strict=False))
        if acceptance.chance(ratio)
    }
    return Word(offer.slot, own, within_reach) if within_reach else None


def _is_of_a_phrase(parse: Parse, start: int, end: int, subtype: str) -> bool:
    """Tell whether words are part of a set phrase: "old fashioned", "a pond of water".

    That depends on what stands around them, so an exchange leaves it as it is.
    """
    before = next((token for token in reversed(parse.tokens) if token.end <= start), None)
    if subtype == "obj":
        is_single = any(token.start >= start and token.tag == "NN" for token in parse.tokens
                        if token.end <= end)  # fmt: skip
        return is_single and before is not None and before.text.lower() == "of"
    after = next((token for token in parse.tokens if token.start >= end), None)
    return (
        subtype == "att"
        and after is not None
        and after.text.lower().endswith("ed")
        and after.tag not in {"NN", "NNS"}  # "a white bed"
    )


def can_exchange(one: Words, other: Words) -> bool:
    """Tell whether any word of the one and any of the other may change places."""
    return any(True for _ in _pairs(one, other))


def _pairs(one: Words, other: Words) -> Iterator[tuple[Word, Word]]:
    """Yield words that are each the other's alternative in a slot of the same rule and kind."""
    for of_rule, of_other in zip(one, other, strict=True):
        for here in of_rule:
            for there in of_other:
                if (
                    there.own in here.within_reach
                    and here.own in there.within_reach
                    and here.slot[1:3] == there.slot[1:3]
                ):
                    yield here, there


def exchanges(one: Words, other: Words) -> Iterator[Exchange]:
    """Yield the exchanges that are possible."""
    for here, there in _pairs(one, other):
        index, ratio = here.within_reach[there.own]
        other_index, other_ratio = there.within_reach[here.own]
        yield Exchange(
            (here.slot, there.slot),
            (here.slot.alternatives[index], there.slot.alternatives[other_index]),
            ratio + other_ratio,
        )


def part_of(
    captioned: tuple[Caption, Parse],
    siblings: Siblings,
    words: Words,
    *,
    lexicon: Lexicon,
    learned: Pairs,
) -> Part:
    """Return a caption as part of composites."""
    caption, parse = captioned
    context = context_of(parse, normalise(caption.text), siblings, lexicon, learned)
    return Part(caption, parse, words, context, wording_of(parse, lexicon))


def make(composite: Composite, parts: tuple[Part, Part], acceptance: Acceptance, *,
         composite_id: str, seed: int) -> Made:  # fmt: skip
    """Return the negatives and the positives of a composite of two parts, in the text's order."""
    tally: Tally = Counter()
    negatives: list[Negative] = []
    positives: list[Positive] = []
    stream = Stream(seed, composite_id, WORDS)
    seen = {normalise(composite.text), *_same_in_other_order(composite, parts)}
    for exchange in exchanges(parts[0].words, parts[1].words):
        tally[WORDS, "slots"] += 1
        is_drawn = stream.chance(acceptance.chance(exchange.log_ratio))
        edit = _edit(composite, parts, exchange) if is_drawn else "stays"
        if isinstance(edit, Edit) and normalise(edit.apply(composite.text)) in seen:
            edit = "equal text"
        tally[WORDS, edit if isinstance(edit, str) else "accepted"] += 1
        if isinstance(edit, Edit):
            text = edit.apply(composite.text)
            seen.add(normalise(text))
            subtype = exchange.slots[0].subtype
            score = short_score(exchange.log_ratio)
            negatives.append(Negative(text, "swap", subtype, WORDS, "rule", edit, score, 0))
    places, order = exchanged_places(composite), reordered(composite)
    if places is not None and order is not None:
        tally[PLACES, "slots"] += 1
        tally[PLACES, "accepted"] += 1
        text = places.apply(composite.text)
        negatives.append(Negative(text, "swap", "rel", PLACES, "rule", places, 0.0, 1))
        text = order.apply(composite.text)
        positives.append(Positive(text, "reorder", "rel", PLACES, "rule", order, 0.0, 1))
    return Made(tuple(negatives), tuple(positives), tally)


def _same_in_other_order(composite: Composite, parts: tuple[Part, Part]) -> tuple[str, ...]:
    """Return the text in reverse order, which says the same if no place is named."""
    if composite.form.places != NO_PLACES:
        return ()
    one, other = (part.caption.text for part in parts)
    turned = composite_of(composite.form, (other, one), composite.clauses[::-1])
    return (normalise(turned.text),)


def _edit(composite: Composite, parts: tuple[Part, Part], exchange: Exchange) -> Edit | str:
    """Return an exchange as an edit of the composite, or why it is rejected.

    One false caption would do; both have to be false, to be certain.
    """
    replacements: list[Replacement] = []
    for which, (part, slot, raw) in enumerate(
        zip(parts, exchange.slots, exchange.edits, strict=True)
    ):
        worded = glue(part.wording, raw)
        if worded is None:
            return "wording cannot be undone"
        reason = guard(slot, worded, normalise(worded.apply(part.caption.text)), part.context)
        if reason is not None:
            return reason
        moved = moved_into(composite, which, worded)
        if moved is None:
            return "wording cannot be undone"
        replacements += moved
    return Edit(tuple(replacements))
