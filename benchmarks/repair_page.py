"""The table of the repair's page, from a repaired folder: `python -m benchmarks.repair_page NEW`.

NEW is what `negatives repair` wrote. Writes docs/repair.json and the table in docs/repair.md.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.league_page import with_table
from data.errors import UsageError
from data.manifest import read_manifest

_DOCS: Final = Path(__file__).parents[1] / "docs"
_READERS: Final = ("words", "form", "fluency")
_HEADING: Final = "| kind | pairs | kept | words | form | language model |"

Kind = Mapping[str, Any]
"""What became of a kind, as the manifest of a repaired folder holds it."""


def repair_table(kinds: Sequence[Kind]) -> str:
    """Return pairs and readers by kind, before and after, in markdown."""
    rows = [
        f"| {kind['kind']} | {kind['before']:,} | {kind['kept']:,} | "
        f"{' | '.join(_cell(kind, reader) for reader in _READERS)} |"
        for kind in kinds
    ]
    before, kept = (sum(kind[name] for kind in kinds) for name in ("before", "kept"))
    total = f"| all | {before:,} | {kept:,} | | | |"
    return "\n".join([_HEADING, "|---|---:|---:|---:|---:|---:|", *rows, total])


def _cell(kind: Kind, reader: str) -> str:
    shares = [_accuracies(kind, when).get(reader) for when in ("before", "after")]
    return " → ".join(
        f"{value:.3f} ± {(high - low) / 2:.3f}" for value, low, high in filter(None, shares)
    )


def _accuracies(kind: Kind, when: str) -> Mapping[str, Any]:
    """Return each reader's accuracy before or after; older manifests have it under "told"."""
    found: Mapping[str, Any] = kind.get(f"accuracy_{when}", kind.get(f"told_{when}", {}))
    return found


@click.command(help=__doc__)
@click.argument("new", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(*, new: Path) -> None:
    """Write what a repair did to the page."""
    last = read_manifest(new).lineage[-1]
    if last.get("command") != "repair":
        raise UsageError(f"{new}: expected a folder of `negatives repair`, found another")
    kinds: Any = last["kinds"]
    page = _DOCS / "repair.md"
    table = with_table(page.read_text(encoding="utf-8"), repair_table(kinds))
    page.write_text(table, encoding="utf-8")
    (_DOCS / "repair.json").write_text(json.dumps(kinds, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
