"""Which things a caption's clauses deny and affirm: one that is there and one that is not.

Of a caption, Y is a thing that is in the image and that the caption does not name, and S is Y with
all that is surely not there. X is drawn from S with a chance in proportion to the odds that it is
there, given the words of the caption. That is a draw from what the image might have had as its one
thing of S: an image with X for Y would have the same S, and be drawn Y with the same chance. So the
pair and its mirror image are equally likely (negatives/sampling.py), as far as the odds are right,
and neither a thing nor its company tells which of the two is there. A draw of Y itself is none.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, isnan
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Negative, Positive
from data.sources.objects import KnowsObjects, Objects
from data.streams import Stream
from negatives.choose import Tally
from negatives.fluency.folds import image_key
from negatives.generator import ParsedCaptions
from negatives.guards.context import MAX_TOKENS
from negatives.guards.siblings import Siblings, siblings_of
from negatives.negation.clauses import RULE, Vocabulary, can_take_a_clause, clauses_of
from negatives.negation.odds import NUM_FOLDS, log_odds
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

_MOST_TOKENS: Final = MAX_TOKENS - 7  # with a clause


class Said(NamedTuple):
    """True and false clauses of a caption; `tally` counts (rule, outcome)."""

    positives: tuple[Positive, ...]
    negatives: tuple[Negative, ...]
    tally: Tally


NOTHING: Final = Said((), (), Counter())


def say_what_is_there(  # noqa: PLR0913 - captions, what is known of them, and how it is drawn
    block: ParsedCaptions,
    siblings: Sequence[Siblings],
    source: KnowsObjects,
    lexicon: Lexicon,
    *,
    seed: int,
    producer: int,
) -> list[Said]:
    """Return for each caption of a block what is true and false of things that it does not name.

    `siblings`: what the other captions of its image say. A thing that is there counts if one of
    them names it, a thing that is not there if no caption of the image names it.
    """
    objects = {image: source.objects(image) for image in {caption.image for caption, _ in block}}
    vocabulary = Vocabulary(
        {name for each in objects.values() if each for part in each for name in part}, lexicon
    )
    states = [
        _state(parse, others, objects[caption.image], vocabulary, lexicon)
        for (caption, parse), others in zip(block, siblings, strict=True)
    ]
    names = sorted({name for state in states for name in state})
    if not names:
        return [NOTHING] * len(block)
    odds = _odds(block, states, names, lexicon)
    found: list[Said] = []
    for (caption, parse), state, its_odds in zip(block, states, odds.tolist(), strict=True):
        of_names = dict(zip(names, its_odds, strict=True))
        drawn = _draw(state, of_names, Stream(seed, caption.id, RULE))
        found.append(_say(parse, drawn, lexicon, producer=producer))
    return found


def _state(
    parse: Parse,
    others: Siblings,
    objects: Objects | None,
    vocabulary: Vocabulary,
    lexicon: Lexicon,
) -> Mapping[str, bool]:
    """Return of the things that a clause may speak of whether they are there."""
    if objects is None or not can_take_a_clause(parse) or len(parse.tokens) > _MOST_TOKENS:
        return {}
    own = vocabulary.said(siblings_of([parse], lexicon))
    of_others = vocabulary.said(others)
    there = (set(objects.present) & of_others) - own
    away = set(objects.absent) - own - of_others
    return {**dict.fromkeys(sorted(there), True), **dict.fromkeys(sorted(away), False)}


def _odds(
    block: ParsedCaptions,
    states: Sequence[Mapping[str, bool]],
    names: Sequence[str],
    lexicon: Lexicon,
) -> NDArray[np.float64]:
    """Return the log-odds that each thing is there, captions x names."""
    places = {name: place for place, name in enumerate(names)}
    known = np.full((len(block), len(names)), -1, np.int8)
    for row, state in enumerate(states):
        for name, is_there in state.items():
            known[row, places[name]] = is_there
    contexts = [siblings_of([parse], lexicon).lemmas for _, parse in block]
    folds = [Stream("absence", image_key(caption)).below(NUM_FOLDS) for caption, _ in block]
    return log_odds(contexts, known, np.array(folds, np.int64))


class _Drawn(NamedTuple):
    """A thing that is there and one that is not; None where there is no pair, and `why`."""

    there: str | None
    away: str | None
    why: str


def _draw(state: Mapping[str, bool], odds: Mapping[str, float], stream: Stream) -> _Drawn:
    """Return a pair of things of a caption, both equally likely to be the one that is there."""
    told = {name: is_there for name, is_there in state.items() if not isnan(odds[name])}
    all_there = [name for name, is_there in told.items() if is_there]
    if not all_there:
        return _Drawn(None, None, "no thing goes unsaid")
    there = stream.choice(all_there)
    choices = [there, *(name for name, is_there in told.items() if not is_there)]
    away = choices[stream.weighted_index([exp(odds[name]) for name in choices])]
    if away == there:
        return _Drawn(None, None, "stays")
    return _Drawn(there, away, "accepted")


def _say(parse: Parse, drawn: _Drawn, lexicon: Lexicon, *, producer: int) -> Said:
    tally: Tally = Counter({(RULE, "slots"): 1, (RULE, drawn.why): 1})
    if drawn.there is None or drawn.away is None:
        return Said((), (), tally)
    there, away = (clauses_of(parse, name, lexicon) for name in (drawn.there, drawn.away))
    true = (away.denied, there.affirmed)
    false = ((there.denied, "negate"), (away.affirmed, "add"))
    return Said(
        tuple(
            Positive(edit.apply(parse.text), "rewrite", "existence", RULE, "rule", edit, None,
                     producer)
            for edit in true
        ),
        tuple(
            Negative(edit.apply(parse.text), kind, "existence", RULE, "rule", edit, None, producer)
            for edit, kind in false
        ),
        tally,
    )  # fmt: skip
