"""A disk that fills up under a command: one line, exit 1, and what was finished goes on later.

The disk is a tmpfs in a namespace of its own; where none can be made, tests are skipped.
"""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from data.manifest import read_manifest
from tests.full_disk import no_file_beyond
from tests.training.runs import places, settings, world
from training.evaluation.vectors import Vectors
from training.export import weights_of, write_weights
from training.run.checkpoint import latest, read
from training.run.logs import JsonLines
from training.run.train import train

BIN = Path(sys.executable).parent
ALONE = ["unshare", "--map-root-user", "--mount"]


def on_a_disk(disk: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script that finds a disk of `size` at `disk`, which is copied to DISK-after at last."""
    disk.mkdir()
    mounted = f"mount -t tmpfs -o size={size} none {disk} || exit 99; export PATH={BIN}:$PATH"
    copied = f"code=$?; cp -r {disk} {disk}-after; exit $code"
    done = subprocess.run(
        [*ALONE, "sh", "-c", f"{mounted}; {script}; {copied}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 99:
        pytest.skip("cannot make a disk of its own")
    return done


@pytest.fixture
def namespaces() -> None:
    if shutil.which("unshare") is None or subprocess.run([*ALONE, "true"], check=False).returncode:
        pytest.skip("cannot make a namespace of its own")


@pytest.mark.usefixtures("namespaces")
def test_a_run_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    root, disk = world(tmp_path / "world"), tmp_path / "disk"
    short = "precision=fp32 batch_size=8 epochs=2 run.workers=0 run.device=cpu"
    options = " ".join(f"--set training.{option}" for option in short.split())
    line = f"train --shards {root}/shards --images {root}/images --model local-dir:{root}/model"
    done = on_a_disk(disk, "14M", f"{line} {options} --quiet --out {disk}/run")
    (message,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert message.startswith(f"train: {disk}/run/checkpoints/step-00000010.pt: No space left")
    after = tmp_path / "disk-after/run"
    kept = latest(after)
    assert kept is not None
    assert read(kept).step == 5
    assert {path.suffix for path in after.rglob("*") if path.is_file()} == {
        ".pt",
        ".json",
        ".jsonl",
    }
    more = shlex.split(f"{line} {options} --quiet --resume --out {after}")
    subprocess.run([BIN / more[0], *more[1:]], check=True)
    last = latest(after)
    assert last is not None
    assert read(last).step == 10


@pytest.mark.usefixtures("namespaces")
def test_a_build_goes_on_where_there_is_room(tmp_path: Path) -> None:
    captions, disk = tmp_path / "captions.jsonl", tmp_path / "disk"
    texts = (f"A man is riding a red horse next to {n} black cows on a hill." for n in range(300))
    lines = (json.dumps({"image": f"{n}.jpg", "caption": text}) for n, text in enumerate(texts))
    captions.write_text("\n".join(lines))
    line = f"negatives build --source jsonl --root {captions} --quiet"
    line += " --set negatives.shard_captions=100 --workers 1"
    again = f"mount -o remount,size=8M {disk}; {line} --out {disk}/out"
    done = on_a_disk(disk, "200k", f"{line} --out {disk}/out; echo $?; {again}")
    (message,) = done.stderr.splitlines()
    assert (done.stdout, done.returncode) == ("1\n", 0)
    assert message.startswith(f"negatives: {disk}/out/work/")
    assert "No space left on device; free some space" in message
    after = tmp_path / "disk-after/out"
    assert sum(shard.rows for shard in read_manifest(after).shards) == 300
    assert not list(after.rglob("*.tmp"))
    subprocess.run([BIN / "negatives", "verify", after], check=True, capture_output=True)
    whole = shlex.split(f"{line} --out {tmp_path}/whole")
    subprocess.run([BIN / whole[0], *whole[1:]], check=True)
    assert (tmp_path / "whole/manifest.json").read_bytes() == (after / "manifest.json").read_bytes()


def test_what_a_run_leaves_beside_checkpoints_is_named_too(tmp_path: Path) -> None:
    root = world(tmp_path / "world")
    train(settings(root, epochs=1), places(root), limit_steps=1)
    weights = weights_of(root / "run")
    for name in ("clip.pt", "clip.safetensors"):
        output = tmp_path / "export" / name
        with no_file_beyond(100_000), pytest.raises(OSError, match=r"large|No space") as caught:
            write_weights(weights, output)
        assert caught.value.filename == str(output)
    assert list((tmp_path / "export").iterdir()) == []
    vectors = Vectors(tmp_path / "vectors")
    for number in range(100):
        vectors.add(number.to_bytes(32), torch.ones(64).numpy())
    with no_file_beyond(4000), pytest.raises(OSError, match=r"large|No space") as caught:
        vectors.flush()
    assert str(caught.value.filename).startswith(str(tmp_path / "vectors"))
    assert list((tmp_path / "vectors").iterdir()) == []
    log = JsonLines(tmp_path, after_step=0)
    with no_file_beyond(50), pytest.raises(OSError, match=r"large|No space") as caught:
        log.note({"step": 1, "loss": "x" * 100})
    assert caught.value.filename == str(tmp_path / "log.jsonl")
    log.close()
