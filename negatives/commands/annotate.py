"""`negatives annotate`: a sheet for human judges, questions in the terminal, and the summary."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath
from data.texts import counted

if TYPE_CHECKING:
    from negatives.auditing.agreement import Share, Summary
    from negatives.auditing.sheet import Item


@click.command()
@click.argument("paths", nargs=-1, type=PATH_OR_URL, metavar="OUT [PUBLISHED ...]")
@click.option("--sample", type=int, help="Number of negatives from OUT; default 200.")
@click.option("--controls", type=int, help="Number from each further folder; default 50.")
@click.option("--seed", type=int, help="Seed of the sample and its order; default 0.")
@click.option(
    "--output", type=LOCAL_PATH, help="The sheet, .html or .jsonl; with --terminal, answers."
)
@click.option(
    "--key", type=LOCAL_PATH, help="The key; for a new sheet, by default SHEET.key.jsonl."
)
@click.option("--terminal", is_flag=True, help="Ask the items of a .jsonl sheet here; resumable.")
@click.option("--summary", is_flag=True, help="Summarise answers, one file per reader.")
@click.option(
    "--json", "as_json", is_flag=True, help="With --summary: print JSON, with every failure."
)
@click.option("--quiet", is_flag=True, help="Print only errors.")
def annotate(
    *,
    paths: tuple[AnyPath, ...],
    sample: int | None,
    controls: int | None,
    seed: int | None,
    output: Path | None,
    key: Path | None,
    terminal: bool,
    summary: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Have people judge negatives: grammatical, plausible, certainly false of the photograph.

    A sheet mixes the folders' negatives, with each type's share, and hides source and type from the
    reader; a separate key file has them.

    \b
    negatives annotate out published --sample 200 --output sheet.html
    negatives annotate sheet.jsonl --terminal --output answers.jsonl
    negatives annotate --summary ann.jsonl ben.jsonl --key sheet.key.jsonl
    """
    mode = _mode(summary=summary, terminal=terminal)
    given = {"sample": sample, "controls": controls, "seed": seed, "output": output, "key": key}
    given |= {"json": as_json or None, "quiet": quiet or None}
    if idle := [name for name, value in given.items() if value is not None and name not in mode]:
        raise UsageError(f"--{idle[0]} has no effect here; leave it out")
    if summary:
        _summarise(paths, key, as_json=as_json)
    elif terminal:
        _ask(paths, output, quiet=quiet)
    else:
        sizes = (200 if sample is None else sample, 50 if controls is None else controls)
        _write(paths, output, key, sizes=sizes, seed=seed or 0, quiet=quiet)


def _mode(*, summary: bool, terminal: bool) -> frozenset[str]:
    """Return the options that have an effect in this mode."""
    if summary and terminal:
        raise UsageError("use either --summary or --terminal: answer first, then summarise")
    if summary:
        return frozenset(("key", "json"))
    return frozenset(("output", "quiet") if terminal else _SHEET_OPTIONS)


_EXISTS = "exists already, and answers may refer to it; choose another name"
_SHEET_OPTIONS = ("sample", "controls", "seed", "output", "key", "quiet")


def _write(
    paths: Sequence[AnyPath],
    output: Path | None,
    key: Path | None,
    *,
    sizes: tuple[int, int],
    seed: int,
    quiet: bool,
) -> None:
    from data.commit import write_atomically
    from data.pulling import unpacked
    from negatives.auditing.sheet import draw_sheet
    from negatives.auditing.sheet_files import key_lines, sheet_lines, sheet_page

    if not paths:
        raise UsageError("expected a finished folder to judge, found none")
    if output is None or output.suffix not in {".html", ".jsonl"}:
        raise UsageError(f"--output: expected a file .html or .jsonl, found {output}")
    key = key or output.with_suffix(".key.jsonl")
    if output.exists():
        raise UsageError(f"{output}: {_EXISTS}")
    for flag, size in zip(("--sample", "--controls"), sizes, strict=True):
        if size < 1:
            raise UsageError(f"{flag}: expected 1 or more, found {size}")
    first, *others = paths
    folders = [(unpacked(first), sizes[0]), *((unpacked(folder), sizes[1]) for folder in others)]
    sheet = draw_sheet(folders, seed=seed)
    if key.exists() and key.read_bytes() != key_lines(sheet).encode():
        raise UsageError(f"{key}: {_EXISTS}")  # the same sheet in another format may share it
    write_atomically(key, key_lines(sheet))
    write_atomically(output, (sheet_lines if output.suffix == ".jsonl" else sheet_page)(sheet))
    if not quiet:
        for folder, num in Counter(entry.folder for entry in sheet.key).items():
            click.echo(f"{num:>5}  {folder}")
        click.echo(f"{counted(len(sheet.items), 'item')} to judge in {output}; their key in {key}")


def _ask(paths: Sequence[AnyPath], output: Path | None, *, quiet: bool) -> None:
    from negatives.auditing.sheet_files import answer_line, read_answers, read_sheet

    if len(paths) != 1 or output is None:
        raise UsageError(
            "--terminal: expected a .jsonl sheet and --output for the answers; "
            "`negatives annotate OUT --output sheet.jsonl` makes a sheet"
        )
    items = read_sheet(paths[0])
    answers = read_answers(output) if output.exists() else {}
    todo = [item for item in items if item.item not in answers]
    for number, item in enumerate(todo, start=len(items) - len(todo) + 1):
        click.secho(f"\nitem {number} of {len(items)}", fg="cyan")
        answer = _ask_questions(item)
        if answer is None:
            break
        with output.open("a", encoding="utf-8") as file:
            file.write(answer_line(item.item, answer))
        todo = todo[1:]
    if not quiet:
        remaining = counted(len(todo), "item")
        left = f"{remaining} left: run it again to continue" if todo else "all items are judged"
        click.echo(f"{left}; answers in {output}")


def _ask_questions(item: "Item") -> dict[str, bool] | None:
    """Return the answers to an item, None if the reader stops."""
    from negatives.auditing.sheet import QUESTIONS

    answer: dict[str, bool] = {}
    click.secho(f"  {item.text}", bold=True)
    while len(answer) < len(QUESTIONS):
        question = QUESTIONS[len(answer)]
        if not question.blind:
            click.echo(f"  of the photograph with the caption: {item.caption}")
        said = click.prompt(
            f"  {question.text} [y/n, b back, q stop]",
            type=click.Choice("ynbq", case_sensitive=False),
            show_choices=False,
            prompt_suffix=" ",
        )
        if said == "q":
            return None
        if said == "b":
            answer = dict(list(answer.items())[:-1])
        else:
            answer[question.name] = said == "y"
    return answer


def _summarise(paths: Sequence[AnyPath], key: Path | None, *, as_json: bool) -> None:
    from negatives.auditing.agreement import summary_of
    from negatives.auditing.sheet_files import read_answers, read_key

    if not paths or key is None:
        raise UsageError("--summary: expected files of answers and --key, their sheet's key")
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    answers = {name: read_answers(path) for name, path in zip(names, paths, strict=True)}
    if len(answers) < len(paths):
        raise UsageError("a file of answers is given twice; give each reader's once")
    summary = summary_of(answers, read_key(key))
    if as_json:
        content = {
            "shares": [share._asdict() for share in summary.shares],
            "agreements": [agreement._asdict() for agreement in summary.agreements],
            "failures": [
                {**failure.entry._asdict(), "refused_by": failure.refused_by}
                for failure in summary.failures
            ],
            "unanswered": summary.unanswered,
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(summary)))


def _lines(summary: "Summary") -> Iterator[str]:
    """Yield the summary as tables: a line per group, with each judgement's value and interval."""
    from negatives.auditing.agreement import JUDGEMENTS

    by_group: dict[tuple[str, str], dict[str, Share]] = {}
    for share in summary.shares:
        by_group.setdefault((share.folder, share.group), {})[share.judgement] = share
    width = max(len(group) for _, group in by_group) + 2
    folder = None
    for (of_folder, group), shares in by_group.items():
        if of_folder != folder:
            folder = of_folder
            yield folder
            names = "".join(f"{name:<20}" for name in JUDGEMENTS)
            yield f"  {'':{width}}items  {names.rstrip()}"
        cells = [
            f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]".ljust(20)
            for share in (shares[name] for name in JUDGEMENTS)
        ]
        yield f"  {group:{width}}{shares[JUDGEMENTS[0]].num:>5}  " + "".join(cells).rstrip()
    for pair, agreements in groupby(summary.agreements, lambda found: (found.first, found.second)):
        yield f"{pair[0]} and {pair[1]}"
        for found in agreements:
            kappa = "undefined" if found.kappa is None else f"{found.kappa:.2f}"
            same = f"{found.same:.0%} of {found.num} alike"
            yield f"  {found.judgement:<13}{same}, Cohen's kappa {kappa}"
    if summary.unanswered:
        yield f"without an answer: {counted(summary.unanswered, 'item')} of the key"
