"""The mathematics of negatives/draws.py on a corpus of five texts, where all is known exactly.

A policy is a function from a caption and the alternatives of a slot to the chance with which each
alternative is accepted. `masses` then gives the chance of every (caption, negative) in the corpus.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement
from data.streams import Stream
from negatives.draws import Drawn, Offer, acceptance, pair_draws
from negatives.slots import Slot

P = {"ant": 0.4, "bee": 0.3, "cat": 0.15, "dog": 0.1, "eel": 0.05}
SCORES = {text: math.log(share) - 7.0 for text, share in P.items()}  # but for a constant
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


def masses(choice: Choice, *, guard_after: bool = True) -> Masses:
    """Return the chance of every caption with every negative, under the corpus and a policy."""
    found: Masses = {}
    for caption, share in P.items():
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
    assert set(fates) == {"stays", "thinned"}
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
