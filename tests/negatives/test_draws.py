"""The mathematics of negatives/draws.py on a corpus of five texts, where all is known exactly.

A policy is a function from a caption and the alternatives of a slot to the chance with which each
alternative is accepted. `masses` then gives the chance of every (caption, negative) in the corpus.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement
from data.streams import Stream
from negatives.draws import (
    Drawn,
    Offer,
    Powers,
    acceptance,
    pair_draws,
    second_acceptance,
    second_draw,
)
from negatives.slots import Slot

P = {"ant": 0.4, "bee": 0.3, "cat": 0.15, "dog": 0.1, "eel": 0.05}
SCORES = {text: math.log(share) - 7.0 for text, share in P.items()}  # but for a constant
Q = {"ant": 0.1, "bee": 0.3, "cat": 0.35, "dog": 0.05, "eel": 0.2}  # of another model
POWERS = Powers(corpus=0.7, neural=0.4)
Q_REACH = 1.9  # cat and dog are 1.95 apart, bee and dog 1.8
REACH = 1.5  # ant and eel are 2.1 apart, ant and dog 1.4
OBJ, ATT = "replace/obj", "replace/att"
RELATION = {  # symmetric and no partition: ant and dog are alternatives of cat, not of one another
    ("ant", "bee"): OBJ,
    ("ant", "cat"): OBJ,
    ("bee", "cat"): OBJ,
    ("cat", "dog"): OBJ,
    ("ant", "eel"): OBJ,
    ("ant", "dog"): ATT,
    ("dog", "eel"): ATT,
}
KEEP = {ATT: 0.4}

Chances = Mapping[str, float]
Choice = Callable[[str, Sequence[str]], Chances]
Masses = dict[tuple[str, str], float]


def guarded(caption: str, other: str) -> bool:
    """Tell whether a guard refuses the pair, whichever of the two is the caption."""
    return {caption, other} == {"bee", "cat"}


def slots_of(caption: str) -> dict[str, list[str]]:
    """Return the alternatives of a caption's slots by kind, at most one slot of a kind."""
    slots: dict[str, list[str]] = {}
    for (left, right), kind in RELATION.items():
        if caption in (left, right):
            slots.setdefault(kind, []).append(right if caption == left else left)
    return slots


def masses(choice: Choice, *, guard_after: bool = True, corpus: Chances = P) -> Masses:
    """Return the chance of every caption with every negative, under the corpus and a policy."""
    found: Masses = {}
    for caption, share in corpus.items():
        for kind, others in slots_of(caption).items():
            for other, chance in choice(caption, others).items():
                passes = not (guard_after and guarded(caption, other))
                found[caption, other] = share * chance * KEEP.get(kind, 1.0) * passes
    return found


def asymmetry(found: Masses) -> float:
    """Return the most that a pair and its mirror differ, as a share of all pairs."""
    worst = max(abs(mass - found.get((right, left), 0.0)) for (left, right), mass in found.items())
    return worst / sum(found.values())


def in_pairs(caption: str, others: Sequence[str]) -> Chances:
    """Accept each alternative on its own, as the code does."""
    return {other: acceptance(SCORES[caption], SCORES[other], reach=REACH) for other in others}


def asked_again(caption: str, others: Sequence[str]) -> Chances:
    """Ask until something is accepted that the guard lets through."""
    chances = {
        other: chance * (not guarded(caption, other))
        for other, chance in in_pairs(caption, others).items()
    }
    none = math.prod(1 - chance for chance in chances.values())
    return {other: chance / (1 - none) if none < 1 else 0.0 for other, chance in chances.items()}


def topped_up(caption: str, others: Sequence[str]) -> Chances:
    """Accept as the code does; where fewer than two pass, fill up with any of the others."""
    chances = in_pairs(caption, others)
    found = dict.fromkeys(others, 0.0)
    for coins in product((True, False), repeat=len(others)):
        accepted = [other for other, coin in zip(others, coins, strict=True) if coin]
        rest = [other for other, coin in zip(others, coins, strict=True) if not coin]
        chance = math.prod(
            chances[other] if coin else 1 - chances[other]
            for other, coin in zip(others, coins, strict=True)
        )
        missing = min(max(2 - len(accepted), 0), len(rest))
        for other in accepted:
            found[other] += chance
        for other in rest:
            found[other] += chance * missing / len(rest)
    return found


def normalised(caption: str, others: Sequence[str]) -> Chances:
    """Draw one of the caption and its alternatives by p."""
    total = P[caption] + sum(P[other] for other in others)
    return {other: P[other] / total for other in others}


def corrected(caption: str, others: Sequence[str]) -> Chances:
    """Draw one by p, and accept it by the ratio of the two sums."""

    def total(text: str, kind: str) -> float:
        return P[text] + sum(P[other] for other in slots_of(text)[kind])

    (kind,) = (kind for kind, found in slots_of(caption).items() if found == others)
    own = total(caption, kind)
    return {other: P[other] / own * min(1, own / total(other, kind)) for other in others}


def test_a_pair_and_its_mirror_are_equally_likely() -> None:
    found = masses(in_pairs)
    assert sum(mass > 0 for mass in found.values()) == 2 * (len(RELATION) - 2)  # reach, guard
    assert asymmetry(found) < 1e-12
    assert found["ant", "bee"] == pytest.approx(0.3)
    assert found["eel", "dog"] == pytest.approx(0.05 * KEEP[ATT])


@pytest.mark.parametrize("policy", [asked_again, topped_up, normalised])
def test_other_policies_tell_a_pair_from_its_mirror(policy: Choice) -> None:
    assert asymmetry(masses(policy)) > 0.05


def test_normalised_sets_need_their_correction() -> None:
    assert asymmetry(masses(corrected)) < 1e-12
    assert asymmetry(masses(normalised)) > 0.05


def test_guards_stand_behind_a_normalised_draw() -> None:
    """All five texts as one class: the draw is right as it is, until the guard goes before it."""

    def of_class(choice: Choice, *, guard_first: bool) -> Masses:
        return {
            (caption, other): share * chance * (not guarded(caption, other))
            for caption, share in P.items()
            for other, chance in choice(
                caption,
                [
                    text
                    for text in P
                    if text != caption and not (guard_first and guarded(caption, text))
                ],
            ).items()
        }

    assert asymmetry(of_class(normalised, guard_first=False)) < 1e-12
    assert asymmetry(of_class(normalised, guard_first=True)) > 0.03
    assert asymmetry(of_class(in_pairs, guard_first=True)) < 1e-12  # nothing is normalised


def aim(powers: Powers) -> Chances:
    """Return p^v q^w, but for a constant."""
    return {text: P[text] ** powers.corpus * Q[text] ** powers.neural for text in P}


def by_q(caption: str, other: str, powers: Powers) -> float:
    gain, neural_gain = (math.log(model[other] / model[caption]) for model in (P, Q))
    return second_acceptance(gain, neural_gain, powers=powers, reach=Q_REACH)


def in_turn(caption: str, others: Sequence[str], powers: Powers = POWERS) -> Chances:
    """Accept each alternative on its own by p, and then by q, as the code does."""
    first = in_pairs(caption, others)
    return {other: first[other] * by_q(caption, other, powers) for other in others}


def in_turn_as_for_a_product(caption: str, others: Sequence[str]) -> Chances:
    return in_turn(caption, others, Powers(1.0, 1.0))


def in_turn_within_one_sided_reach(caption: str, others: Sequence[str]) -> Chances:
    """Draw by q whatever it likes far better than the caption."""
    first = in_pairs(caption, others)
    kept = aim(Powers(POWERS.corpus - 1, POWERS.neural))
    near = {other: Q[other] > Q[caption] * math.exp(-Q_REACH) for other in others}
    return {o: first[o] * min(1.0, kept[o] / kept[caption]) * near[o] for o in others}


def best_by_q(caption: str, others: Sequence[str]) -> Chances:
    """Keep of all that p accepts the one that q likes best."""
    first = in_pairs(caption, others)
    better = {other: [first[each] for each in others if Q[each] > Q[other]] for other in others}
    return {other: first[other] * math.prod(1 - each for each in better[other]) for other in others}


def normalised_by_q(caption: str, others: Sequence[str]) -> Chances:
    """Draw of the caption and what p accepts of each on its own, by h."""
    first = in_pairs(caption, others)
    kept = aim(Powers(POWERS.corpus - 1, POWERS.neural))
    total = kept[caption] + sum(kept[other] for other in others)
    return {other: first[other] * kept[other] / total for other in others}


@pytest.mark.parametrize("powers", [POWERS, Powers(1.0, 1.0), Powers(0.0, 1.0), Powers(1.0, 0.0)])
def test_after_a_second_draw_a_pair_and_its_mirror_are_equally_likely(powers: Powers) -> None:
    found = masses(partial(in_turn, powers=powers), corpus=aim(powers))
    assert sum(mass > 0 for mass in found.values()) == 2 * (len(RELATION) - 3)  # and Q_REACH
    assert asymmetry(found) < 1e-12


@pytest.mark.parametrize(
    "policy",
    [
        in_pairs,
        in_turn_as_for_a_product,
        in_turn_within_one_sided_reach,
        best_by_q,
        normalised_by_q,
    ],
)
def test_other_second_draws_tell_a_pair_from_its_mirror(policy: Choice) -> None:
    assert asymmetry(masses(policy, corpus=aim(POWERS))) > 0.02


def test_one_model_alone_is_a_second_draw_of_all_alternatives() -> None:
    def of_q(caption: str, others: Sequence[str]) -> Chances:
        gains = {other: math.log(Q[other] / Q[caption]) for other in others}
        return {
            other: second_acceptance(0.0, gain, powers=POWERS, reach=Q_REACH)
            for other, gain in gains.items()
        }

    assert asymmetry(masses(of_q, corpus=aim(Powers(0.0, POWERS.neural)))) < 1e-12
    assert asymmetry(masses(of_q, corpus=aim(POWERS))) > 0.05


def test_the_second_draw_has_these_chances() -> None:
    num = 4_000
    for caption, own in P.items():
        others = [other for other in P if other != caption]
        gains = [(math.log(P[other] / own), math.log(Q[other] / Q[caption])) for other in others]
        counts = [0] * len(others)
        for number in range(num):
            stream = Stream(0, caption, number)
            kept = second_draw(gains, stream, powers=POWERS, reach=Q_REACH)
            counts = [count + coin for count, coin in zip(counts, kept, strict=True)]
        for other, count in zip(others, counts, strict=True):
            chance = by_q(caption, other, POWERS)
            spread = math.sqrt(chance * (1 - chance) / num)
            assert abs(count / num - chance) <= 5 * spread, (caption, other)
    assert not second_acceptance(0.0, math.nan, powers=POWERS, reach=1e9)


def test_the_draws_have_these_chances() -> None:
    """`pair_draws` by trial: every pair within five standard deviations of its exact chance."""
    num = 4_000
    exact = masses(in_pairs, guard_after=False)
    counts: Counter[tuple[str, str]] = Counter()
    fates: Counter[str] = Counter()
    for caption, own in SCORES.items():
        offers = [
            Offer(_slot(kind, others), [own, *(SCORES[other] for other in others)])
            for kind, others in slots_of(caption).items()
        ]
        for number in range(num):
            stream = Stream(0, caption, number)
            for drawn in pair_draws(offers, stream, reach=REACH, keep=KEEP):
                if isinstance(drawn, Drawn):
                    other = drawn.slot.alternatives[drawn.place].replacements[0].text
                    counts[caption, other] += 1
                    assert drawn.score == pytest.approx(SCORES[other] - own)
                else:
                    fates[drawn] += 1
    assert set(fates) == {"stays", "out of reach", "thinned"}
    for (caption, other), mass in exact.items():
        chance = mass / P[caption]
        spread = math.sqrt(chance * (1 - chance) / num)
        assert abs(counts[caption, other] / num - chance) <= 5 * spread, (caption, other)


def _slot(kind: str, others: Sequence[str]) -> Slot:
    type_, subtype = kind.split("/")
    edits = [Edit((Replacement(0, 3, other),)) for other in others]
    return Slot("replace_object", type_, subtype, edits)


nats = st.floats(-30, 0)


@given(nats, nats, st.floats(0.01, 40))
def test_acceptance_balances_any_two(own: float, other: float, reach: float) -> None:
    there = math.exp(own) * acceptance(own, other, reach=reach)
    back = math.exp(other) * acceptance(other, own, reach=reach)
    assert math.isclose(there, back, rel_tol=1e-12)
    assert 0 <= acceptance(own, other, reach=reach) <= 1
    assert (there > 0) == (abs(own - other) <= reach)
