"""`evaluate`: a model's scores on benchmarks."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.commit import write_atomically
from data.disk import unwritable
from data.errors import UsageError
from data.storage import AnyPath, local, path_of
from training.commands.wanted import Wanted, wanted, with_shards

if TYPE_CHECKING:
    from training.evaluation.benchmarks import Benchmark
    from training.evaluation.benchmarks.shards import Trained
    from training.evaluation.config import EvaluationOptions
    from training.evaluation.encoder import Encoding, Report
    from training.evaluation.results import Results
    from training.evaluation.text_only import LogProbability
    from training.export import Which

Precision = Literal["fp32", "bf16", "fp16"]
_EXAMPLES = 4  # of each task


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--benchmark",
    "benchmarks",
    multiple=True,
    metavar="NAME=DIR[:IMAGES]",
    help="A benchmark, the folder of its annotations, and that of its images; repeatable.",
)
@click.option(
    "--config", type=LOCAL_PATH, help="A pipeline.yaml; its part training.evaluation is used."
)
@click.option("--images", type=PATH_OR_URL, help="Images for benchmarks given without any.")
@click.option(
    "--checkpoint", type=LOCAL_PATH, help="A run's folder, or with --model a file of weights."
)
@click.option("--model", help="A model of open_clip, or local-dir:FOLDER, hf-hub:OWNER/NAME.")
@click.option("--pretrained", help="A tag of open_clip or a file; without one, random weights.")
@click.option(
    "--which", type=click.Choice(["last", "best"]), default="last", show_default=True,
    help="Which of a run's checkpoints.",
)  # fmt: skip
@click.option(
    "--wise-ft", metavar="A,B,...", help="Also score a run mixed with its initial weights."
)
@click.option("--out", type=LOCAL_PATH, help="Results as JSON; with --wise-ft a folder of them.")
@click.option(
    "--examples", type=LOCAL_PATH, help="Write a few items of composition, with images, as JSON."
)
@click.option("--base", type=LOCAL_PATH, help="Results to compare with, item by item.")
@click.option("--check-golden", metavar="NAME", help="Compare with published figures.")
@click.option(
    "--against",
    metavar="published[:BACKBONE]",
    help="Set the run beside published models of its backbone.",
)
@click.option(
    "--trained-on",
    type=PATH_OR_URL,
    help="Shards: warn of a benchmark's captions that are in them.",
)
@click.option("--language-model", help="Score captions without images: a folder, a name, packaged.")
@click.option("--device", default="auto", show_default=True)
@click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16"]), help="Default: fp32.")
@click.option("--batch-size", type=click.IntRange(1), help="Images per batch; default: 64.")
@click.option("--workers", type=click.IntRange(0), help="Processes that decode images; default: 2.")
@click.option("--cache", type=PATH_OR_URL, help="Cache of features; default: in the user's cache.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
@click.pass_context
def evaluate(
    context: click.Context,
    *,
    benchmarks: tuple[str, ...],
    config: Path | None,
    images: AnyPath | None,
    checkpoint: Path | None,
    model: str | None,
    pretrained: str | None,
    which: "Which",
    wise_ft: str | None,
    out: Path | None,
    examples: Path | None,
    base: Path | None,
    check_golden: str | None,
    against: str | None,
    trained_on: AnyPath | None,
    language_model: str | None,
    device: str,
    precision: Precision | None,
    batch_size: int | None,
    workers: int | None,
    cache: AnyPath | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Score a model on benchmarks of composition, retrieval and zero-shot classification.

    \b
    evaluate --checkpoint run --benchmark sugarcrepe=sugar-crepe:coco/val2017 --out results.json
    evaluate --model ViT-B-32 --pretrained openai --benchmark scenes
    evaluate --checkpoint run --wise-ft 0,.25,.5,.75,1 --benchmark scenes --out sweep
    """
    if context.invoked_subcommand is not None:
        return
    sections = _sections(config)
    training = sections.get("training") or {}
    options = _options(
        sections, precision=precision, batch_size=batch_size, workers=workers, against=against
    )
    places = [wanted(text, images=images) for text in benchmarks] or [
        Wanted(name, _root(name, folders.root), _path(folders.images) or images)
        for name, folders in options.benchmarks.items()
    ]
    if not places:
        raise UsageError("expected --benchmark; see evaluate benchmarks")
    from training.evaluation.benchmarks import SHARDS, open_benchmark
    from training.evaluation.beside import with_published
    from training.evaluation.golden import golden
    from training.evaluation.overlap import overlap_notes
    from training.evaluation.published import checked_against
    from training.evaluation.results import read_results, with_notes
    from training.evaluation.run import evaluate as run
    from training.evaluation.subject import subjects
    from training.run.ranks import process_group, rank
    from training.run.stopping import ending_if_stuck

    before = read_results(base) if base else None
    alphas = _alphas(wise_ft) or options.wise_ft
    _check(places, alphas, out)
    if check_golden:
        golden(check_golden)  # an unknown name is refused before hours of work
    backbone = checked_against(options.against) if options.against else None
    places = [
        with_shards(place, trained_on, _path(training.get("images"))) if place.name == SHARDS
        else place
        for place in places
    ]  # fmt: skip
    trained = _trained(training, None if model else checkpoint)  # a run is its own model
    read = [
        open_benchmark(place.name, root=place.root, images=place.images, trained=trained)
        for place in places
    ]
    encoding = _encoding(options, device, cache)
    log_probability = _log_probability(language_model)
    notes = overlap_notes(read, trained_on, trained=trained) if trained_on else ()
    shown = not (quiet or as_json)
    with ending_if_stuck(), process_group(encoding.device), _progress(shown=shown) as report:
        from training.evaluation.encoder import Encoder

        for subject in subjects(
            checkpoint=checkpoint, model=model, pretrained=pretrained, which=which, alphas=alphas
        ):
            if shown and rank() == 0:
                click.echo(subject.model.found, err=True)
            encoder = Encoder(subject.model, name=subject.name, encoding=encoding)
            results = run(
                encoder,
                read,
                model=subject.shown_name,
                weights=subject.weights,
                alpha=subject.alpha,
                cache=cache,
                log_probability=log_probability,
                report=report,
            )
            results = with_notes(results, notes)
            if options.against:
                results = with_published(results, backbone)
            if rank() == 0:
                _write(results, out, swept=bool(alphas))
                if not quiet:
                    click.echo(_format_results(results, before, check_golden, as_json=as_json))
        if examples and rank() == 0:
            _write_examples(read, examples)


def _format_results(
    results: "Results", before: "Results | None", check_golden: str | None, *, as_json: bool
) -> str:
    """Return results and their comparisons, as tables or as a line of JSON."""
    from data.config import plain
    from training.evaluation.compare import compared_runs
    from training.evaluation.golden import checked_golden, golden_table
    from training.evaluation.results import content_of
    from training.evaluation.tables import compared_table, table_of

    paired = compared_runs(before, results) if before else []
    checked = checked_golden(results, check_golden) if check_golden else []
    if as_json:
        more = {"compared": plain(paired), "golden": plain(checked)}
        return json.dumps(content_of(results) | {name: part for name, part in more.items() if part})
    tables = [table_of(results)]
    tables += [compared_table(paired)] if paired else []
    tables += [golden_table(checked)] if checked else []
    return "\n\n".join(tables)


def _check(places: list[Wanted], alphas: tuple[float, ...], out: Path | None) -> None:
    """Check what would otherwise fail after hours.

    Raises:
        UsageError: a benchmark is named twice, or results cannot be written to `out`.
    """
    names = [place.name for place in places]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"--benchmark {twice}: given twice")
    files = {_file_of(alpha) for alpha in alphas}
    if len(files) < len(alphas):
        raise UsageError(f"--wise-ft: expected numbers that differ by .01, found {alphas}")
    if out is not None and out.exists() and out.is_dir() != bool(alphas):
        kind = "a folder, for --wise-ft" if alphas else "a file"
        raise UsageError(f"--out {out}: expected the name of {kind}")


def _alphas(text: str | None) -> tuple[float, ...]:
    if not text:
        return ()
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--wise-ft: expected numbers such as 0,.5,1, found {text!r}") from error


def _sections(config: Path | None) -> Mapping[str, Any]:
    from data.config import read_yaml

    return read_yaml(config) if config else {}


def _options(sections: Mapping[str, Any], **given: object) -> "EvaluationOptions":
    """Return the options of a pipeline.yaml, overridden by those on the command line."""
    from training.evaluation.config import evaluation_options

    training = dict(sections.get("training") or {})
    named = {name: value for name, value in given.items() if value is not None}
    training["evaluation"] = {**(training.get("evaluation") or {}), **named}
    return evaluation_options({**sections, "training": training})


def _path(text: str | None) -> AnyPath | None:
    return path_of(text) if text else None


def _root(name: str, text: str | None) -> Path | None:
    where = f"training.evaluation.benchmarks.{name}.root"
    return local(text, where=where) if text else None


def _trained(training: Mapping[str, Any], checkpoint: Path | None) -> "Trained":
    """Return what was trained on: the split by the run, which does not record columns."""
    from data.images import ImageColumns
    from training.evaluation.benchmarks.shards import Trained
    from training.export import facts_of

    seen = training
    if checkpoint is not None and checkpoint.is_dir():
        seen = facts_of(checkpoint)["config"]
    columns = ImageColumns(
        image=training.get("image_column", ImageColumns().image), key=training.get("image_key")
    )
    return Trained(split=seen.get("split"), columns=columns)


def _encoding(options: "EvaluationOptions", device: str, cache: AnyPath | None) -> "Encoding":
    from training.evaluation.encoder import Encoding
    from training.run.loop import DTYPES
    from training.run.ranks import device_of

    return Encoding(
        device=device_of(device),
        precision=DTYPES[options.precision],
        batch_size=options.batch_size,
        workers=options.workers,
        cache=cache,
    )


def _log_probability(name: str | None) -> "LogProbability | None":
    if name is None:
        return None
    if find_spec("transformers") is None:
        raise UsageError(
            "--language-model: the library transformers is not installed: "
            "pip install 'caption-negatives[llm]'"
        )
    from training.evaluation.language_model import log_probability

    return log_probability(None if name == "packaged" else name)


def _write(results: "Results", out: Path | None, *, swept: bool) -> None:
    from training.evaluation.results import write_results

    if out is not None:
        write_results(results, out / _file_of(results.alpha or 0.0) if swept else out)


def _write_examples(benchmarks: "Sequence[Benchmark]", path: Path) -> None:
    from training.evaluation.examples import examples_of

    content = [example._asdict() for example in examples_of(benchmarks, a_task=_EXAMPLES)]
    try:
        write_atomically(path, json.dumps(content) + "\n")
    except OSError as error:
        raise unwritable(path, error) from error


def _file_of(alpha: float) -> str:
    return f"alpha-{alpha:.2f}.json"


@contextmanager
def _progress(*, shown: bool) -> "Iterator[Report]":
    """Yield a callback that shows what is being encoded, if the error stream is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield lambda _what, _done, _total: None
        return
    columns = ("{task.description:<8}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {what: bars.add_task(what, total=None) for what in ("images", "texts")}

        def report(what: str, done: int, total: int) -> None:
            task = bars.tasks[tasks[what]]
            if task.completed >= (task.total or 0):
                bars.reset(task.id, total=total)
            bars.advance(task.id, done)

        yield report
