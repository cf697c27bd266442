"""`negatives stats`, `inspect`, `verify`: the content of a finished folder."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import click

from data.command import PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath
from data.texts import counted

if TYPE_CHECKING:
    from data.manifest import Manifest
    from data.records import Negative, Positive, Row

_FOLDER = click.argument("folder", type=PATH_OR_URL)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_SELDOM = "the corpus hardly has an alternative with the words around it"
_MEANINGS = {
    "stays": "the random draw kept the caption",
    "out of reach": "all alternatives are far more or less likely than the caption",
    "rarely seen together": _SELDOM,
    "not known": _SELDOM,  # its name in older folders
    "not laid out": "the corpus model cannot read the place",
    "no slot": "no rule found a place to change",
    "a sibling mentions it": "another caption of the image has the new word",
}
_TALLIES = ("captions", "skipped", "negatives_by_type", "empty_because", "slots_by_fate")


@click.command()
@_FOLDER
@_JSON
def stats(*, folder: AnyPath, as_json: bool) -> None:
    """Summarise a folder of shards: captions, negatives by type, outcomes of slots.

    A slot is a place in a caption with alternatives that would make it false.
    """
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from negatives.commands.build import fluency_from, summary
    from negatives.skipping import doubts_of

    folder = unpacked(folder)
    manifest = read_manifest(folder)
    missing = [field for field in _TALLIES if field not in manifest.tallies]
    if missing or not {"all", "with_negative"} <= manifest.tallies["captions"].keys():
        raise UsageError(
            f"{folder}: damaged manifest: no tallies {', '.join(missing) or 'of captions'}"
        )
    if as_json:
        content = {
            "fingerprint": manifest.fingerprint,
            "learned_from_captions": manifest.num_rows() if manifest.fluency else None,
            "fluency_from": fluency_from(manifest),
            "splits": {
                split: sum(shard.rows for shard in manifest.shards if shard.split == split)
                for split in manifest.splits()
            },
            "bytes": sum(shard.bytes for shard in manifest.shards),
            **manifest.tallies,
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    click.echo(summary(manifest, folder))
    for line in doubts_of(manifest, folder):
        click.echo(line)
    click.echo(f"fingerprint {manifest.fingerprint}")
    if reasons := manifest.tallies["empty_because"]:
        click.echo("\nwhy a caption has no negative: the commonest outcome of its slots")
        for name, count in _commonest_first(reasons):
            meaning = _MEANINGS.get(name)
            click.echo(f"  {count:>9,}  {name}{f': {meaning}' if meaning else ''}")
    for title, field in (
        ("what became of the slots and draws of each rule", "slots_by_fate"),
        ("what became of those of positives", "positive_slots_by_fate"),
    ):
        if counts := manifest.tallies.get(field):
            click.echo(f"\n{title}")
            for line in _by_rule(counts):
                click.echo(f"  {line}")


@click.command()
@_FOLDER
@click.option("--type", "of_type", help="Only this type, or type/subtype.")
@click.option("--rule", help="Only this rule.")
@click.option("--positives", is_flag=True, help="Show positives instead of negatives.")
@click.option("--sample", type=int, default=20, show_default=True, help="Number to show.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which sample.")
@click.option(
    "--html",
    type=PATH_OR_URL,
    help="Write whole rows with their pictures, composites joined, as a page of one file.",
)
@click.option(
    "--images", type=PATH_OR_URL, help="With --html: their images; scenes are drawn without."
)
@_JSON
def inspect(
    *,
    folder: AnyPath,
    of_type: str | None,
    rule: str | None,
    positives: bool,
    sample: int,
    seed: int,
    html: AnyPath | None,
    images: AnyPath | None,
    as_json: bool,
) -> None:
    """Show a random sample of negatives or positives with their captions, edits highlighted."""
    from data.manifest import read_manifest
    from data.pulling import unpacked
    from data.schema import plain_negative

    folder = unpacked(folder)
    manifest = read_manifest(folder)
    if sample < 1:
        raise UsageError(f"--sample: expected 1 or more, found {sample}")
    if html is None and images is not None:
        raise UsageError("--images is for the pictures of --html FILE; found it alone")
    if html is not None and as_json:
        raise UsageError("--html writes a page, --json prints lines: leave one of them out")
    kind = "positives" if positives else "negatives"
    wanted = _Wanted(of_type, rule, kind)
    pairs = list(islice(_sample(folder, manifest, wanted, seed=seed), sample))
    if not pairs:
        raise UsageError(_nothing_to_show(folder, manifest, wanted))
    if html is not None:
        _write_rows(html, folder, manifest, [row for row, _ in pairs], images)
        click.echo(f"written: {html}")
        return
    if as_json:
        for row, negative in pairs:
            content = {
                "id": row.id,
                "images": row.images,
                "layout": row.layout,
                "caption": row.caption,
                **plain_negative(negative),
            }
            click.echo(json.dumps(content, ensure_ascii=False))
        return
    from rich.console import Console

    from negatives.commands.preview import highlight

    console = Console(highlight=False, soft_wrap=True)
    for row, negative in pairs:
        console.print(f"{negative.rule} {negative.type}/{negative.subtype}", style="cyan")
        if row.layout != "single":
            console.print(f"  {row.layout}: {row.image}", style="dim", markup=False)
        console.print(f"  {row.caption}", markup=False)
        console.print("  ", highlight(negative.text, negative.edit), sep="")


@click.command()
@_FOLDER
@_JSON
def verify(*, folder: AnyPath, as_json: bool) -> None:
    """Check every byte and every row of a folder against its manifest; exit 1 on a problem."""
    from data.manifest import manifest_without_sizes, problems_of
    from data.pulling import unpacked

    folder = unpacked(folder)
    manifest = manifest_without_sizes(folder)
    problems = list(problems_of(folder, manifest))
    if as_json:
        click.echo(json.dumps({"problems": problems, "rows": manifest.num_rows()}, indent=1))
    else:
        for problem in problems:
            click.echo(problem)
        verdict = counted(len(problems), "problem") if problems else "complete"
        shards, rows = len(manifest.shards), manifest.num_rows()
        click.echo(f"{folder}: {counted(shards, 'shard')}, {counted(rows, 'row')}: {verdict}")
    sys.exit(1 if problems else 0)


def _write_rows(
    html: AnyPath,
    folder: AnyPath,
    manifest: "Manifest",
    rows: "Sequence[Row]",
    images: AnyPath | None,
) -> None:
    """Write the page of these rows."""
    from data.commit import write_atomically
    from negatives.auditing.cards import cards_of, images_for
    from negatives.auditing.pages import page

    cards = cards_of(rows, images_for(manifest, images))
    write_atomically(html, page("rows", {"name": folder.resolve().name, "cards": cards}))


def _commonest_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _by_rule(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield a line for each rule with its number of slots, and below it one for each outcome."""
    rules: dict[str, dict[str, int]] = {}
    for name, count in sorted(counts.items()):
        rule, _, outcome = name.rpartition(": ")
        rules.setdefault(rule, {})[outcome] = count
    for rule, outcomes in rules.items():
        slots = outcomes.pop("slots", None)
        if rule:
            yield rule if slots is None else f"{rule}: {counted(slots, 'slot')}"
        for outcome, count in _commonest_first(outcomes):
            yield f"{count:>9,}  {outcome}"


def _nothing_to_show(folder: AnyPath, manifest: "Manifest", wanted: "_Wanted") -> str:
    types = ", ".join(manifest.tallies.get(f"{wanted.kind}_by_type", {}))
    if types:
        named = " ".join(filter(None, (wanted.of_type, wanted.rule)))
        return f"{folder}: no {wanted.kind} of {named}; it has {types}"
    if wanted.kind == "positives":
        return f"{folder}: no positives; `negatives build --positives` makes them"
    return f"{folder}: no negatives; `negatives stats {folder}` counts why"


class _Wanted(NamedTuple):
    """The edits to show: of a type and a rule, None for any; `kind`: negatives or positives."""

    of_type: str | None
    rule: str | None
    kind: str

    def holds(self, edited: "Negative | Positive") -> bool:
        """Tell whether an edit is selected."""
        names = {None, edited.type, f"{edited.type}/{edited.subtype}"}
        return self.rule in {None, edited.rule} and self.of_type in names


def _sample(
    folder: AnyPath, manifest: "Manifest", wanted: _Wanted, *, seed: int
) -> Iterator[tuple["Row", "Negative | Positive"]]:
    """Yield pairs of rows and edits, in a random order fixed by the seed."""
    from data.shards import read_rows
    from data.streams import Stream

    stream = Stream(seed, "inspect")
    for shard in stream.shuffled(manifest.shards):
        for row in stream.shuffled(list(read_rows(folder / shard.file))):
            every: Sequence[Negative | Positive] = getattr(row, wanted.kind)
            found = [edited for edited in every if wanted.holds(edited)]
            if found:
                yield row, stream.choice(found)
