"""`negatives render`: the images of a folder built from the project's own scenes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.disk import unwritable
from data.errors import UsageError
from data.storage import AnyPath
from data.texts import counted

_JOINED = "joined"

if TYPE_CHECKING:
    from data.manifest import Manifest


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.option("--output", type=LOCAL_PATH, required=True, help="The folder for the images.")
@click.option("--size", type=int, default=128, show_default=True, help="Pixels wide and high.")
@click.option(
    "--joined",
    is_flag=True,
    help="Also each composite as one picture, in joined/ with metadata.jsonl.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def render(
    *, folder: AnyPath, output: Path, size: int, joined: bool, as_json: bool, quiet: bool
) -> None:
    """Draw the scene of every image of a finished folder whose source is scenes.

    Existing images are drawn again; equal folders give equal images. Training joins
    the two of a composite itself; --joined is for people to look at.

    \b
    negatives render out --output images
    """
    from data.images import scenes_of
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from data.scenes.render import write_images

    if size < 1:
        raise UsageError(f"--size: expected 1 or more, found {size}")
    folder = unpacked(folder)
    manifest = read_manifest(folder)
    source = scenes_of(manifest, where=str(folder))
    images = ((image, source.scene_of(image)) for image in _images(folder, manifest))
    try:
        num_images = write_images(output, images, size=size)
        num_joined = _write_joined(folder, manifest, output, size=size) if joined else None
    except OSError as error:
        raise unwritable(output, error) from error
    if as_json:
        content = {"output": str(output), "images": num_images, "size": size}
        click.echo(json.dumps(content if num_joined is None else {**content, "joined": num_joined}))
    elif not quiet:
        click.echo(f"{counted(num_images, 'image')} in {output}")
        if num_joined is not None:
            click.echo(f"{counted(num_joined, 'composite')} in {output / _JOINED}")


def _write_joined(folder: AnyPath, manifest: "Manifest", output: Path, *, size: int) -> int:
    """Write each composite as one picture, and its texts as a line of metadata.jsonl.

    So `datasets.load_dataset("imagefolder", data_dir=...)` reads them.
    """
    from data.images import SceneImages, scenes_of
    from data.manifest import read_all_rows
    from data.pictures import picture_of

    images = SceneImages(scenes_of(manifest, where=str(folder)), size)
    (output / _JOINED).mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    for row in read_all_rows(folder, manifest):
        if row.layout == "single":
            continue
        name = f"{len(lines):06d}.jpg"
        picture = picture_of([images.read(key) for key in row.images], row.layout, size=size)
        (output / _JOINED / name).write_bytes(picture)
        content = {
            "file_name": name,
            "id": row.id,
            "layout": row.layout,
            "caption": row.caption,
            "negatives": [negative.text for negative in row.negatives],
            "positives": [positive.text for positive in row.positives],
        }
        lines.append(json.dumps(content, ensure_ascii=False) + "\n")
    (output / _JOINED / "metadata.jsonl").write_text("".join(lines), encoding="utf-8")
    return len(lines)


def _images(folder: AnyPath, manifest: "Manifest") -> Iterator[str]:
    """Yield every image key once."""
    from data.manifest import read_all_rows

    keys = (key for row in read_all_rows(folder, manifest) for key in row.images)
    yield from dict.fromkeys(keys)
