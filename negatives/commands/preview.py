"""`negatives preview`: every rule's negatives of one caption."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath
from negatives.commands.answers import show_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from data.edits import Edit
    from data.records import Negative, Positive
    from negatives.config import BuildConfig

_VARIANTS = 5
_UNSCORED = (
    "candidates without a score: --fluency-from OUT scores them with a finished build's model"
)


@click.command()
@click.argument("text")
@click.option("--preset", help="Only this preset's rules, with its policy.")
@click.option(
    "--rule", "only", multiple=True, help="Only this rule; repeatable; not with --preset."
)
@click.option("--seed", type=int, help="The seed of the draw.  [default: 0]")
@click.option(
    "--variants", type=int, help=f"Negatives per rule.  [default: {_VARIANTS}, or the preset's]"
)
@click.option(
    "--fluency-from",
    type=PATH_OR_URL,
    help="A finished build whose corpus model scores the candidates, as in the natural preset.",
)
@click.option("--positives", is_flag=True, help="Also show positives: edits that leave it true.")
@click.option("--llm", is_flag=True, help="Show requests to a language model, and its answers.")
@click.option(
    "--config",
    "whom",
    type=LOCAL_PATH,
    help="With --llm: a pipeline.yaml that configures the model.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, including rejects with reasons.")
def preview(
    *,
    text: str,
    preset: str | None,
    only: tuple[str, ...],
    seed: int | None,
    variants: int | None,
    fluency_from: AnyPath | None,
    positives: bool,
    llm: bool,
    whom: Path | None,
    as_json: bool,
) -> None:
    """Show every rule's negatives for one caption, edits highlighted.

    \b
    negatives preview "A man riding a horse next to a red barn."
    """
    from data.schema import plain_negative
    from negatives.api import choose_texts, lacks_model
    from negatives.rephrasing import rephrase

    if llm:
        given = {
            "preset": preset,
            "fluency-from": fluency_from,
            "variants": variants,
            "seed": seed,
            "positives": positives or None,
        }
        for name, value in given.items():
            if value is not None:
                raise UsageError(
                    f"--{name} has no effect with --llm, which shows raw answers; leave it out"
                )
        show_answers(text, whom, only, as_json=as_json)
        return
    if whom is not None:
        raise UsageError("--config needs --llm")
    if preset is not None and only:
        raise UsageError("use either --rule or --preset: a preset has its own rules")
    is_listing = preset is None and fluency_from is None
    if is_listing:
        config = _listing(only, seed or 0, _VARIANTS if variants is None else variants)
    else:
        config = _choosing(preset or "natural", only, seed or 0, variants, fluency_from)
    note = _UNSCORED if is_listing or lacks_model(config) else ""
    ((_, chosen),) = choose_texts([text], config)
    if chosen is None:
        most = config.negatives.max_characters
        raise UsageError(f"the caption is no Unicode text, or longer than {most} characters")
    turned = rephrase(text, seed=seed) if positives else []
    if as_json:
        content = {
            "caption": text,
            "negatives": [plain_negative(negative) for negative in chosen.negatives],
            "rejects": [plain_negative(reject) for reject in chosen.rejects],
            **({"positives": [plain_negative(each) for each in turned]} if positives else {}),
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        if note:
            click.echo(note, err=True)
        return
    _show(text, chosen.negatives, turned, note=note)


def _listing(only: "Sequence[str]", seed: int, variants: int) -> "BuildConfig":
    """Return a chooser that draws some candidates of each rule uniformly."""
    from negatives.config import build_config
    from negatives.llm.asking import asks
    from negatives.rules import RULES

    listed = [name for name, cls in RULES.items() if not asks(cls)]
    section = {
        "seed": seed,
        "rules": tuple({"rule": name} for name in only or listed),
        "choice": {"draw": "recipe", "weighted": False, "variants": variants},
    }
    return build_config({"negatives": section})


def _choosing(
    preset: str,
    only: "Sequence[str]",
    seed: int,
    variants: int | None,
    fluency_from: AnyPath | None,
) -> "BuildConfig":
    """Return a chooser with a preset's rules and policy."""
    from negatives.config import build_config

    section = {
        "preset": preset,
        "seed": seed,
        "rules": tuple({"rule": name} for name in only) or None,
        "choice": {"variants": variants},
        "fluency_from": fluency_from,
    }
    return build_config({"negatives": section})


def _show(
    text: str, negatives: "Sequence[Negative]", positives: "Sequence[Positive]", *, note: str
) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(text, style="bold", markup=False)
    rule = ""
    for negative in negatives:
        if negative.rule != rule:
            rule = negative.rule
            console.print(f"\n{rule}", style="cyan", markup=False)
        score = "" if negative.score is None else f"{negative.score:+6.2f}  "
        label = f"  {negative.subtype:<10}{score}"
        console.print(label, highlight(negative.text, negative.edit), sep="")
    if not negatives:
        console.print("no negatives; --json shows why", style="yellow")
    if positives:
        console.print("\nstill true", style="green", markup=False)
    for positive in positives:
        label = f"  {positive.rule:<12}"
        console.print(label, highlight(positive.text, positive.edit), sep="")
    if note:
        console.print(f"\n{note}", style="dim", markup=False)


def highlight(text: str, edit: "Edit") -> "Text":
    """Return a negative's text with the edit in colour."""
    from rich.text import Text

    styled = Text(text)
    for start, end in edit.spans_after():
        styled.stylize("bold red", start, end)
    return styled
