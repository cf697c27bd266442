"""`negatives preview --llm`: the requests to a language model about a caption, and its answers."""

import json
from collections.abc import Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any

import click

from data.errors import RetryableError, UsageError


def show_answers(text: str, config: Path | None, only: Sequence[str], *, as_json: bool) -> None:
    """Print requests, answers and the resulting negatives, including the verifier's.

    Rules have the options in `config`, or their defaults.

    Raises:
        UsageError: a rule asks no model, or the caption, the configuration or the model cannot be
            used.
        RetryableError: requests are unanswered.
    """
    from data.config import check_sections, parse_options, read_yaml
    from data.texts import is_unicode
    from negatives.config import NegativesConfig
    from negatives.llm.asking import asks
    from negatives.llm.config import backend_of, llm_config
    from negatives.llm.counts import Counts, counts_record, line_of
    from negatives.models import model_name
    from negatives.rules import RULES, rule_class
    from negatives.spacy_parse import parse_texts
    from negatives.words.lexicon import load

    asking = [name for name, cls in RULES.items() if asks(cls)]
    for name in only:
        if not asks(rule_class(name)):
            raise UsageError(f"--rule {name}: expected with --llm one of {', '.join(asking)}")
    sections = read_yaml(config) if config else {}
    check_sections(sections)
    options = parse_options(NegativesConfig, sections.get("negatives") or {}, where="negatives")
    if not is_unicode(text) or len(text) > options.max_characters:
        most = options.max_characters
        raise UsageError(f"the caption is not valid Unicode, or longer than {most} characters")
    lexicon = load()
    backend = backend_of(llm_config(options.llm, asks=True), lexicon)
    (parse,) = parse_texts([text], model=options.model or model_name(), batch_size=1)
    found = [
        {"rule": spec, **_asked(parse, spec, backend, lexicon)}
        for spec in _specs(options.rules or (), only or asking)
    ]
    counts = [each.pop("counts") for each in found]
    if as_json:
        content = json.dumps({"caption": text, "rules": found}, indent=1, ensure_ascii=False)
        click.echo(
            content.encode(errors="backslashreplace")
        )  # answers may contain half a character
    else:
        _show(found)
    total = reduce(Counts.plus, counts)
    click.echo(line_of(counts_record(total, backend)), err=True)
    if total.missing():
        raise RetryableError(
            f"{backend.model_info.name}: {total.missing()} of {total.requests} questions "
            "have no answer"
        )


def _show(found: Sequence[Mapping[str, Any]]) -> None:
    for record in found:
        click.secho(_visible(str(record["rule"]["rule"])), fg="cyan")
        for each in record["asked"]:
            click.echo(f"  asked     {_visible(each['request'])}")
            click.echo(f"  answered  {_visible(each['answer'])}")
        for negative in record["proposed"]:
            click.secho(f"  proposed  {_visible(negative)}", bold=True)
        for reason, number in record["faults"].items():
            click.echo(f"  {number} {reason}")


def _specs(given: Sequence[Mapping[str, Any]], names: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the rules of these names as configured; rules not configured have their defaults."""
    listed = [dict(spec) for spec in given if spec.get("rule") in names]
    known = {spec["rule"] for spec in listed}
    return [*listed, *({"rule": name} for name in names if name not in known)]


def _asked(parse: Any, spec: Mapping[str, Any], backend: Any, lexicon: Any) -> dict[str, Any]:  # noqa: ANN401 - typed behind doors
    """Return one rule's requests, their answers and the resulting negatives."""
    from negatives.llm.asking import asks, proposals_of, verdict_requests
    from negatives.llm.blocks import ask_rules
    from negatives.llm.cache import AnswersInMemory
    from negatives.llm.requests import Answer
    from negatives.rules import make_rule

    rule = make_rule(spec, lexicon=lexicon)
    assert asks(rule), "others were rejected"
    answers, counts = ask_rules([parse], [rule], backend, AnswersInMemory())
    requests = [*rule.requests(parse), *verdict_requests(rule, parse, answers)]
    slots, faults = proposals_of(rule, parse, answers)
    return {
        "asked": [
            {
                "request": request.messages[-1].content,
                "answer": outcome.text if isinstance(outcome, Answer) else str(outcome),
            }
            for request, outcome in zip(requests, answers.of(requests), strict=True)
        ],
        "proposed": [edit.apply(parse.text) for slot in slots for edit in slot.alternatives],
        "faults": dict(sorted(faults.items())),
        "counts": counts,
    }


def _visible(text: str) -> str:
    """Return untrusted text in one line without control characters."""
    line = " ".join(text.split())
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in line
    )
