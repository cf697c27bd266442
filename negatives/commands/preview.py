"""`negatives preview`: what every rule makes of one caption."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.text import Text

    from data.edits import Edit


@click.command()
@click.argument("text")
@click.option("--preset", help="Only this preset's rules, chosen by its policy.")
@click.option("--rule", "only", multiple=True, help="Only this rule; often, but not with --preset.")
@click.option("--seed", type=int, default=0, show_default=True, help="The seed of the draw.")
@click.option("--variants", type=int, help="Draws of each slot.  [default: 3, or the preset's]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, rejects with reasons included.")
def preview(
    *,
    text: str,
    preset: str | None,
    only: tuple[str, ...],
    seed: int,
    variants: int | None,
    as_json: bool,
) -> None:
    """Show every rule's negatives for one caption, edits highlighted.

    \b
    negatives preview "A man riding a horse next to a red barn."
    """
    from data.errors import UsageError
    from data.schema import plain_negative
    from negatives.api import choose_texts
    from negatives.config import build_config
    from negatives.rules import RULES

    section: dict[str, object] = {"seed": seed}
    if preset is None:
        section["choice"] = {"variants": 3 if variants is None else variants}
        section["rules"] = tuple({"rule": name} for name in only or RULES)
    elif only:
        raise UsageError("--rule and --preset exclude each other: a preset names its own rules")
    else:
        section["preset"] = preset
        section["choice"] = {"variants": variants}
    config = build_config({"negatives": section})
    ((_, chosen),) = choose_texts([text], config)
    if chosen is None:
        most = config.negatives.max_characters
        raise UsageError(f"the caption is no Unicode text, or longer than {most} characters")
    if as_json:
        content = {
            "caption": text,
            "negatives": [plain_negative(negative) for negative in chosen.negatives],
            "rejects": [plain_negative(reject) for reject in chosen.rejects],
        }
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    console.print(text, style="bold", markup=False)
    rule = ""
    for negative in chosen.negatives:
        if negative.rule != rule:
            rule = negative.rule
            console.print(f"\n{rule}", style="cyan", markup=False)
        label = f"  {negative.subtype:<10}"
        console.print(label, highlighted(negative.text, negative.edit), sep="")
    if not chosen.negatives:
        console.print("no negatives; --json tells why", style="yellow")


def highlighted(text: str, edit: "Edit") -> "Text":
    """Return a negative's text with what the edit put there in colour."""
    from rich.text import Text

    styled = Text(text)
    for start, end in edit.spans_after():
        styled.stylize("bold red", start, end)
    return styled
