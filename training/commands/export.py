"""`train export`: a run's weights as a file for open_clip, or a folder for transformers."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data.command import LOCAL_PATH

if TYPE_CHECKING:
    from training.export import Which


@click.command()
@click.argument("run", type=LOCAL_PATH)
@click.option(
    "--output",
    type=LOCAL_PATH,
    required=True,
    help="The file (.pt or .safetensors), or the folder for transformers.",
)
@click.option(
    "--to",
    type=click.Choice(["open_clip", "transformers"]),
    default="open_clip",
    show_default=True,
    help="transformers: a folder with a processor, for CLIPModel or SiglipModel.from_pretrained.",
)
@click.option(
    "--alpha",
    type=float,
    default=1.0,
    show_default=True,
    help="WiSE-FT: (1 - alpha) of the initial weights plus alpha of the trained ones.",
)
@click.option(
    "--checkpoint",
    type=click.Choice(["last", "best"]),
    default="last",
    show_default=True,
    help="Which checkpoint; best has the lowest loss on training.validation.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", is_flag=True, help="Print only errors.")
def export(
    *,
    run: Path,
    output: Path,
    to: str,
    alpha: float,
    checkpoint: "Which",
    as_json: bool,
    quiet: bool,
) -> None:
    """Write weights that open_clip or transformers opens; LoRA is merged.

    \b
    train export run --alpha .5 --output clip.pt
    train export run --to transformers --output clip
    """
    from training.export import weights_of, write_folder_of_transformers, write_weights

    weights = weights_of(run, alpha=alpha, which=checkpoint)
    opener = write_folder_of_transformers(weights, output) if to == "transformers" else ""
    if not opener:
        write_weights(weights, output)
    if as_json:
        found = {"output": str(output), "model": weights.name, "step": weights.step}
        click.echo(json.dumps({**found, "alpha": alpha, "quick_gelu": weights.quick_gelu}))
    elif not quiet:
        click.echo(f"step {weights.step:,}, alpha {alpha:g}: {output}")
        if opener:
            click.echo(f'transformers.{opener}.from_pretrained("{output}")')
        elif not weights.name.startswith(("local-dir:", "hf-hub:")):
            click.echo(f'open_clip.create_model("{weights.name}", pretrained="{output}")')
