"""How fast images become batches, compared with webdataset: `python -m benchmarks.loader`.

Both read the same JPEGs with the same number of worker processes and give normalised float batches
of random resized crops. webdataset reads its own tars one after another and applies open_clip's
training transform; its captions remain text. Ours also draws negatives and gives token ids, from
shards that are built first, with images in a random order.

Without `--images` they are generated: 640 x 480, noise of every scale, as many bytes as photographs
of COCO. Each round times one after the other; the figures are medians. On a shared machine the
processor time per image says more than images per second; for both it includes the start of the
workers and the batches that they prepare but nobody takes.
"""

import io
import json
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from copy import copy
from hashlib import shake_256
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
import torch
from PIL import Image
from torchvision import transforms

import training
from training.batches.dataset import DataOptions, HardNegativeDataset
from training.batches.images import Crop, normalized
from training.batches.loader import steps
from training.batches.sampler import Sampler
from training.batches.workers import Workers

_BATCH = 64
_SIZE = 224
_MEAN, _STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_CAPTIONS = (
    "A brown dog chasing a white cat across the wet grass.",
    "Two men in red shirts standing next to a small blue car.",
    "A woman holding a green umbrella in front of an old house.",
)


Batches = Generator[torch.Tensor, None, None]


class Rate(NamedTuple):
    """Images per second, and seconds of processor time per image."""

    wall: float
    cpu_s: float


def make_images(folder: Path, *, count: int) -> None:
    """Write images with detail of every scale."""
    for number in range(count):
        total = np.zeros((480, 640, 3))
        for octave in range(7):
            shape = (480 >> octave, 640 >> octave, 3)
            noise = shake_256(f"{number} {octave}".encode()).digest(int(np.prod(shape)))
            layer = Image.fromarray(np.frombuffer(noise, np.uint8).reshape(shape))
            total += np.asarray(layer.resize((640, 480), Image.Resampling.BICUBIC)) * 1.8**octave
        levels = (total - total.min()) / np.ptp(total) * 255
        Image.fromarray(levels.astype(np.uint8)).save(folder / f"{number:06d}.jpg", quality=92)


def make_tars(folder: Path, images: Iterable[Path], *, count: int) -> list[str]:
    """Write the images with captions as `count` tars of webdataset; return their paths."""
    paths = [folder / f"{number:05d}.tar" for number in range(count)]
    tars = [tarfile.open(path, "w") for path in paths]  # noqa: SIM115  (closed below)
    for number, (image, caption) in enumerate(zip(images, cycle(_CAPTIONS), strict=False)):
        for suffix, content in (("jpg", image.read_bytes()), ("txt", caption.encode())):
            info = tarfile.TarInfo(f"{number:06d}.{suffix}")
            info.size = len(content)
            tars[number % count].addfile(info, io.BytesIO(content))
    for tar in tars:
        tar.close()
    return [str(path) for path in paths]


def build_shards(folder: Path, images: Iterable[Path]) -> Path:
    """Build shards of captions of the images."""
    lines = (
        json.dumps({"image": image.name, "caption": caption})
        for image, caption in zip(images, cycle(_CAPTIONS), strict=False)
    )
    (folder / "train.jsonl").write_text("\n".join(lines))
    command = [str(Path(sys.executable).with_name("negatives")), "build", "--quiet"]
    command += ["--source", "jsonl", "--root", str(folder / "train.jsonl")]
    subprocess.run([*command, "--out", str(folder / "out")], check=True)  # noqa: S603 - our own
    return folder / "out"


def batches_of_webdataset(urls: list[str], *, workers: int) -> Batches:
    """Yield normalised batches from webdataset, PIL and torchvision."""
    import webdataset as wds  # noqa: PLC0415  (of the extra dev; `make_images` needs it not)

    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(
                _SIZE, scale=(0.9, 1.0), interpolation=transforms.InterpolationMode.BICUBIC
            ),
            transforms.ToTensor(),
            transforms.Normalize(_MEAN, _STD),
        ]
    )
    pipeline = (
        wds.WebDataset(urls, shardshuffle=False)
        .repeat()
        .decode("pilrgb")
        .to_tuple("jpg", "txt")
        .map_tuple(transform)
        .batched(_BATCH)
    )
    for pixels, _captions in wds.WebLoader(pipeline, batch_size=None, num_workers=workers):
        yield pixels


def our_batches(samples: HardNegativeDataset, *, workers: int) -> Batches:
    """Yield normalised batches from the trainer's loader."""
    sampler = Sampler(
        size=len(samples), batch_size=min(_BATCH, len(samples)), epochs=10**6, start=samples.start()
    )
    with closing(steps(samples, sampler, workers=Workers(number=workers))) as loading:
        for step in loading:
            image_BCHW = step.micro_batches[0].image_BCHW
            yield normalized(image_BCHW, mean=_MEAN, std=_STD)


def rate_of(batches: Batches, *, num_pictures: int) -> Rate:
    """Return the rate of batches once the workers run."""
    cpu_s = _cpu_s()
    shape = next(batches).shape
    if shape[1:] != (3, _SIZE, _SIZE):
        raise click.ClickException(f"expected pictures of 3 x {_SIZE} x {_SIZE}, found {shape}")
    num_batches = max(1, num_pictures // shape[0])
    start = time.perf_counter()
    num_seen = sum(len(batch) for batch in islice(batches, num_batches))
    wall = num_seen / (time.perf_counter() - start)
    batches.close()  # waits for the workers, so that their processor time is known
    return Rate(wall, (_cpu_s() - cpu_s) / (num_seen + shape[0]))


def _cpu_s() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who))


def measure_rates(
    runs: dict[str, Callable[[], Batches]], *, rounds: int, num_pictures: int
) -> dict[str, Rate]:
    """Return the median rate of each; they take turns."""
    rates: dict[str, list[Rate]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            rates[name].append(rate_of(run(), num_pictures=num_pictures))
    return {
        name: Rate(*(statistics.median(values) for values in zip(*found, strict=True)))
        for name, found in rates.items()
    }


@click.command()
@click.option("--images", type=click.Path(path_type=Path, exists=True), help="A folder of .jpg.")
@click.option("--workers", default=2, show_default=True)
@click.option("--rounds", default=3, show_default=True)
@click.option("--pictures", "num_pictures", default=1280, show_default=True, help="A round.")
def main(*, images: Path | None, workers: int, rounds: int, num_pictures: int) -> None:
    """Print images per second of webdataset, of ours, and of ours without reduction."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if images is None:
            images = folder / "pictures"
            images.mkdir()
            make_images(images, count=256)
        paths = sorted(images.glob("*.jpg"))
        size = statistics.mean(path.stat().st_size for path in paths)
        urls = make_tars(folder, paths, count=max(1, workers))
        samples = training.HardNegativeDataset(
            build_shards(folder, paths), images, options=DataOptions(size=_SIZE)
        )
        whole = copy(samples)
        whole.transform = Crop(size=_SIZE, reduce=False)
        rates = measure_rates(
            {
                "webdataset and PIL": lambda: batches_of_webdataset(urls, workers=workers),
                "ours": lambda: our_batches(samples, workers=workers),
                "ours, JPEGs whole": lambda: our_batches(whole, workers=workers),
            },
            rounds=rounds,
            num_pictures=num_pictures,
        )
    click.echo(f"{len(paths)} JPEGs, {size / 1000:.0f} kB each, {workers} workers, {rounds} rounds")
    peer = rates["webdataset and PIL"]
    for name, rate in rates.items():
        click.echo(
            f"{name:20} {rate.wall:6,.0f} pictures/s {rate.wall / peer.wall:5.2f} times   "
            f"{rate.cpu_s * 1000:6.2f} ms of processor {peer.cpu_s / rate.cpu_s:5.2f} times"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
