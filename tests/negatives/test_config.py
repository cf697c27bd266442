"""`negatives.choice` in pipeline.yaml: which policy it asks for, and what it refuses."""

from typing import Any

import pytest

from data.errors import UsageError
from negatives.config import build_config
from negatives.policy import CausalScoring, CorpusScoring, PairPolicy, Policy, RecipePolicy
from negatives.presets import PRESETS


@pytest.mark.parametrize(
    ("preset", "choice", "policy"),
    [
        ("natural", {}, PRESETS["natural"].policy),
        ("natural", {"scorers": None, "draw": None, "keep": None}, PRESETS["natural"].policy),
        ("natural", {"scorers": []}, PairPolicy()),
        ("natural", {"scorers": ["causal"]}, PairPolicy(scorers=(CausalScoring(),))),
        (
            "natural",
            {
                "scorers": [
                    {"scorer": "corpus", "max_log_ratio": 2, "min_context_coverage": 0.5},
                    {"scorer": "causal", "model": "gpt2", "kinds": ["swap", "replace/rel"]},
                ],
                "guards": False,
            },
            PairPolicy(
                scorers=(
                    CorpusScoring(max_log_ratio=2.0, min_context_coverage=0.5),
                    CausalScoring(model="gpt2", kinds=("swap", "replace/rel")),
                ),
                guards=False,
            ),
        ),
        ("natural", {"draw": "recipe", "variants": 3}, RecipePolicy(variants=3)),
        (
            "fsc-clip",
            {"weighted": False},
            RecipePolicy(weighted=False, wording=False, guards=False),
        ),
        ("fsc-clip", {"draw": "pairs", "scorers": ["corpus"]}, PRESETS["natural"].policy),
    ],
)
def test_the_policy_that_a_choice_asks_for(
    preset: str, choice: dict[str, Any], policy: Policy
) -> None:
    config = build_config({"negatives": {"preset": preset, "choice": choice}})
    assert config.policy == policy
    stated = config.content()["negatives"]
    again = build_config({"negatives": {"preset": preset, "choice": stated["choice"]}})  # type: ignore[index]
    assert again.policy == policy


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"choice": {"scorers": "corpus"}}, r"scorers: expected a list of .*found 'corpus'"),
        ({"choice": {"scorers": ["corpos"]}}, "found 'corpos'; did you mean 'corpus'"),
        ({"choice": {"scorers": [{"model": "gpt2"}]}}, "expected {scorer: NAME"),
        ({"choice": {"scorers": [{"scorer": "causal", "modell": 1}]}}, "scorer causal: unknown"),
        ({"choice": {"scorers": [{"scorer": "causal", "dtype": "int8"}]}}, r"causal\.dtype"),
        (
            {"choice": {"scorers": [{"scorer": "causal", "kinds": ["swop"]}]}},
            "unknown kind 'swop'; did you mean 'swap'",
        ),
        ({"choice": {"scorers": ["causal", "corpus"]}}, "corpus once and first"),
        (
            {"preset": "svlc", "choice": {"scorers": ["causal"]}},
            "scorers: has no effect with draw: recipe; expected draw to be pairs",
        ),
        ({"choice": {"variants": 3}}, "variants: has no effect with draw: pairs"),
        ({"choice": {"draw": "pears"}}, "unknown 'pears'; did you mean 'pairs'"),
        ({"choice": {"gards": None}}, "negatives.choice: unknown option 'gards'; did you mean"),
        (
            {"choice": {"scorers": []}, "fluency_from": "out"},
            "fluency_from: expected the scorer corpus",
        ),
        (
            {"rules": [{"rule": "llm_infill"}]},
            "llm_infill cannot; use the preset natural-llm",
        ),
    ],
)
def test_a_wrong_choice_is_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_config({"negatives": section})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"scorer": {"model": "gpt2"}}, r"scorer: was renamed .*use negatives\.choice\.scorers: "),
        ({"choice": {"weights": "neural"}}, r"found 'neural'.*scorers: .*\[causal\] for neural"),
        ({"choice": {"weights": None}}, "weights: was renamed .found None."),
        ({"choice": {"second_draw": "neural"}}, r"use .*\[corpus, causal\] for neural"),
        ({"choice": {"reach": 2.5}}, "found 2.5.; use max_log_ratio of the scorer corpus"),
        ({"choice": {"known": 0.5}}, "use min_context_coverage of the scorer corpus"),
        ({"choice": {"corpus_power": 1}}, "use power of the scorer corpus"),
        ({"choice": {"neural_reach": 9}}, "use max_log_ratio of the scorer causal"),
        ({"choice": {"neural_power": 1}}, "use power of the scorer causal"),
        ({"choice": {"draw": "slots"}}, "draw: expected pairs, found its old name slots"),
    ],
)
def test_an_old_name_is_refused_with_the_new_one(section: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        build_config({"negatives": section})
    assert "\n" not in str(caught.value)
