"""`negatives rules`, `sources`, `presets`: what there is, one example each."""

import json

import click

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@_as_json
def rules(*, as_json: bool) -> None:
    """List the rules, an example each."""
    from negatives.llm.blocks import ASKING
    from negatives.rules import RULES, example_of

    _print({name: example_of(cls) for name, cls in {**RULES, **ASKING}.items()}, as_json=as_json)


@click.command()
@_as_json
def sources(*, as_json: bool) -> None:
    """List the sources of captions and the layouts they read."""
    from data.sources import SOURCES, source_class

    described = {name: (source_class(name).__doc__ or "").strip() for name in SOURCES}
    _print({name: text.partition("\n")[0] for name, text in described.items()}, as_json=as_json)


@click.command()
@_as_json
def presets(*, as_json: bool) -> None:
    """List the presets: their rules and where they come from."""
    from negatives.presets import PRESETS

    lines = {name: f"{preset.summary} ({preset.source})" for name, preset in PRESETS.items()}
    _print(lines, as_json=as_json)


def _print(lines: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(lines, indent=1, ensure_ascii=False))
        return
    width = max(map(len, lines))
    for name, line in lines.items():
        click.echo(f"{name:<{width}}  {line}")
