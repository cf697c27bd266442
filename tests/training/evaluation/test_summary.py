from dataclasses import replace

import pytest

from training.evaluation.benchmarks import BENCHMARKS
from training.evaluation.results import Score
from training.evaluation.summary import COMPOSITION, NUM_ZERO_SHOT, RETRIEVAL, summary_of
from training.evaluation.zeroshot.sets import SETS


def score(benchmark: str, task: str, value: float | None, **changes: object) -> Score:
    plain = Score(
        benchmark=benchmark, task=task, kind="composition", measure="accuracy", value=value,
        low=0.0, high=1.0, ties=0, items=10, expected=10, chance=0.5,
    )  # fmt: skip
    return replace(plain, **changes)  # type: ignore[arg-type]


def recalls(benchmark: str, task: str, i2t: float, t2i: float) -> list[Score]:
    return [
        score(benchmark, task, value, kind="retrieval", measure=f"{side} R@{cut}")
        for side, at_1 in (("I2T", i2t), ("T2I", t2i))
        for cut, value in ((1, at_1), (5, at_1 + 0.1), (10, at_1 + 0.2))
    ]


def test_the_papers_lists() -> None:
    assert len(COMPOSITION) == 11
    assert len(RETRIEVAL) == 3
    assert NUM_ZERO_SHOT == len(SETS) == 21
    assert {*COMPOSITION, *RETRIEVAL} <= set(BENCHMARKS)


def test_macro_is_over_tasks_and_micro_over_items() -> None:
    found = summary_of([score("sugarcrepe", "a", 0.2, items=30), score("sugarcrepe", "b", 0.8)])
    assert found["sugarcrepe composition macro"] == pytest.approx(0.5)
    assert found["sugarcrepe composition micro"] == pytest.approx(0.35)
    assert found["Comp (1 of 11)"] == pytest.approx(0.5)


def test_comp_is_the_mean_of_eleven_benchmarks_each_the_mean_of_its_tasks() -> None:
    scores = [score(name, "group", n / 10) for n, name in enumerate(COMPOSITION)]
    scores += [score("sugarcrepe", "group more", 1.0)]
    found = summary_of(scores)
    own = [n / 10 for n in range(11)]
    own[COMPOSITION.index("sugarcrepe")] = (own[COMPOSITION.index("sugarcrepe")] + 1) / 2
    assert found["Comp"] == pytest.approx(sum(own) / 11)
    assert not any(name.startswith("Comp (") for name in found)
    fewer = summary_of(scores[1:])
    assert "Comp" not in fewer
    assert "Comp (10 of 11)" in fewer


VALSE = {
    "existence": 69.31, "plurals": 57.58, "counting_hard": 64.52, "counting_small_quant": 61.89,
    "counting_adversarial": 58.18, "relations": 65.98, "action_replacement": 77.78,
    "actant_swap": 71.76, "coreference_standard": 54.94, "coreference_hard": 51.92,
    "foil_it": 90.14,
}  # fmt: skip
CHECKLIST = {
    "object_location_center": 87.42, "object_location_margin": 74.95, "object_location_mid": 84.43,
    "object_size_large": 87.21, "object_size_medium": 81.57, "object_size_small": 74.10,
    "attribute_action": 70.60, "attribute_color": 69.55, "attribute_material": 69.75,
    "attribute_size": 61.10, "attribute_state": 67.30, "relation_action": 72.07,
    "relation_spatial": 54.00,
}  # fmt: skip
EQBEN = {
    "eqbenyoucook2": 37.34, "eqbengebc": 4.52, "eqbenag": 3.04, "eqbenkubric_loc": 1.0,
    "eqbenkubric_cnt": 6.1, "eqbenkubric_attr": 22.2, "eqbensd": 77.79,
}  # fmt: skip
SUGARCREPE = {
    "replace_obj": (90.92, 1652), "replace_att": (80.08, 788), "replace_rel": (69.2, 1406),
    "swap_obj": (61.22, 245), "swap_att": (63.96, 666), "add_obj": (77.21, 2062),
    "add_att": (68.79, 692),
}  # fmt: skip


@pytest.mark.parametrize(
    ("benchmark", "tasks", "published"),
    [
        ("valse", VALSE, 67.53),
        ("vlchecklist", CHECKLIST, 70.77),
        ("eqben", {f"{name} group": value for name, value in EQBEN.items()}, 26.49),
        ("sugarcrepe", SUGARCREPE, 73.03),
        ("imagecode", {"videos": (15.06, 1872), "static": (50.70, 430)}, 21.72),
        ("whatsup", {"a": 30.0, "b": 60.0}, 45.0),
    ],
)
def test_a_benchmarks_part_in_comp_is_the_papers_mean(
    benchmark: str, tasks: dict[str, float | tuple[float, int]], published: float
) -> None:
    """Both figures of OpenAI's ViT-B-32 are published: of each task and of each benchmark."""
    pairs = {name: one if isinstance(one, tuple) else (one, 7) for name, one in tasks.items()}
    found = summary_of(
        [score(benchmark, name, value / 100, expected=n) for name, (value, n) in pairs.items()]
    )
    assert found["Comp (1 of 11)"] == pytest.approx(published / 100, abs=1e-4)
    own = found.get(f"{benchmark} composition mean of parts", published / 100)
    assert own == pytest.approx(published / 100, abs=1e-4)


@pytest.mark.parametrize("name", ["winoground", "eqben"])
def test_groups_count_by_the_group(name: str) -> None:
    parts = ("text", "image", "group")
    found = summary_of(
        [score(name, part, value) for part, value in zip(parts, (0.3, 0.1, 0.08), strict=True)]
    )
    assert found["Comp (1 of 11)"] == pytest.approx(0.08)
    assert found[f"{name} composition macro"] == pytest.approx(0.08)


def test_paraphrases_are_no_composition() -> None:
    scores = [
        score("scenes", "swap_att", 0.6),
        score("scenes", "paraphrases", 0.2, kind="paraphrases"),
        score("scenes", "objects", 0.9, kind="classification"),
    ]
    found = summary_of(scores)
    assert found["scenes composition macro"] == 0.6
    assert found["scenes paraphrases macro"] == 0.2
    assert found["scenes classification macro"] == 0.9
    assert not any(name.startswith(("Comp", "ZS")) for name in found)


def test_of_sugarcrepe_pp_what_has_a_image_counts() -> None:
    scores = [
        score("sugarcrepe_pp", "swap_att ITT", 0.4, kind="paraphrases"),
        score("sugarcrepe_pp", "swap_att TOT", 0.9, kind="paraphrases"),
    ]
    assert summary_of(scores)["sugarcrepe_pp paraphrases macro"] == 0.4


def test_zero_shot_is_the_mean_of_21_sets() -> None:
    sets = [score("zeroshot", of.name, n / 21, kind="classification") for n, of in enumerate(SETS)]
    assert summary_of(sets)["ZS"] == pytest.approx(sum(range(21)) / 21 / 21)
    assert "ZS (20 of 21)" in summary_of(sets[1:])


def test_retrieval_is_the_mean_recall_at_1_of_three() -> None:
    scores = [
        *recalls("coco", "", 0.5, 0.3),
        *recalls("flickr30k", "", 0.8, 0.6),
        *recalls("coco_counterfactuals", "retrieval", 0.2, 0.3),
    ]
    found = summary_of(scores)
    assert found["I2T"] == pytest.approx(0.5)
    assert found["T2I"] == pytest.approx(0.4)
    assert found["coco I2T R@1"] == 0.5
    assert "I2T (2 of 3)" in summary_of(scores[:12])


def test_retrieval_among_other_images_is_not_the_papers() -> None:
    found = summary_of(recalls("coco", "val2017", 0.5, 0.3))
    assert found == {"coco I2T R@1": 0.5, "coco T2I R@1": 0.3}


def test_retrievals_of_one_benchmark_are_told_apart() -> None:
    found = summary_of([*recalls("negbench", "a", 0.5, 0.3), *recalls("negbench", "b", 0.4, 0.2)])
    assert found["negbench a I2T R@1"] == 0.5
    assert found["negbench b T2I R@1"] == 0.2


def test_what_was_not_scored_is_left_out() -> None:
    assert summary_of([score("sugarcrepe", "a", None, items=0)]) == {}
    found = summary_of([score("sugarcrepe", "a", None, items=0), score("sugarcrepe", "b", 0.4)])
    assert found["sugarcrepe composition macro"] == 0.4
