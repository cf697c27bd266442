"""`negatives preview --llm`: what a model is asked about a caption, and what it answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from data.errors import UsageError
from negatives.llm import NAMES


def show_answers(text: str, config: Path | None, only: Sequence[str], *, as_json: bool) -> None:
    """Print requests, answers and what becomes of them.

    Raises:
        UsageError: a rule does not ask, or the model is not to be had.
    """
    from data.config import checked, read_yaml
    from negatives.llm.config import LlmConfig, backend_of
    from negatives.words.lexicon import load

    for name in only:
        if name not in NAMES:
            raise UsageError(f"--rule {name}: expected with --llm one of {', '.join(NAMES)}")
    section = (read_yaml(config).get("negatives") or {}).get("llm") or {} if config else {}
    lexicon = load()
    backend = backend_of(checked(LlmConfig, section, where="negatives.llm"), lexicon)
    found = {name: _of_rule(text, name, backend, lexicon) for name in only or NAMES}
    if as_json:
        click.echo(json.dumps({"caption": text, **found}, indent=1, ensure_ascii=False))
        return
    for name, told in found.items():
        click.secho(name, fg="cyan")
        for each in told["asked"]:
            click.echo(f"  asked     {each['request']}")
            click.echo(f"  answered  {' '.join(each['answer'].split())}")
        for negative in told["proposed"]:
            click.secho(f"  proposed  {negative}", bold=True)
        for reason, number in told["faults"].items():
            click.echo(f"  {number} {reason}")


def _of_rule(text: str, name: str, backend: Any, lexicon: Any) -> dict[str, Any]:  # noqa: ANN401 - typed behind doors
    """Return what one rule asks, is answered and makes of it."""
    from negatives.llm.blocks import make_asking
    from negatives.llm.requests import Answer
    from negatives.models import model_name
    from negatives.spacy_parse import parse_texts

    (parse,) = parse_texts([text], model=model_name(), batch_size=1)
    rule = make_asking({"rule": name}, lexicon=lexicon)
    requests = rule.requests(parse)
    outcomes = backend.answers(requests, lambda _number, _outcome: None)
    slots, faults = rule.slots(parse, outcomes)
    return {
        "asked": [
            {
                "request": request.messages[-1].content,
                "answer": outcome.text if isinstance(outcome, Answer) else f"({outcome.reason})",
            }
            for request, outcome in zip(requests, outcomes, strict=True)
        ],
        "proposed": [edit.apply(text) for slot in slots for edit in slot.alternatives],
        "faults": dict(sorted(faults.items())),
    }
