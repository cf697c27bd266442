"""The pipeline: its stages, and a page at the end."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from data.commit import write_atomically
from data.images import ImageColumns
from data.storage import path_of
from negatives.pipeline.plan import CONFIG, stages_of
from negatives.pipeline.programs import Programs
from negatives.pipeline.report import NO_PLACE, ImagePlace, html_of
from negatives.pipeline.stages import Account, Call, run_stages

REPORT: Final = "report.html"


def run_pipeline(  # noqa: PLR0913 - what to run, where, and whom to report to
    sections: Mapping[str, Any],
    out: Path,
    *,
    title: str,
    workers: int = 1,
    reference_model: str = "auto",
    jobs: int = 1,
    call: Call | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> list[Account]:
    """Run the unfinished stages, up to `jobs` at once, and write the page; return each outcome.

    `call` runs their commands in place of `Programs`.

    Raises:
        StoppedError: a stage exited with a code other than 0; earlier stages are kept.
        UsageError: a section is wrong.
    """
    stages = stages_of(sections, out, workers=workers, reference_model=reference_model)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / CONFIG, json.dumps(sections, indent=1) + "\n")  # JSON is YAML
    programs = Programs(jobs)
    with programs.passing_signals():
        accounts = run_stages(stages, out, call=call or programs, jobs=jobs, say=say)
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
