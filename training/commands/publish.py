"""`train publish`: a run's weights as a model repository on the Hub."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data.command import LOCAL_PATH

if TYPE_CHECKING:
    from training.export import Which
    from training.publish import Hub


@click.command()
@click.argument("run", type=LOCAL_PATH)
@click.argument("repository", metavar="USER/NAME")
@click.option("--alpha", type=float, default=1.0, show_default=True, help="As for `train export`.")
@click.option(
    "--checkpoint", type=click.Choice(["last", "best"]), default="last", show_default=True
)
@click.option("--private", is_flag=True, help="Make a private repository.")
@click.option("--dry-run", is_flag=True, help="Only write the folder and its card.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def publish(
    *,
    run: Path,
    repository: str,
    alpha: float,
    checkpoint: "Which",
    private: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write RUN/publish, with a card, and upload it to the Hugging Face Hub.

    \b
    train publish run user/name --dry-run
    """
    from data.hub import check_name
    from training.export import weights_of
    from training.publish import upload, write_folder

    check_name(repository)
    weights = weights_of(run, alpha=alpha, which=checkpoint)
    folder = run / "publish"
    files = write_folder(weights, folder, repository=repository, run=run)
    if not dry_run:
        upload(hub(), folder, repository=repository, private=private, step=weights.step)
    found = {"folder": str(folder), "files": files, "repository": repository, "sent": not dry_run}
    where = f"https://huggingface.co/{repository}" if not dry_run else "nothing was uploaded"
    click.echo(json.dumps(found) if as_json else f"{folder}: {', '.join(files)}; {where}")


def hub() -> "Hub":
    """Return the Hub's client; it finds the user's token itself."""
    from data.hub import client

    return client(bars=True)
