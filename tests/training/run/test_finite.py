"""Numbers that mean nothing stop a run or an evaluation, in one line."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from numpy.typing import NDArray

from data.errors import UsageError
from tests.training.folders import jpeg, picture_folder
from tests.training.runs import model_folder, places, settings, world
from training.cli import evaluate as command
from training.config import settings_of
from training.evaluation.benchmarks import Benchmark
from training.evaluation.encoder import Encoder, Encoding
from training.evaluation.run import evaluate
from training.evaluation.store import Found
from training.evaluation.tasks import CAPTIONS, Classification, ImageRef, Item, Task
from training.evaluation.text_only import text_only_scores
from training.export import weights_of
from training.model.loading import load_model
from training.run.loop import State, validate_and_checkpoint
from training.run.start import prepare
from training.run.stopping import Stopping
from training.run.train import assemble, train

KINDS = ("add_att", "add_obj", "replace_att", "replace_obj", "replace_rel", "swap_att", "swap_obj")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a world with a benchmark, and models whose weights or features are no numbers."""
    torch.set_num_threads(1)
    folder = world(tmp_path_factory.mktemp("world"))
    (folder / "crepe").mkdir()
    item = {"filename": "1.jpg", "caption": "a dog", "negative_caption": "a cat"}
    for kind in KINDS:
        (folder / f"crepe/{kind}.json").write_text(json.dumps({"0": item}))
    picture_folder(folder / "coco", {"1.jpg": jpeg(1)})
    picture_folder(folder / "broken", {"1.jpg": b"no image"})
    picture_folder(folder / "none", {"2.jpg": jpeg(1)})
    for name, value in (("nan", math.nan), ("inf", math.inf), ("huge", 3e38)):
        weights = model_folder(folder / name) / "open_clip_pytorch_model.bin"
        state = torch.load(weights, weights_only=True)
        torch.save(state | {"visual.proj": torch.full((16, 16), value)}, weights)
    return folder


@pytest.mark.parametrize(
    ("model", "images", "message"),
    [
        ("nan", "coco", "expected finite numbers, found NaN or infinite ones in 1 of "),
        ("inf", "coco", "expected finite numbers, found NaN or infinite ones in 1 of "),
        ("huge", "coco", "expected finite features, the model gives NaN or infinity"),
        ("model", "none", "expected its images, found none of 1, for example '1.jpg'"),
        ("model", "broken", "expected images, none of 1 can be decoded, for example '1.jpg'"),
        ("model", "coco", None),
    ],
)
def test_nothing_is_scored_on_what_is_no_number_or_no_image(
    root: Path, tmp_path: Path, model: str, images: str, message: str | None
) -> None:
    line = ["--model", f"local-dir:{root / model}", "--benchmark",
            f"sugarcrepe={root / 'crepe'}:{root / images}", "--device", "cpu", "--workers", "0",
            "--cache", str(tmp_path), "--json"]  # fmt: skip
    result = CliRunner().invoke(command, line)
    if message is None:
        assert [score["items"] for score in json.loads(result.stdout)["scores"]] == [1] * 7
        return
    assert isinstance(result.exception, UsageError), result.output
    assert message in str(result.exception)
    assert "\n" not in str(result.exception)
    assert result.stdout == ""


def test_a_run_whose_validation_is_no_number_writes_no_checkpoint(root: Path) -> None:
    chosen, here = settings(root, validation="val"), places(root, "spoiled")
    run = assemble(chosen, prepare(chosen, here), here.out, device=torch.device("cpu"))
    state = State(step=3, position=run.samples.start())
    with torch.no_grad():
        run.model.clip.visual.proj.fill_(torch.nan)
    with pytest.raises(UsageError, match="loss on the validation split is not finite at step 3"):
        validate_and_checkpoint(run, state, (), Stopping())
    assert not here.out.exists()


@pytest.mark.parametrize("alpha", [math.nan, math.inf, -math.inf])
def test_weights_are_interpolated_by_a_number(root: Path, alpha: float) -> None:
    train(settings(root, epochs=1), places(root, f"run-{alpha}"), limit_steps=1)
    with pytest.raises(UsageError, match="--alpha: expected 0 to 1"):
        weights_of(root / f"run-{alpha}", alpha=alpha)


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": {"lr": math.inf}},
        {"optimizer": {"eps": math.inf}},
        {"optimizer": {"weight_decay": math.inf}},
        {"optimizer": {"clip_norm": math.inf}},
        {"losses": [{"loss": "global", "weight": math.inf}]},
        {"losses": [{"loss": "global", "gamma": math.nan}]},
        {"lora": {"alpha": math.inf}},
        {"batch_size": 1},
    ],
)
def test_options_that_make_a_loss_meaningless_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^training\..*: expected"):
        settings_of({"training": options})


def test_a_batch_of_one_has_its_negatives_to_be_told_from() -> None:
    assert settings_of({"training": {"preset": "negclip", "batch_size": 1}}).batch_size == 1
    assert settings_of({"training": {"optimizer": {"clip_norm": None}}}).optimizer


class Spoiled:
    name = "spoiled"

    def __call__(self, texts: object, /) -> NDArray[np.float64]:
        return np.full(len(list(texts)), np.nan)  # type: ignore[call-overload]


def test_a_language_model_that_gives_no_numbers_is_refused() -> None:
    items = tuple(Item(str(n), (ImageRef(f"{n}.jpg"),), (f"a {n}", f"b {n}")) for n in range(3))
    task = Task(name="x", layout=CAPTIONS, items=items)
    with pytest.raises(UsageError, match="language model spoiled: expected finite log prob"):
        text_only_scores(task, log_probability=Spoiled())


def test_a_measure_that_is_not_defined_is_said_to_be_so(root: Path, tmp_path: Path) -> None:
    keys = ("a.jpg", "b.jpg")
    images = picture_folder(tmp_path / "images", {key: jpeg(n) for n, key in enumerate(keys)})
    task = Classification(
        name="memes",
        images=tuple(map(ImageRef, keys)),
        labels=((0,), (0,)),
        classes=(("a dog",), ("a cat",)),
        templates=("{}",),
        measure="ROC AUC",
        expected=None,
    )
    name = f"local-dir:{root / 'model'}"
    encoding = Encoding(device=torch.device("cpu"), workers=0, cache=tmp_path / "cache")
    results = evaluate(
        Encoder(load_model(name), name=name, encoding=encoding),
        [Benchmark(name="zeroshot", tasks=(task,), store=Found(images))],
        model="m",
        weights="w",
    )
    assert results.scores[0].value is None
    assert results.notes == (
        "zeroshot memes: ROC AUC is undefined because its 2 images are all of one class",
    )
