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

if TYPE_CHECKING:
    from data.manifest import Manifest


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.option("--output", type=LOCAL_PATH, required=True, help="The folder for the images.")
@click.option(
    "--size", type=int, default=128, show_default=True, help="Width and height in pixels."
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def render(*, folder: AnyPath, output: Path, size: int, as_json: bool, quiet: bool) -> None:
    """Draw every image of a finished folder whose source is scenes.

    Existing images are overwritten; equal folders give equal images.

    \b
    negatives render out --output images
    """
    from data.images import scenes_of
    from data.manifest import read_manifest
    from data.scenes.render import write_images

    if size < 1:
        raise UsageError(f"--size: expected 1 or more, found {size}")
    manifest = read_manifest(folder)
    source = scenes_of(manifest, where=str(folder))
    images = ((image, source.scene_of(image)) for image in _images(folder, manifest))
    try:
        num_images = write_images(output, images, size=size)
    except OSError as error:
        raise unwritable(output, error) from error
    if as_json:
        click.echo(json.dumps({"output": str(output), "images": num_images, "size": size}))
    elif not quiet:
        click.echo(f"{num_images:,} images in {output}")


def _images(folder: AnyPath, manifest: "Manifest") -> Iterator[str]:
    """Yield every image key once."""
    from data.manifest import read_all_rows

    keys = (key for row in read_all_rows(folder, manifest) for key in row.images)
    yield from dict.fromkeys(keys)
