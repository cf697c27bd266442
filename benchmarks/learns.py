"""Whether training learns: a small CLIP from random weights, on generated scenes.

    python -m benchmarks.learns                     # build, train, measure
    python -m benchmarks.learns --preset clip       # the same without hard negatives

Scenes for measuring are different from those for training. Retrieval: no image of the batch scores
higher for a caption than its own (chance: 1 / batch size). Composition: the caption scores higher
than each of its up to three negatives (chance: 1 / (their number + 1)).
"""

import json
import tempfile
import time
from pathlib import Path

import click
import open_clip
import torch

from data.scenes.render import write_images
from data.sources.scenes import Scenes
from negatives.building import build
from negatives.config import build_config
from training.config import settings_of
from training.run.logs import Record
from training.run.start import Places
from training.run.train import train

MODEL = {
    "embed_dim": 64,
    "vision_cfg": {
        "layers": 3, "width": 96, "head_width": 24, "patch_size": 16, "image_size": 64,
    },
    "text_cfg": {
        "context_length": 40, "vocab_size": 49408, "width": 96, "heads": 4, "layers": 2,
    },
}  # fmt: skip


class Printed:
    """Prints measurements."""

    def __init__(self) -> None:
        self.start = time.process_time()

    def note(self, record: Record) -> None:
        """Print a record of the validation split."""
        found = record.get("validation")
        if isinstance(found, dict):
            click.echo(
                f"{time.process_time() - self.start:>5.0f} s of CPU  step {record['step']:>5}  "
                f"loss {found['loss']:.3f}  retrieval {found['retrieval']:.3f}  composition "
                f"{found['composition']:.3f} (chance {found['composition_chance']:.3f})  "
                f"{found['captions']} captions"
            )

    def close(self) -> None:
        """Do nothing: no file is open."""


def model_folder(folder: Path) -> Path:
    """Write the small model with random weights, in open_clip's layout."""
    folder.mkdir()
    content = {"model_cfg": MODEL, "preprocess_cfg": {}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    torch.manual_seed(0)
    torch.save(open_clip.CLIP(**MODEL).state_dict(), folder / "open_clip_pytorch_model.bin")
    return folder


def world(root: Path, *, num_images: int) -> None:
    """Build shards of scenes in `shards` and draw their images into `pictures`."""
    source = {"name": "scenes", "num_images": num_images}
    build(build_config({"data": {"source": source}}), out=root / "shards", workers=2)
    scenes = Scenes(num_images=num_images)
    images = (
        (f"{split}/{number:06d}.png", scenes.scene(number, split=split))
        for split in scenes.splits()
        for number in range(scenes.num_scenes(split))
    )
    write_images(root / "pictures", images, size=MODEL["vision_cfg"]["image_size"])


@click.command()
@click.option("--images", "num_images", default=2500, show_default=True, help="Scenes to train on.")
@click.option("--epochs", default=12, show_default=True)
@click.option("--preset", default="fsc-clip", show_default=True)
@click.option("--lr", default=1e-3, show_default=True)
@click.option("--batch-size", default=128, show_default=True)
@click.option("--threads", default=1, show_default=True, help="More help if cores are idle.")
@click.option("--world", "place", type=click.Path(path_type=Path), help="Kept and used again.")
def main(  # noqa: PLR0913 - one parameter an option
    *,
    num_images: int,
    epochs: int,
    preset: str,
    lr: float,
    batch_size: int,
    threads: int,
    place: Path | None,
) -> None:
    """Build, train and print the measurements after every epoch."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        root = place or Path(folder)
        if not (root / "shards/manifest.json").exists():
            world(root, num_images=num_images)
        run = Path(folder, "run")
        settings = settings_of({"training": {
            "preset": preset,
            "model": f"local-dir:{model_folder(Path(folder, 'model'))}",
            "precision": "fp32",
            "batch_size": batch_size,
            "epochs": epochs,
            "draw": {"any": 3},
            "validation": "val",
            "optimizer": {"lr": lr, "warmup_steps": 100, "clip_norm": 1.0},
            "run": {"workers": 0, "keep": 1, "device": "cpu"},
        }})  # fmt: skip
        places = Places(shards=root / "shards", images=root / "pictures", out=run)
        train(settings, places, listener_of=lambda _run: Printed())


if __name__ == "__main__":
    main()
