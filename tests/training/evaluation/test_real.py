"""SugarCrepe as its authors publish it, on the few photographs that lie beside the checkout."""

from pathlib import Path

import pytest
import torch

from tests.training.runs import model_folder
from training.evaluation.benchmarks import open_benchmark
from training.evaluation.encoder import Encoder, Encoding
from training.evaluation.results import Results
from training.evaluation.run import evaluate
from training.model.loading import load_model

DATA = Path(__file__).parents[4] / "shared/data"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not (DATA / "sugar-crepe").exists(), reason="no SugarCrepe at ../shared/data/sugar-crepe"
    ),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("real")
    name = f"local-dir:{model_folder(folder / 'model')}"
    encoding = Encoding(device=torch.device("cpu"), workers=0, cache=folder / "cache")
    benchmark = open_benchmark(
        "sugarcrepe", root=DATA / "sugar-crepe", images=DATA / "coco/val2017"
    )
    encoder = Encoder(load_model(name), name=name, encoding=encoding)
    return evaluate(encoder, [benchmark], model="tiny", weights="none", cache=folder / "cache")


def test_what_is_covered_is_said(results: Results) -> None:
    assert "sugarcrepe: 227 of 7,511 items have their images" in results.notes
    assert sum(score.items for score in results.scores) == 227
    assert sum(score.expected for score in results.scores) == 7511
    assert sum(len(score.outcomes) for score in results.scores) == 7511


def test_who_knows_nothing_is_right_half_of_the_time(results: Results) -> None:
    assert 0.4 < results.summary["sugarcrepe composition micro"] < 0.6


@pytest.mark.parametrize(
    ("kind", "low", "high"), [("swap", 0.55, 0.75), ("replace", 0.7, 0.9), ("add", 0.95, 1.0)]
)
def test_a_reader_of_texts_tells_much_of_it(
    results: Results, kind: str, low: float, high: float
) -> None:
    """So it is of all items, those without an image too."""
    words = {
        score.task: score.text_only["words"]
        for score in results.scores
        if score.task.startswith(kind)
    }
    assert len(words) > 1
    assert all(low < share <= high for share in words.values()), words
