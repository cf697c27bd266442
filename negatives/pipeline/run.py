"""The pipeline: its stages one after another, and a page at the end."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from data.commit import write_atomically
from data.images import ImageColumns
from data.storage import path_of
from negatives.pipeline.plan import CONFIG, stages_of
from negatives.pipeline.report import NO_PLACE, ImagePlace, html_of
from negatives.pipeline.stages import Account, Call, run_program, run_stage

REPORT: Final = "report.html"


def run_pipeline(  # noqa: PLR0913 - what to run, where, and whom to report to
    sections: Mapping[str, Any],
    out: Path,
    *,
    title: str,
    workers: int = 1,
    reference_model: str = "auto",
    call: Call = run_program,
    say: Callable[[str], None] = lambda _line: None,
) -> list[Account]:
    """Run the unfinished stages and write the page; return the outcome of each stage.

    Raises:
        StoppedError: a stage exited with a code other than 0; earlier stages are kept.
        UsageError: a section is wrong.
    """
    stages = stages_of(sections, out, workers=workers, reference_model=reference_model)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / CONFIG, json.dumps(sections, indent=1) + "\n")  # JSON is YAML
    accounts: list[Account] = []
    for stage in stages:
        say(f"{stage.name}: {stage.folder(out)}")
        accounts.append(run_stage(stage, out, call=call))
        say(describe(accounts[-1]))
    write_atomically(out / REPORT, html_of(out, accounts, title=title, images=_images_of(sections)))
    return accounts


def _images_of(sections: Mapping[str, Any]) -> ImagePlace:
    """Return where the training has its images."""
    training = sections.get("training") or {}
    where = training.get("images")
    if where is None:
        return NO_PLACE
    columns = ImageColumns(
        image=training.get("image_column") or ImageColumns().image, key=training.get("image_key")
    )
    return ImagePlace(path_of(where), columns)


def describe(account: Account) -> str:
    """Return the outcome of a stage in a line."""
    what = "ran" if account.ran else "unchanged, skipped; it took"
    return f"{account.name}: {what} {account.seconds:,.0f} s"
