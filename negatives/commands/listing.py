"""`negatives rules`, `sources`, `presets`: lists with one example each."""

import json
from dataclasses import MISSING, fields
from inspect import cleandoc
from typing import Any

import click

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@_as_json
def rules(*, as_json: bool) -> None:
    """List the rules, with an example each."""
    from negatives.rules import RULES, example_of

    _print({name: example_of(cls) for name, cls in RULES.items()}, as_json=as_json)


@click.command()
@click.argument("name", required=False)
@_as_json
def sources(*, name: str | None, as_json: bool) -> None:
    """List the sources of captions; with NAME, its layout and options."""
    from data.sources import SOURCES, source_class

    classes = {each: source_class(each) for each in ([name] if name else SOURCES)}
    described = {each: cleandoc(cls.__doc__ or "") for each, cls in classes.items()}
    if name is None:
        lines = {each: text.partition("\n")[0] for each, text in described.items()}
        _print(lines, as_json=as_json)
        return
    needed, options = _options_of(classes[name])
    if as_json:
        content = {"description": described[name], "needed": needed, "options": options}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    click.echo(f"{described[name]}\n\nOptions and their defaults, --set data.source.OPTION=VALUE:")
    defaults = {option: json.dumps(value) for option, value in options.items()}
    _print(dict.fromkeys(needed, "(needed)") | defaults, as_json=False)


def _options_of(cls: Any) -> tuple[list[str], dict[str, object]]:  # noqa: ANN401 - a dataclass
    """Return a source's required options, and the defaults of the others."""
    from data.config import plain

    needed = [field.name for field in fields(cls) if field.default is MISSING]
    others = (field for field in fields(cls) if field.name not in needed)
    return needed, {field.name: plain(field.default) for field in others}


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
