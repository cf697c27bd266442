"""The policy, on a rule that a test makes up and a lexicon of no words."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest

from data.edits import Edit, Replacement
from data.records import Caption
from data.texts import normalise
from negatives.choose import Chooser, Chosen, Producer, choose, why_none
from negatives.guards import Siblings
from negatives.parse import Parse
from negatives.policy import CorpusScoring, PairPolicy, RecipePolicy
from negatives.sampling import MOST_ALTERNATIVES, LogRatios, Offer
from negatives.slots import Rule, Slot
from negatives.tallies import Tallies
from negatives.words.lexicon import Table
from tests.parses import parse_of

CAPTION = "[a/DET red/ADJ car/NOUN] on/ADP [a/DET street/NOUN]"
COLOURS = ("blue", "green", "ashen")


@dataclass(frozen=True, kw_only=True, slots=True)
class Recolour:
    """ "a red car" -> "a blue car" """

    words: Sequence[str] = COLOURS
    weights: tuple[float, ...] | None = None
    num_slots: int = 1
    reversible: bool = True

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        red = parse.tokens[1]
        edits = [Edit((Replacement(red.start, red.end, word),)) for word in self.words]
        for _ in range(self.num_slots):
            kind = ("recolour", "replace", "att")
            yield Slot(*kind, edits, reversible=self.reversible, weights=self.weights)


def choose_with(
    *rules: Rule,
    seed: int = 0,
    image: str = "",
    log_ratios: Sequence[LogRatios | None] = (),
    max_log_ratio: float = 3.0,
    draw: str = "pairs",
    **options: object,
) -> Chosen:
    """Choose for CAPTION; `log_ratios`: of the slots of all rules, in order, as far as given."""
    producers = [Producer("recolour", f"recolour{n}", rule, n) for n, rule in enumerate(rules)]
    given = cast("dict[str, Any]", options)
    scorers = (CorpusScoring(max_log_ratio=max_log_ratio),)
    policy = PairPolicy(scorers=scorers, **given) if draw == "pairs" else RecipePolicy(**given)
    chooser = Chooser(producers, policy, seed, Table())
    parse = parse_of(CAPTION)
    siblings = Siblings(texts=frozenset({normalise(image)} if image else ()))
    of_slot = iter(log_ratios)
    offers = [[Offer(slot, next(of_slot, None)) for slot in rule(parse)] for rule in rules]
    return choose(Caption(f"x:{seed}", "", parse.text), parse, siblings, offers, chooser)


def texts_of(chosen: Chosen) -> list[str]:
    return [negative.text for negative in chosen.negatives]


def test_a_slot_is_drawn_once_with_the_caption_among_its_alternatives() -> None:
    counts = Counter(tuple(texts_of(choose_with(Recolour(), seed=seed))) for seed in range(4_000))
    assert set(counts) == {
        (),
        ("a blue car on a street",),
        ("a green car on a street",),
        ("an ashen car on a street",),
    }
    assert all(850 < count < 1150 for count in counts.values())


def test_every_alternative_with_a_log_ratio_is_asked_once() -> None:
    log_ratios = [(0.0, -1.0, -8.0)]  # as likely as the caption, less likely, too unlikely
    tally: Counter[tuple[str, ...]] = Counter()
    for seed in range(2_000):
        chosen = choose_with(Recolour(), seed=seed, log_ratios=log_ratios, max_log_ratio=2.5)
        assert chosen.tally["recolour", "stays"] == 0
        assert [n.score for n in chosen.negatives] == [0.0, -1.0][: len(chosen.negatives)]
        tally[tuple(texts_of(chosen))] += 1
    blue, green = "a blue car on a street", "a green car on a street"
    assert set(tally) == {(blue,), (blue, green)}
    assert abs(tally[blue, green] / 2_000 - math.exp(-1)) < 0.04
    far = choose_with(Recolour(), log_ratios=[(3.0, -3.0, -9.0)], max_log_ratio=2.5)
    assert (far.negatives, far.tally["recolour", "out of reach"]) == ((), 1)


def test_what_the_model_does_not_know_is_neither_drawn_nor_drawn_from() -> None:
    chosen = choose_with(Recolour(), log_ratios=[(-math.inf,) * 3], max_log_ratio=1e9)
    assert (chosen.negatives, chosen.tally["recolour", "rarely seen together"]) == ((), 1)
    chosen = choose_with(Recolour(), log_ratios=[(-math.inf, 0.0, -math.inf)], max_log_ratio=1e9)
    assert texts_of(chosen) == ["a green car on a street"]
    chosen = choose_with(Recolour(), log_ratios=[()])
    assert (chosen.negatives, chosen.tally["recolour", "not laid out"]) == ((), 1)


def test_what_does_not_lead_back_is_drawn_from_only_where_that_is_asked_for() -> None:
    for irreversible in (False, True):
        chosen = choose_with(
            Recolour(reversible=False), log_ratios=[(0.0, 0.0, 0.0)], irreversible=irreversible
        )
        assert len(chosen.negatives) == (3 if irreversible else 0)
        assert chosen.tally["recolour", "cannot be drawn back"] == (not irreversible)


def test_each_slot_has_its_log_ratios_and_one_without_is_drawn_uniformly() -> None:
    far = (9.0, 9.0, 9.0)
    chosen = choose_with(
        Recolour(num_slots=2), Recolour(), log_ratios=[far, far, (9.0, 9.0, 0.0)], max_log_ratio=1.0
    )
    assert [n.producer for n in chosen.negatives] == [1]
    assert texts_of(chosen) == ["an ashen car on a street"]
    found = {
        (n.text, n.score)
        for seed in range(50)
        for n in choose_with(Recolour(), seed=seed, log_ratios=[None]).negatives
    }
    assert len(found) == 3
    assert {score for _, score in found} == {None}


def test_slots_are_drawn_independently_of_one_another() -> None:
    counts = Counter(
        choose_with(Recolour(words=("blue",), num_slots=2), seed=seed, guards=False).tally[
            "recolour", "stays"
        ]
        for seed in range(2_000)
    )
    assert abs(counts[1] / 2_000 - 0.5) < 0.05
    assert abs(counts[0] / 2_000 - 0.25) < 0.05


def test_the_same_seed_gives_the_same_and_another_rule_disturbs_nothing() -> None:
    one = choose_with(Recolour(num_slots=5))
    assert one == choose_with(Recolour(num_slots=5))
    both = choose_with(Recolour(num_slots=5), Recolour(words=("old", "new")))
    assert both.negatives[: len(one.negatives)] == one.negatives


def test_thinning_keeps_a_fixed_share() -> None:
    tally: Counter[tuple[str, str]] = Counter()
    for seed in range(2_000):
        tally += choose_with(Recolour(), seed=seed, keep={"replace/att": 0.25}).tally
    assert tally["recolour", "slots"] == 2_000
    drawn = tally["recolour", "thinned"] + tally["recolour", "accepted"]
    assert drawn + tally["recolour", "stays"] == 2_000
    assert abs(tally["recolour", "accepted"] / drawn - 0.25) < 0.03


def test_what_falls_is_counted_and_nothing_takes_its_place() -> None:
    for seed in range(50):
        chosen = choose_with(Recolour(), seed=seed, image="A BLUE car, on a street!")
        assert sum(chosen.tally.values()) - chosen.tally["recolour", "slots"] == 1
        assert "a blue car on a street" not in texts_of(chosen)
        for reject in chosen.rejects:
            assert (reject.text, reject.reason) == ("a blue car on a street", "equal to a sibling")


def test_equal_texts_are_counted_once() -> None:
    chosen = choose_with(
        Recolour(words=("blue", "BLUE", "Red", "blue "), num_slots=40), guards=False
    )
    assert len(chosen.negatives) == 1
    assert chosen.tally["recolour", "equal text"] == len(chosen.rejects) > 10


def test_a_cap_is_counted() -> None:
    chosen = choose_with(Recolour(num_slots=40), max_negatives=2)
    assert len(chosen.negatives) == 2
    capped = [reject for reject in chosen.rejects if reject.reason == "cap"]
    assert len(capped) == chosen.tally["recolour", "cap"] > 0


def test_edits_are_raw_without_wording() -> None:
    found = {
        text
        for seed in range(50)
        for text in texts_of(choose_with(Recolour(), seed=seed, wording=False))
    }
    assert "a ashen car on a street" in found
    assert "an ashen car on a street" not in found


def test_a_recipe_keeps_distinct_variants_and_never_the_caption() -> None:
    chosen = choose_with(Recolour(), draw="recipe", variants=5, guards=False)
    assert sorted(texts_of(chosen)) == sorted(
        ["a blue car on a street", "a green car on a street", "an ashen car on a street"]
    )
    chosen = choose_with(Recolour(words=("red",)), draw="recipe", variants=5, guards=False)
    assert chosen.negatives == ()


def test_a_recipe_follows_the_weights_across_slots() -> None:
    heavy, light = Recolour(words=("blue",), weights=(3.0,)), Recolour(weights=(0.5, 0.5, 0.0))

    class Both:
        def __call__(self, parse: Parse) -> Iterator[Slot]:
            yield from heavy(parse)
            yield from light(parse)

    counts = Counter(
        texts_of(choose_with(Both(), seed=seed, draw="recipe", variants=1, guards=False))[0]
        for seed in range(4_000)
    )
    assert set(counts) == {"a blue car on a street", "a green car on a street"}
    assert abs(counts["a blue car on a street"] / 4_000 - 3.5 / 4) < 0.02


def test_a_recipe_stores_all_variants_that_exist() -> None:
    """Equal texts are no variants, and rare ones are found when the tries run out."""
    words = ("blue", "BLUE", "Blue", "red", "green", "old", "new", "wet", "dry")
    weights = (1e6, 1e6, 1e6, 1e6, 1.0, 1.0, 1.0, 1.0, 0.0)
    rule = Recolour(words=words, weights=weights)
    policy = {"draw": "recipe", "variants": 5, "wording": False, "guards": False}
    for seed in range(30):
        chosen = choose_with(rule, seed=seed, **policy)
        colours = [text.split()[1].lower() for text in texts_of(chosen)]
        assert sorted(colours) == ["blue", "green", "new", "old", "wet"]
        assert chosen.tally["recolour", "equal text"] == len(chosen.rejects) <= 1
        assert chosen == choose_with(rule, seed=seed, **policy)
    twice = choose_with(rule, Recolour(words=words[4:]), **policy)
    assert len(twice.negatives) == 6


def test_what_is_left_is_drawn_by_its_weight() -> None:
    rule = Recolour(words=("blue", "green", "old"), weights=(1e9, 3.0, 1.0))
    policy = {"draw": "recipe", "variants": 2, "guards": False}
    seconds = Counter(texts_of(choose_with(rule, seed=n, **policy))[1] for n in range(2_000))
    assert abs(seconds["a green car on a street"] / 2_000 - 0.75) < 0.04


def test_what_is_left_is_gone_through_within_bounds() -> None:
    words = ("blue",) * (10 * MOST_ALTERNATIVES) + ("green",)
    chosen = choose_with(Recolour(words=words), draw="recipe", variants=5, guards=False)
    assert len(chosen.negatives) <= 2


@pytest.mark.parametrize("draw", ["pairs", "recipe"])
def test_a_caption_without_slots_has_no_candidate(draw: str) -> None:
    chosen = choose_with(Recolour(num_slots=0), draw=draw)
    assert ("recolour", "slots") not in chosen.tally
    tallies = Tallies()
    tallies.add(chosen)
    assert tallies.content()["captions"] == {"all": 1, "with_candidate": 0, "with_negative": 0}
    assert tallies.content()["empty_because"] == {"no slot": 1}


def test_alternatives_of_no_weight_are_never_drawn() -> None:
    rule = Recolour(words=("blue",), weights=(0.0,))
    assert choose_with(rule, draw="recipe", guards=False).negatives == ()


@pytest.mark.parametrize(("weighted", "share"), [(True, 0.9), (False, 0.5)])
def test_a_recipe_follows_the_weights_of_its_rules_if_it_is_to(
    *, weighted: bool, share: float
) -> None:
    rule = Recolour(words=("blue", "green"), weights=(9.0, 1.0))
    policy = {"draw": "recipe", "variants": 1, "weighted": weighted, "guards": False}
    firsts = Counter(texts_of(choose_with(rule, seed=n, **policy))[0] for n in range(2_000))
    assert abs(firsts["a blue car on a street"] / 2_000 - share) < 0.04


def test_why_none_names_the_commonest_outcome() -> None:
    assert why_none(Counter()) == "no slot"
    assert why_none(Counter({("a", "slots"): 9, ("a", "stays"): 1, ("b", "light noun"): 2})) == (
        "light noun"
    )
