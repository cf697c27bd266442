"""`negatives.audit`: an audit as a function; the command of this name calls it."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from data.commit import write_atomically
from data.errors import UsageError
from data.manifest import read_manifest
from data.pulling import unpacked
from data.sources import Source
from data.storage import AnyPath, is_remote, path_of
from negatives.auditing.cards import cards_in, images_for
from negatives.auditing.contamination import texts_by_name
from negatives.auditing.findings import Audit
from negatives.auditing.gap import ReferenceModel
from negatives.auditing.run import AuditOptions, Report, audit_folder
from negatives.building.plan import make_source
from negatives.fluency.neural import open_model

REFERENCE_PAIRS = 2000
SAMPLE = 20_000


def audit(  # noqa: PLR0913 - the options of the command
    folder: AnyPath | str,
    *,
    reference_model: str = "auto",
    reference_pairs: int | None = None,
    sample: int = SAMPLE,
    seed: int = 0,
    against: AnyPath | str | Iterable[AnyPath | str] = (),
    held_out: Mapping[str, Any] | None = None,
    html: AnyPath | str | None = None,
    out: AnyPath | str | None = None,
    images: AnyPath | str | None = None,
    report: Report = lambda _stage: None,
) -> Audit:
    """Measure what gives the negatives of a finished folder away, and count each type.

    Does what `negatives audit` does, with the same options and the same errors. Equal folders and
    options give equal findings.

    Args:
        folder: a finished folder of shards, or its URL.
        reference_model: a causal language model by name or folder; "auto" is the packaged
            one, "none" none.
        reference_pairs: how many pairs of caption and negative it reads; 2,000 if None. A type
            is proven with 1,000.
        sample: about how many pairs are measured for leaks.
        seed: which folds and samples.
        against: a benchmark's file, or several (.json, .jsonl or .txt), whose texts are looked up.
        held_out: a source, `{"name": "coco", "root": "coco"}`. Its captions of the folder's images
            that the folder lacks show whether negatives are still true.
        html: a file for the report, with a sample of negatives to browse.
        out: a file for the whole audit as JSON.
        images: where the images are, for the pictures of the report; scenes are drawn without.
        report: called with what is measured next.

    Returns:
        The audit. Each of its `findings` has a `measure`, a `group` ("overall", "swap",
        "swap/att"), a `value` (a share or an area under the ROC curve from 0 to 1, unless the
        measure is a number per caption) with its 95 % interval from `low` to `high`, the `num`
        pairs or captions that it is based on, the range `bar` and `verdict()`. `counts` has tables
        of numbers.

    Raises:
        UsageError: the folder is not finished or damaged, an option has no effect, or a file or a
            model is not available.
    """
    path = unpacked(path_of(folder))
    if reference_model == "none" and reference_pairs is not None:
        raise UsageError(
            "--reference-pairs has no effect with --reference-model none; drop one of them"
        )
    for option, number in (("reference-pairs", reference_pairs), ("sample", sample)):
        if number is not None and number < 1:
            raise UsageError(f"--{option}: expected 1 or more, found {number}")
    manifest = read_manifest(path)  # before a model is loaded
    page = None if html is None else _file("--html", html)
    if images is not None and page is None:
        raise UsageError("--images is for the pictures of the report; add --html FILE, or drop it")
    store = images_for(manifest, None if images is None else path_of(images)) if page else None
    file = None if out is None else _file("--out", out)
    texts = texts_by_name(list(map(path_of, _several(against))))  # before a model is loaded
    options = AuditOptions(
        reference=open_reference(reference_model),
        seed=seed,
        sample=sample,
        reference_pairs=REFERENCE_PAIRS if reference_pairs is None else reference_pairs,
        against=texts,
        held_out=None if held_out is None else _held_out(held_out),
    )
    found, samples = audit_folder(path, options=options, report=report)
    if file is not None:  # first: pictures may be out of reach
        write_atomically(file, json_of(found) + "\n")
    if page is not None:
        from negatives.auditing.report import html_of  # noqa: PLC0415 - brings jinja2, matplotlib

        write_atomically(page, html_of(found, samples, cards_in(path, manifest, store)))
    return found


def _held_out(spec: object) -> Source:
    """Return the source of held-out captions, checked before anything is measured."""
    if not isinstance(spec, Mapping):
        raise UsageError(
            f'held_out: expected a source, {{"name": "coco", "root": "coco"}}, found {spec!r}'
        )
    source, _ = make_source(spec)
    source.splits()
    return source


def _several(files: AnyPath | str | Iterable[AnyPath | str]) -> Iterable[AnyPath | str]:
    return files if isinstance(files, Iterable) and not isinstance(files, str) else [files]


def _file(option: str, name: AnyPath | str) -> AnyPath:
    """Return a file to be written, checked first because an audit takes minutes."""
    path = path_of(name)
    if not (path.parent.is_dir() or is_remote(path)):
        raise UsageError(f"{option} {path}: expected a folder {path.parent}, found none; make it")
    if path.is_dir():
        raise UsageError(f"{option} {path}: expected the name of a file, found a folder")
    return path


def open_reference(name: str) -> ReferenceModel | str:
    """Return the reference model of this name, or why there is none.

    Raises:
        UsageError: the named model is not available.
    """
    if name == "none":
        return "no reference model was asked for"
    try:
        return open_model(None if name == "auto" else name)
    except UsageError as error:
        if name != "auto":
            raise
        return str(error)


def plain_audit(found: Audit) -> dict[str, Any]:
    """Return an audit as JSON holds it: findings with their verdicts, null for infinite ends."""
    return {
        **found._asdict(),
        "findings": [
            {
                **finding._asdict(),
                "value": _finite(finding.value),
                "low": _finite(finding.low),
                "high": _finite(finding.high),
                "bar": finding.bar and [_finite(end) for end in finding.bar],
                "verdict": finding.verdict(),
            }
            for finding in found.findings
        ],
    }


def json_of(found: Audit) -> str:
    """Return an audit as the text of its file."""
    return json.dumps(plain_audit(found), indent=1, ensure_ascii=False, allow_nan=False)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
