"""Which things a caption's clauses deny and affirm: one that is there and one that is not.

Of a caption, Y is a thing that is in the image and that the caption does not name. Captions are put
into clusters of images (see `cluster_of`), and their things exchanged within a cluster, many times:
two captions exchange Y and X, if X is surely absent from the image of the one and Y from that of
the other, with the chance

    min(1, p(X | one) p(Y | other) / (p(Y | one) p(X | other))).

That is Metropolis' rule for who has which thing, given how often a cluster has each. What really is
there is a draw from the same distribution, and each step may be taken back. So what a caption has
and what it has in the end are exchangeable (negatives/sampling.py), as far as p is the truth; the
caption gets clauses on the two, unless they are one. How common a thing is cancels out: each is
said to be there as often as to be absent, without any estimate. The model of p (odds.py) only has
to know how well a thing goes with a caption.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from data.records import Caption, Negative, Positive
from data.sources.objects import HasObjects, Objects
from data.streams import Stream
from negatives.choose import Tally
from negatives.fluency.folds import image_key
from negatives.generator import ParsedCaptions
from negatives.guards.context import MAX_TOKENS
from negatives.guards.siblings import Siblings, siblings_of
from negatives.negation.clauses import RULE, Vocabulary, can_take_a_clause, clauses_of, cluster_of
from negatives.negation.odds import NUM_FOLDS, log_odds
from negatives.parse import Parse
from negatives.words.lexicon import Lexicon

_MOST_TOKENS: Final = MAX_TOKENS - 7  # with a clause
_TRIES: Final = 30  # exchanges that are tried, per caption of a cluster


class Said(NamedTuple):
    """True and false clauses of a caption; `tally` counts (rule, outcome)."""

    positives: tuple[Positive, ...]
    negatives: tuple[Negative, ...]
    tally: Tally


NOTHING: Final = Said((), (), Counter())


def say_what_is_there(  # noqa: PLR0913 - captions, what is known of them, and how it is drawn
    block: ParsedCaptions,
    siblings: Sequence[Siblings],
    source: HasObjects,
    lexicon: Lexicon,
    *,
    seed: int,
    producer: int,
) -> list[Said]:
    """Return true and false clauses for each caption of a block, on things that it does not name.

    `siblings`: what the other captions of its image say. A thing is taken to be there if the source
    says so and one of them names it, and to be absent if the source says so and none does.
    """
    objects = {image: source.objects(image) for image in {caption.image for caption, _ in block}}
    vocabulary = Vocabulary(
        {name for each in objects.values() if each for part in each for name in part}, lexicon
    )
    things = [
        _things(parse, others, objects[caption.image], vocabulary, lexicon)
        for (caption, parse), others in zip(block, siblings, strict=True)
    ]
    states = [each.unnamed for each in things]
    names = sorted({name for state in states for name in state})
    if not names:
        return [NOTHING] * len(block)
    odds = _odds(block, things, names, lexicon)
    drawn = draw_pairs([caption for caption, _ in block], states, names, odds, seed=seed)
    return [
        _say(parse, pair, lexicon, producer=producer)
        for (_, parse), pair in zip(block, drawn, strict=True)
    ]


class _Things(NamedTuple):
    """Things of an image: whether those that a clause may mention are there, and what is named."""

    unnamed: Mapping[str, bool]
    named: frozenset[str]


def _things(
    parse: Parse,
    others: Siblings,
    objects: Objects | None,
    vocabulary: Vocabulary,
    lexicon: Lexicon,
) -> _Things:
    """Return the things that a caption may deny or affirm, and those of its image that it names."""
    if objects is None or not can_take_a_clause(parse) or len(parse.tokens) > _MOST_TOKENS:
        return _Things({}, frozenset())
    own = vocabulary.said(siblings_of([parse], lexicon))
    of_others = vocabulary.said(others)
    there = (set(objects.present) & of_others) - own
    away = set(objects.absent) - own - of_others
    return _Things(
        {**dict.fromkeys(sorted(there), True), **dict.fromkeys(sorted(away), False)},
        frozenset(own.intersection(objects.present)),
    )


def _odds(
    block: ParsedCaptions,
    things: Sequence[_Things],
    names: Sequence[str],
    lexicon: Lexicon,
) -> NDArray[np.float64]:
    """Return the log-odds that each thing is there, captions x names, less their mean for each."""
    columns = {name: column for column, name in enumerate(names)}
    known = np.full((len(block), len(names)), -1, np.int8)
    for row, (unnamed, named) in enumerate(things):
        for name, is_there in unnamed.items():
            known[row, columns[name]] = is_there
        known[row, [columns[name] for name in named if name in columns]] = 1
    contexts = [siblings_of([parse], lexicon).lemmas for _, parse in block]
    folds = [Stream("absence", image_key(caption)).below(NUM_FOLDS) for caption, _ in block]
    return log_odds(contexts, known, np.array(folds, np.int64))


class Pair(NamedTuple):
    """A thing that is there and one that is not; None where there is no pair, and `why`."""

    there: str | None
    away: str | None
    why: str


def draw_pairs(
    captions: Sequence[Caption],
    states: Sequence[Mapping[str, bool]],
    names: Sequence[str],
    odds: NDArray[np.float64],
    *,
    seed: int,
) -> list[Pair]:
    """Return a pair of things for each caption of a block.

    Args:
        captions: N captions.
        states: for each, whether things are there; what is unknown is left out.
        names: of V things.
        odds: the log-odds that each is there, N x V; up to a number for each thing.
        seed: of the draw.
    """
    there: dict[int, str] = {}
    clusters: dict[int, list[int]] = {}
    for index, (caption, state) in enumerate(zip(captions, states, strict=True)):
        if present := [name for name, is_there in state.items() if is_there]:
            there[index] = Stream(seed, caption.id, RULE).choice(present)
            clusters.setdefault(cluster_of(image_key(caption)), []).append(index)
    of_name = {index: dict(zip(names, odds[index].tolist(), strict=True)) for index in there}
    drawn: dict[int, str] = {}
    for number, cluster in clusters.items():
        members = [_Member(there[index], states[index], of_name[index]) for index in cluster]
        stream = Stream(seed, RULE, "cluster", number)
        drawn |= zip(cluster, _exchanged(members, stream), strict=True)
    return [_pair(there.get(index), drawn.get(index)) for index in range(len(captions))]


class _Member(NamedTuple):
    """A caption of a cluster: its thing, whether others are there, and their log-odds."""

    there: str
    state: Mapping[str, bool]
    odds: Mapping[str, float]

    def can_have(self, name: str) -> bool:
        """Tell whether this may have been its thing: it is, or it is absent."""
        return name == self.there or self.state.get(name) is False


def _exchanged(members: Sequence[_Member], stream: Stream) -> list[str]:
    """Return the thing of each caption of a cluster after many exchanges."""
    things = [member.there for member in members]
    for _ in range(_TRIES * len(members)):
        here, other = stream.below(len(members)), stream.below(len(members))
        one, two = members[here], members[other]
        mine, its = things[here], things[other]
        if mine == its or not (one.can_have(its) and two.can_have(mine)):
            continue
        gain = one.odds[its] - one.odds[mine] + two.odds[mine] - two.odds[its]
        if stream.chance(exp(min(0.0, gain))):
            things[here], things[other] = its, mine
    return things


def _pair(there: str | None, drawn: str | None) -> Pair:
    if there is None:
        return Pair(None, None, "no thing goes unsaid")
    return Pair(None, None, "stays") if drawn == there else Pair(there, drawn, "accepted")


def _say(parse: Parse, pair: Pair, lexicon: Lexicon, *, producer: int) -> Said:
    tally: Tally = Counter({(RULE, "slots"): 1, (RULE, pair.why): 1})
    if pair.there is None or pair.away is None:
        return Said((), (), tally)
    there, away = (clauses_of(parse, name, lexicon) for name in (pair.there, pair.away))
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
