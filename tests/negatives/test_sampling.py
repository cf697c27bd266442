"""The mathematics of negatives/sampling.py on a corpus of five texts, where all is known exactly.

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
from negatives.policy import CausalScoring, CorpusScoring, PairPolicy
from negatives.sampling import Acceptance, Draw, Offer, pair_draws
from negatives.slots import Slot

P = {"ant": 0.4, "bee": 0.3, "cat": 0.15, "dog": 0.1, "eel": 0.05}
Q = {"ant": 0.1, "bee": 0.3, "cat": 0.35, "dog": 0.05, "eel": 0.2}  # of another model
V, W = 0.7, 0.4
Q_MAX = 1.9  # cat and dog are 1.95 apart, bee and dog 1.8
P_MAX = 1.5  # ant and eel are 2.1 apart, ant and dog 1.4
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


def is_refused(caption: str, other: str) -> bool:
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
                passes = not (guard_after and is_refused(caption, other))
                found[caption, other] = share * chance * KEEP.get(kind, 1.0) * passes
    return found


def asymmetry(found: Masses) -> float:
    """Return the most that a pair and its mirror differ, as a share of all pairs."""
    worst = max(abs(mass - found.get((right, left), 0.0)) for (left, right), mass in found.items())
    return worst / sum(found.values())


def log_ratios(model: Chances, caption: str, others: Sequence[str]) -> list[float]:
    return [math.log(model[other] / model[caption]) for other in others]


def by_p(caption: str, others: Sequence[str], power: float) -> Chances:
    """Accept each alternative on its own, as the code does."""
    ratios = zip(others, log_ratios(P, caption, others), strict=True)
    return {other: Acceptance(power, P_MAX).chance(ratio) for other, ratio in ratios}


in_pairs = partial(by_p, power=1.0)


def ask_again(caption: str, others: Sequence[str]) -> Chances:
    """Ask until something is accepted that the guard lets through."""
    chances = {
        other: chance * (not is_refused(caption, other))
        for other, chance in in_pairs(caption, others).items()
    }
    none = math.prod(1 - chance for chance in chances.values())
    return {other: chance / (1 - none) if none < 1 else 0.0 for other, chance in chances.items()}


def top_up(caption: str, others: Sequence[str]) -> Chances:
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


def draw_normalised(caption: str, others: Sequence[str]) -> Chances:
    """Draw one of the caption and its alternatives by p."""
    total = P[caption] + sum(P[other] for other in others)
    return {other: P[other] / total for other in others}


def draw_corrected(caption: str, others: Sequence[str]) -> Chances:
    """Draw one by p, and accept it by the ratio of the two sums."""

    def total(text: str, kind: str) -> float:
        return P[text] + sum(P[other] for other in slots_of(text)[kind])

    (kind,) = (kind for kind, found in slots_of(caption).items() if found == others)
    own = total(caption, kind)
    return {other: P[other] / own * min(1, own / total(other, kind)) for other in others}


def test_a_pair_and_its_mirror_are_equally_likely() -> None:
    found = masses(in_pairs)
    assert sum(mass > 0 for mass in found.values()) == 2 * (len(RELATION) - 2)  # P_MAX, guard
    assert asymmetry(found) < 1e-12
    assert found["ant", "bee"] == pytest.approx(0.3)
    assert found["eel", "dog"] == pytest.approx(0.05 * KEEP[ATT])


@pytest.mark.parametrize("policy", [ask_again, top_up, draw_normalised])
def test_other_policies_tell_a_pair_from_its_mirror(policy: Choice) -> None:
    assert asymmetry(masses(policy)) > 0.05


def test_normalised_sets_need_their_correction() -> None:
    assert asymmetry(masses(draw_corrected)) < 1e-12
    assert asymmetry(masses(draw_normalised)) > 0.05


def test_guards_stand_behind_a_normalised_draw() -> None:
    """All five texts as one class: the draw is right as it is, until the guard goes before it."""

    def of_class(choice: Choice, *, guard_first: bool) -> Masses:
        return {
            (caption, other): share * chance * (not is_refused(caption, other))
            for caption, share in P.items()
            for other, chance in choice(
                caption,
                [
                    text
                    for text in P
                    if text != caption and not (guard_first and is_refused(caption, text))
                ],
            ).items()
        }

    assert asymmetry(of_class(draw_normalised, guard_first=False)) < 1e-12
    assert asymmetry(of_class(draw_normalised, guard_first=True)) > 0.03
    assert asymmetry(of_class(in_pairs, guard_first=True)) < 1e-12  # nothing is normalised


def target(v: float, w: float) -> Chances:
    """Return p^v q^w, but for a constant."""
    return {text: P[text] ** v * Q[text] ** w for text in P}


def by_q(caption: str, others: Sequence[str], power: float) -> Chances:
    ratios = zip(others, log_ratios(Q, caption, others), strict=True)
    return {other: Acceptance(power, Q_MAX).chance(ratio) for other, ratio in ratios}


def in_turn(caption: str, others: Sequence[str], v: float = V, w: float = W) -> Chances:
    """Accept each alternative on its own by p, and then by q, as the code does."""
    first, second = by_p(caption, others, v), by_q(caption, others, w)
    return {other: first[other] * second[other] for other in others}


def in_turn_with_full_powers(caption: str, others: Sequence[str]) -> Chances:
    return in_turn(caption, others, 1.0, 1.0)


def in_turn_within_a_one_sided_bound(caption: str, others: Sequence[str]) -> Chances:
    """Draw by q whatever it likes far better than the caption."""
    first = by_p(caption, others, V)
    near = {other: Q[other] > Q[caption] * math.exp(-Q_MAX) for other in others}
    return {o: first[o] * min(1.0, (Q[o] / Q[caption]) ** W) * near[o] for o in others}


def best_by_q(caption: str, others: Sequence[str]) -> Chances:
    """Keep of all that p accepts the one that q likes best."""
    first = by_p(caption, others, V)
    better = {other: [first[each] for each in others if Q[each] > Q[other]] for other in others}
    return {other: first[other] * math.prod(1 - each for each in better[other]) for other in others}


def draw_by_q(caption: str, others: Sequence[str]) -> Chances:
    """Draw of the caption and what p accepts of each on its own, by q^w."""
    first = by_p(caption, others, V)
    total = Q[caption] ** W + sum(Q[other] ** W for other in others)
    return {other: first[other] * Q[other] ** W / total for other in others}


@pytest.mark.parametrize(("v", "w"), [(V, W), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0), (1.5, 0.2)])
def test_two_scorers_leave_a_pair_and_its_mirror_equally_likely(v: float, w: float) -> None:
    found = masses(partial(in_turn, v=v, w=w), corpus=target(v, w))
    assert sum(mass > 0 for mass in found.values()) == 2 * (len(RELATION) - 3)  # and Q_MAX
    assert asymmetry(found) < 1e-12


@pytest.mark.parametrize(
    "policy",
    [
        in_pairs,
        in_turn_with_full_powers,
        in_turn_within_a_one_sided_bound,
        best_by_q,
        draw_by_q,
    ],
)
def test_other_uses_of_a_second_scorer_tell_a_pair_from_its_mirror(policy: Choice) -> None:
    assert asymmetry(masses(policy, corpus=target(V, W))) > 0.02


def test_a_causal_scorer_alone_balances_its_own_power() -> None:
    of_q = partial(by_q, power=W)
    assert asymmetry(masses(of_q, corpus=target(0.0, W))) < 1e-12
    assert asymmetry(masses(of_q, corpus=target(V, W))) > 0.05


def joint(caption: str, others: Sequence[str]) -> Chances:
    """Accept by p, then by p^(v - 1) q^w in one: the rule that the product form replaced."""
    first = in_pairs(caption, others)
    ratios = [log_ratios(model, caption, others) for model in (P, Q)]
    second = {
        other: math.exp(min((V - 1) * of_p + W * of_q, 0.0)) * (abs(of_q) <= Q_MAX)
        for other, of_p, of_q in zip(others, *ratios, strict=True)
    }
    return {other: first[other] * second[other] for other in others}


def test_drawing_by_each_scorer_for_itself_accepts_no_less_than_jointly() -> None:
    """Both have the same target; with v of at most 1 the product form accepts as much or more."""
    found, before = (masses(policy, corpus=target(V, W)) for policy in (in_turn, joint))
    assert asymmetry(before) < 1e-12
    assert all(found[pair] >= before[pair] for pair in found)
    assert sum(found.values()) > 1.02 * sum(before.values())


# --- a causal scorer that reads some kinds alone ---

SOME = PairPolicy(
    scorers=(
        CorpusScoring(max_log_ratio=P_MAX),
        CausalScoring(max_log_ratio=Q_MAX, kinds=("replace/att",)),
    )
)


def by_kind(caption: str, others: Sequence[str], *, policy: PairPolicy = SOME) -> Chances:
    """Accept as a policy's scorers do that read the kind of the alternatives."""
    (kind,) = (kind for kind, found in slots_of(caption).items() if found == list(others))
    chances = dict.fromkeys(others, 1.0)
    for scoring, model in zip(policy.scorers, (P, Q), strict=True):
        if scoring.reads(*kind.split("/")):
            acceptance = policy.acceptance(scoring, *kind.split("/"))
            for other, ratio in zip(others, log_ratios(model, caption, others), strict=True):
                chances[other] *= acceptance.chance(ratio)
    return chances


def of_kind(found: Masses, kind: str) -> Masses:
    return {
        pair: mass
        for pair, mass in found.items()
        if kind in (RELATION.get(pair), RELATION.get(pair[::-1]))
    }


def test_each_kind_is_balanced_for_the_scorers_that_read_it() -> None:
    """What the causal scorer reads is balanced for p^.75 q^.2, and all else for p itself."""
    both, alone = (masses(by_kind, corpus=corpus) for corpus in (target(0.75, 0.2), P))
    assert asymmetry(of_kind(both, ATT)) < 1e-12
    assert asymmetry(of_kind(alone, OBJ)) < 1e-12
    assert asymmetry(of_kind(both, OBJ)) > 0.02
    assert asymmetry(of_kind(alone, ATT)) > 0.02


def test_powers_are_those_of_the_scorers_beside_one() -> None:
    corpus, causal = SOME.scorers
    assert [SOME.power(corpus, "replace", subtype) for subtype in ("att", "obj")] == [0.75, 1.0]
    assert SOME.power(causal, "replace", "att") == 0.2


# --- the draws themselves ---


@pytest.mark.parametrize("power", [1.0, 0.75, 0.0])
def test_the_draws_have_these_chances(power: float) -> None:
    """`pair_draws` by trial: every pair within five standard deviations of its exact chance."""
    num = 4_000
    exact = masses(partial(by_p, power=power), guard_after=False)
    counts: Counter[tuple[str, str]] = Counter()
    outcomes: Counter[str] = Counter()
    for caption, own in P.items():
        offers = [
            Offer(_slot(kind, others), log_ratios(P, caption, others))
            for kind, others in slots_of(caption).items()
        ]
        for number in range(num):
            stream = Stream(0, caption, number)
            for drawn in pair_draws(
                offers, stream, acceptance_of=lambda *_: Acceptance(power, P_MAX), keep=KEEP
            ):
                if isinstance(drawn, Draw):
                    other = drawn.slot.alternatives[drawn.position].replacements[0].text
                    counts[caption, other] += 1
                    assert drawn.score == pytest.approx(math.log(P[other] / own))
                else:
                    outcomes[drawn] += 1
    assert set(outcomes) == {"out of reach", "thinned", *({"stays"} if power else ())}
    for (caption, other), mass in exact.items():
        chance = mass / P[caption]
        spread = math.sqrt(chance * (1 - chance) / num)
        assert abs(counts[caption, other] / num - chance) <= 5 * spread, (caption, other)


def test_kinds_are_drawn_from_with_the_acceptance_of_each() -> None:
    offers = [Offer(_slot(kind, ["bee"]), [-1.0]) for kind in (OBJ, ATT)]

    def acceptance_of(type_: str, subtype: str) -> Acceptance:
        return Acceptance(0.0, 2.0 if f"{type_}/{subtype}" == ATT else 0.5)

    drawn = list(pair_draws(offers, Stream(0), acceptance_of=acceptance_of, keep={}))
    assert drawn == ["out of reach", Draw(offers[1].slot, 0, -1.0)]


def _slot(kind: str, others: Sequence[str]) -> Slot:
    type_, subtype = kind.split("/")
    edits = [Edit((Replacement(0, 3, other),)) for other in others]
    return Slot("replace_object", type_, subtype, edits)


nats = st.floats(-30, 0)


@given(nats, nats, st.floats(0, 3), st.floats(0.01, 40))
def test_acceptance_balances_any_two(
    own: float, other: float, power: float, max_log_ratio: float
) -> None:
    acceptance = Acceptance(power, max_log_ratio)
    there, back = acceptance.chance(other - own), acceptance.chance(own - other)
    balanced = math.exp(power * own) * there, math.exp(power * other) * back
    assert math.isclose(*balanced, rel_tol=1e-12)
    assert 0 <= there <= 1
    assert (there > 0) == (abs(own - other) <= max_log_ratio)


def test_what_is_no_number_is_not_accepted() -> None:
    assert Acceptance(0.5, 1e9).chance(math.nan) == 0
    assert Acceptance(0.5, 1e9).chance(-math.inf) == 0
