"""Policies: numbers that mean nothing are refused, and which power each scorer has."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from data.errors import UsageError
from negatives.policy import CausalScoring, CorpusScoring, PairPolicy, RecipePolicy, Scoring
from negatives.sampling import Acceptance

CORPUS, CAUSAL = CorpusScoring(), CausalScoring()
SWAPS = CausalScoring(kinds=("swap", "replace/rel"))


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (PairPolicy, {"max_negatives": 0}, r"choice\.max_negatives: expected 1 or more, found 0"),
        (PairPolicy, {"keep": {"swap/obj": 1.5}}, r"choice\.keep\.swap/obj: expected 0 to 1"),
        (PairPolicy, {"max_share": 0.0}, r"max_share: expected a share from 0 to 1, found 0.0"),
        (PairPolicy, {"max_share": 0.4}, r"max_share: expected the scorer corpus"),
        (PairPolicy, {"scorers": (CAUSAL, CORPUS)}, "the scorer corpus once and first"),
        (PairPolicy, {"scorers": (CORPUS, CORPUS)}, "the scorer corpus once and first"),
        (RecipePolicy, {"variants": 0}, r"choice\.variants: expected 1 or more, found 0"),
        (RecipePolicy, {"max_negatives": 0}, r"choice\.max_negatives"),
        (CorpusScoring, {"max_log_ratio": math.nan}, "scorer corpus: expected a positive max_log"),
        (CorpusScoring, {"max_log_ratio": math.inf}, "scorer corpus: expected a positive max_log"),
        (CorpusScoring, {"power": -1}, "scorer corpus: expected a power of 0 or more, found -1"),
        (CorpusScoring, {"min_context_coverage": -0.1}, "from 0 to 1, found -0.1"),
        (CausalScoring, {"max_log_ratio": 0}, "scorer causal: expected a positive max_log_ratio"),
        (CausalScoring, {"power": math.inf}, "scorer causal: expected a power of 0 or more"),
        (CausalScoring, {"kinds": ()}, "expected at least one kind"),
    ],
)
def test_what_means_nothing_is_refused(
    cls: Callable[..., object], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        cls(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scorers", "kind", "powers"),
    [
        ((CORPUS,), "replace/obj", [1.0]),
        ((CAUSAL,), "replace/obj", [0.6]),
        ((CORPUS, CAUSAL), "replace/obj", [0.75, 0.2]),
        ((CORPUS, SWAPS), "swap/obj", [0.75, 0.2]),
        ((CORPUS, SWAPS), "replace/rel", [0.75, 0.2]),
        ((CORPUS, SWAPS), "replace/obj", [1.0, 0.2]),  # which the latter does not read
        ((CorpusScoring(power=0.5), CausalScoring(power=0.3)), "swap/obj", [0.5, 0.3]),
        ((CorpusScoring(power=0.5), SWAPS), "replace/obj", [0.5, 0.2]),
    ],
)
def test_which_power_a_scorer_has(
    scorers: tuple[Scoring, ...], kind: str, powers: list[float]
) -> None:
    policy = PairPolicy(scorers=scorers)
    assert [policy.power(scoring, *kind.split("/")) for scoring in scorers] == powers


def test_slots_are_drawn_from_by_the_corpus_or_let_through_to_causal_scorers() -> None:
    policy = PairPolicy(scorers=(CorpusScoring(max_log_ratio=2.0), SWAPS))
    assert policy.first_acceptance("swap", "obj") == Acceptance(0.75, 2.0)
    assert policy.first_acceptance("replace", "obj") == Acceptance(1.0, 2.0)
    assert PairPolicy(scorers=(CAUSAL,)).first_acceptance("swap", "obj").chance(-99.0) == 1.0


@pytest.mark.parametrize(
    ("kind", "is_read"),
    [("swap/obj", True), ("swap/att", True), ("replace/rel", True), ("replace/obj", False)],
)
def test_a_causal_scorer_reads_types_and_kinds(kind: str, *, is_read: bool) -> None:
    assert SWAPS.reads(*kind.split("/")) is is_read
    assert CAUSAL.reads(*kind.split("/"))
    assert CORPUS.reads(*kind.split("/"))
