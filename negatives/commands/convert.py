"""`negatives import` and `export`: conversion from and to other file formats."""

import json
from pathlib import Path

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.records import SUBTYPES, TYPES
from data.storage import AnyPath
from data.texts import counted
from negatives.commands.derive import tell, tell_counts

_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
_QUIET = click.option("--quiet", is_flag=True, help="Print only errors.")
_FORMATS = (
    *("auto", "negclip-jsonl", "negclip-tsv", "sugarcrepe", "jsonl", "csv", "ce-clip", "degla"),
    *("crepe", "con-clip", "negation-clip", "vismin", "cs-clip", "triplet-clip"),
    *("hard-positives", "fine-hard"),
)
_TARGETS = ("jsonl", "parquet", "negclip-tsv", "webdataset")


@click.command("import")
@click.argument("file", type=PATH_OR_URL)
@click.argument("new", type=PATH_OR_URL)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(_FORMATS),
    default="auto",
    show_default=True,
    help="The file's format; auto detects it by name and first line.",
)
@click.option(
    "--type",
    "of_type",
    type=click.Choice(TYPES),
    default="unknown",
    show_default=True,
    help="The negatives' type, if the file does not state it.",
)
@click.option(
    "--subtype",
    type=click.Choice(SUBTYPES),
    default="unknown",
    show_default=True,
    help="Their subtype, likewise.",
)
@click.option("--source-name", help="Prefix of generated ids; default: the file's name.")
@click.option("--split", help="The split; default: the one in the file's name.")
@click.option("--licence", default="", help="The file's licence, an SPDX identifier if it has one.")
@_JSON
@_QUIET
def import_(
    *,
    file: AnyPath,
    new: AnyPath,
    format_name: str,
    of_type: str,
    subtype: str,
    source_name: str | None,
    split: str | None,
    licence: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write published negatives as shards, each as an edit of its caption.

    \b
    FILE is NegCLIP's jsonl or tsv, a file or the folder of SugarCrepe, or your own:
    jsonl or csv with caption and negative (or negatives, a list), and perhaps
    image, id, type, subtype. NEW is a new folder.

    \b
    negatives import sugar-crepe out
    negatives import train_neg_clip.tsv out --type swap
    """
    from negatives.commands.progress import counting
    from negatives.folders.importing import ImportOptions, import_published

    options = ImportOptions(
        format=format_name,
        type=of_type,
        subtype=subtype,
        source_name=source_name,
        split=split,
        licence=licence,
    )
    with counting("import", total=None, shown=not (quiet or as_json)) as report:
        manifest = import_published(file, new, options=options, report=report)
    tell(manifest, new, {}, as_json=as_json, quiet=quiet)


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.option("--to", type=click.Choice(_TARGETS), required=True, help="The format.")
@click.option(
    "--output", type=LOCAL_PATH, required=True, help="A new file; for webdataset, a folder."
)
@click.option("--images", type=PATH_OR_URL, help="The images, to be packed into webdataset tars.")
@click.option("--split", "splits", multiple=True, help="Only this split; repeatable.")
@click.option("--tar-samples", type=int, help="Samples per webdataset tar; default 1000.")
@_JSON
@_QUIET
def export(
    *,
    folder: AnyPath,
    to: str,
    output: Path,
    images: AnyPath | None,
    splits: tuple[str, ...],
    tar_samples: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write a finished folder in a format that another trainer reads.

    \b
    jsonl        one caption per line, with its negatives and their edits
    parquet      the same columns as the shards
    negclip-tsv  title, filepath, neg_caption (a Python list), neg_image (an empty
                 list: NegCLIP's trainer expects rows of similar images there,
                 which are unknown); captions without a negative and
                 composites of two images are left out
    webdataset   tars of .json, .txt and, with --images, the image, those of a
                 composite joined in a .jpg; captions without one are left out
    """
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from negatives.commands.progress import counting
    from negatives.folders.exporting import ExportOptions, export_folder

    options = ExportOptions(to=to, splits=splits, images=images, tar_samples=tar_samples)
    folder = unpacked(folder)
    shards = read_manifest(folder).shards
    total = sum(shard.rows for shard in shards if not splits or shard.split in splits)
    with counting("export", total=total, shown=not (quiet or as_json)) as report:
        exported = export_folder(folder, output, options=options, report=report)
    if as_json:
        content = {
            "output": str(output),
            "captions": exported.captions,
            "left_out": exported.left_out,
            "files": [file._asdict() for file in exported.files],
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    elif not quiet:
        size = sum(file.bytes for file in exported.files) / 1e6
        click.echo(f"{counted(exported.captions, 'caption')}, {size:,.1f} MB in {output}")
        tell_counts("left out", exported.left_out)
