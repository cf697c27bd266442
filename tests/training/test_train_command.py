"""`train` as it is typed."""

import json
import resource
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from zipfile import ZipFile

import pytest
import torch
from click.testing import CliRunner, Result

from data.errors import UsageError
from tests.training.runs import places, records, settings, world
from training.cli import train as command
from training.commands.train import Given, resolve
from training.model.loading import matched_name
from training.run.plan import plan_of
from training.run.start import prepare
from training.run.train import train

TRAIN = Path(sys.executable).with_name("train")
SHORT = "precision=fp32 batch_size=8 epochs=2 run.workers=0 run.device=cpu"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return world(tmp_path_factory.mktemp("world"))


def typed(root: Path, more: str = "", *, short: str = SHORT) -> list[str]:
    line = f"--shards {root}/shards --images {root}/images --model local-dir:{root}/model"
    options = " ".join(f"--set training.{option}" for option in short.split())
    return shlex.split(f"{line} {options} {more}")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_help_answers_at_once() -> None:
    for arguments in (["--help"], ["export", "--help"], ["publish", "--help"]):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([TRAIN, *arguments], capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "Usage: train" in done.stdout
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_a_sigterm_ends_with_a_checkpoint_and_75_and_the_run_goes_on(root: Path) -> None:
    out = root / "stopped"
    line = [TRAIN, *typed(root, f"--out {out} --set training.run.log_every=1", short=SHORT)]
    line += ["--set", "training.epochs=2000"]
    with subprocess.Popen(
        line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not (out / "log.jsonl").exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        told, errors = process.communicate(timeout=60)
    assert process.returncode == 75, errors
    assert "stopped by a signal at step" in told
    assert "images/s" in errors
    assert "Traceback" not in errors
    (last,) = [path.stem for path in (out / "checkpoints").glob("*.pt")][-1:]
    assert last.startswith("step-")
    assert len(records(out)) >= 1


def test_errors_are_one_line_with_their_exit_code(tmp_path: Path) -> None:
    done = subprocess.run([TRAIN, "--shards", tmp_path, "--out", tmp_path / "x"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "train: " in done.stderr
    assert "no manifest.json" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "expected --shards"),
        ("--shards x", "expected --out"),
        ("--shards x --out y --pretrained ''", "--pretrained: expected .*none for random"),
        (
            """--shards x --out y --set 'training.pretrained=""'""",
            "training.pretrained: expected .*null for random",
        ),
        ("--shards x --out y --preset ''", "training.preset: unknown ''"),
        ("--shards x --out y --limit-steps 0", "--limit-steps: expected 1 or more"),
        ("--shards x --out y --preset fsc", "unknown 'fsc'; did you mean 'fsc-clip'"),
        ("--shards x --out y --set training.epoch=1", "did you mean 'epochs'"),
        (
            "--shards x --out y --set training.loss.gama=1",
            "use training.losses: .clip, global, local",
        ),
        ("--shards x --out y --set training.optimizer.lr=0", "lr: expected a positive number"),
        ("--shards x --out y --set training.crop=[0.9,0.1]", "crop: expected shares"),
        ("--shards x --out y --set training.run.device=cude", "run.device: cude cannot be used"),
        ("--shards x --out y --model ViT-B-33 --pretrained none", "x: no such file or folder"),
        ("publish run name", "expected USER/NAME, found 'name'"),
        ("export nowhere --output x.pt", "expected the folder of a run"),
    ],
)
def test_what_is_wrong_is_said(arguments: str, message: str) -> None:
    error = run(*shlex.split(arguments)).exception
    assert error is not None
    with pytest.raises(UsageError, match=message):
        raise error


def test_the_plan(root: Path) -> None:
    result = run(*typed(root, "--dry-run --json"))
    assert result.exit_code == 0, result.exception
    plan = json.loads(result.stdout)
    assert (plan["captions"], plan["steps"], plan["batch_size"]) == (40, 10, 8)
    assert plan["draw"] == {"any": 3}
    assert plan["negatives_per_caption"] == 3
    assert (
        0
        < plan["encoded_per_step"]
        < plan["tokens_per_step"]
        < plan["padded_per_step"]
        == 8 * 4 * 16
    )
    assert plan["memory_mb"]["activations"] is not None
    text = run(*typed(root, "--dry-run")).stdout
    assert "10 of 8 captions; epochs: 2" in text
    assert not (root / "run").exists()


def test_the_plans_tokens_are_those_of_the_steps(root: Path, tmp_path: Path) -> None:
    chosen = settings(root, epochs=1, run={"save_every": 100})
    here = places(root)
    prepared = prepare(chosen, here)
    tokens = []

    def watch(_number: int, step: object) -> None:
        tokens.extend(
            sum(batch.caption_lengths) + sum(batch.negative_lengths) for batch in step.micro_batches
        )

    train(chosen, places(root, tmp_path.name), watch=watch)
    assert plan_of(chosen, here).tokens_per_step == pytest.approx(sum(tokens[:4]) / 4, abs=4)
    assert len(prepared.samples) == 40


def test_quickgelu_is_chosen_as_the_weights_were_trained(tmp_path: Path) -> None:
    archive = tmp_path / "ViT-B-32.pt"
    with ZipFile(archive, "w") as file:  # what OpenAI's TorchScript archives are known by
        file.writestr("model/code/__torch__/model.py", "")
    ours = tmp_path / "ours.pt"
    torch.save({"state_dict": {}, "quick_gelu": False}, ours)
    for name, pretrained, expected in (
        ("ViT-B-32", "openai", "ViT-B-32-quickgelu"),
        ("ViT-B/32", "openai", "ViT-B-32-quickgelu"),
        ("ViT-L-14", "openai", "ViT-L-14-quickgelu"),
        ("ViT-B-32", "laion2b_s34b_b79k", "ViT-B-32"),
        ("ViT-B-32", str(archive), "ViT-B-32-quickgelu"),
        ("ViT-B-32", str(ours), "ViT-B-32"),
        ("ViT-B-32-quickgelu", "openai", "ViT-B-32-quickgelu"),
        ("ViT-B-32", None, "ViT-B-32"),
    ):
        assert matched_name(name, pretrained) == expected


def test_weights_that_do_not_fit_are_refused_by_the_plan_too(root: Path) -> None:
    torch.save({"state_dict": {}, "quick_gelu": False}, root / "ours.pt")
    line = f"--shards {root}/shards --images {root}/images --dry-run --model ViT-B-32-quickgelu"
    error = run(*shlex.split(line), "--pretrained", str(root / "ours.pt")).exception
    assert "trained without QuickGELU" in str(error)
    error = run(*shlex.split(line), "--pretrained", "opnai").exception
    assert "did you mean 'openai'" in str(error)
    line = f"--shards {root}/shards --images {root}/images --dry-run --model scenes-tiny"
    error = run(*shlex.split(line), "--pretrained", "openai").exception
    assert "neither a known tag of scenes-tiny" in str(error)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (Given(), ("ViT-B-32", "openai")),
        (Given(model="ViT-B-16"), ("ViT-B-16", "openai")),
        (Given(pretrained="none"), ("ViT-B-32", None)),
        (Given(settings=("training.pretrained=none",)), ("ViT-B-32", None)),
        (Given(model="local-dir:x"), ("local-dir:x", None)),
        (Given(settings=("training.model=local-dir:x",)), ("local-dir:x", None)),
        (Given(model="ViT-B-16", settings=("training.model=RN50",)), ("RN50", "openai")),
    ],
)
def test_options_of_the_command_win(given: Given, expected: tuple[str, str | None]) -> None:
    config = resolve(given).config
    assert (config.model, config.pretrained) == expected


def test_a_configuration_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "training: {model: ViT-L-14, epochs: 2, lora: {rank: 8}}\nnegatives: {seed: 1}\n"
    )
    found = resolve(Given(config=path, preset="clip", settings=("training.epochs=3",)))
    assert (found.config.model, found.config.epochs, found.lora.rank) == ("ViT-L-14", 3, 8)


def test_a_run_is_exported_and_published_as_typed(root: Path) -> None:
    out = root / "typed"
    assert run(*typed(root, f"--out {out} --limit-steps 2 --json")).exit_code == 0
    assert "has a run with" in str(run(*typed(root, f"--out {out}")).exception)
    done = run(*typed(root, f"--out {out} --resume --quiet"))
    assert (done.exit_code, done.stdout) == (0, "")
    assert "already finished" in run(*typed(root, f"--out {out} --resume")).stdout
    done = run("export", str(out), "--alpha", ".5", "--output", str(root / "half.pt"), "--json")
    assert json.loads(done.stdout)["step"] == 10
    done = run("publish", str(out), "me/clip", "--dry-run")
    assert "nothing was uploaded" in done.stdout
    assert (out / "publish/README.md").exists()
    assert len(list((out / "checkpoints").iterdir())) == 3


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['torch'] = None; from training.cli import main; "
        f"sys.argv = ['train', '--shards', '.', '--out', {str(tmp_path)!r}, '--dry-run']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    (line,) = done.stderr.splitlines()
    assert (done.returncode, "pip install 'caption-negatives[train]'" in line) == (2, True)
