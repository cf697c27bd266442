"""`negatives rules`, `sources`, `presets`: lists with one example each."""

import json
from dataclasses import MISSING, fields
from inspect import cleandoc
from typing import Any

import click

from data.errors import UsageError
from data.texts import nearest

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("name", required=False)
@_as_json
def rules(*, name: str | None, as_json: bool) -> None:
    """List the rules of negatives and of positives; with NAME, what that one does and its options.

    \b
    negatives rules
    negatives rules synonym
    """
    from negatives.positives import DEFAULTS, POSITIVE_RULES
    from negatives.rules import RULES, example_of

    kinds = {"negatives": RULES, "positives": POSITIVE_RULES}
    if name is not None:
        _describe_rule(name, as_json=as_json)
        return
    listed = {
        kind: {each: example_of(cls) for each, cls in known.items()}
        for kind, known in kinds.items()
    }
    if as_json:
        click.echo(json.dumps(listed, indent=1, ensure_ascii=False))
        return
    click.echo("Rules of negatives, which make a caption false (negatives.rules):")
    _print(listed["negatives"], as_json=False)
    click.echo("\nRules of positives, which leave it true (--positives, negatives.positives):")
    _print(listed["positives"], as_json=False)
    named = " and ".join(each for each in POSITIVE_RULES if each not in DEFAULTS)
    click.echo(f"\n--positives takes all of these but {named}, which have to be named.")


def _describe_rule(name: str, *, as_json: bool) -> None:
    """Print what a rule does, of negatives or of positives, and its options."""
    from negatives.positives import POSITIVE_RULES
    from negatives.rules import RULES, rule_class

    kind = "positives" if name in POSITIVE_RULES else "negatives"
    known = RULES if kind == "negatives" else POSITIVE_RULES
    if name not in known:
        raise UsageError(f"no rule {name!r}; {nearest(name, [*RULES, *POSITIVE_RULES])}")
    cls = rule_class(name, known)
    description = cleandoc(cls.__doc__ or "")
    _, options = _options_of(cls)
    if as_json:
        content = {"kind": kind, "description": description, "options": options}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return
    click.echo(f"{name}, a rule of {kind}: {description}")
    if options:
        click.echo(f"\nOptions and their defaults, {{rule: {name}, OPTION: VALUE}}:")
        _print({option: json.dumps(value) for option, value in options.items()}, as_json=False)


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
