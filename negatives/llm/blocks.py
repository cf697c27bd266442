"""A block of captions is asked about: OUT/work/parse -> answers kept -> OUT/work/ask.

Answers are kept as they arrive, one file a shard, where the next run finds them. Once all of a
block has its outcomes, these are committed like other work, and the second pass reads
those alone: what happens to the kept answers meanwhile changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

from data.commit import Json
from data.config import checked
from data.errors import RetryableError, ShardError
from negatives.choose import Chooser
from negatives.llm import NAMES
from negatives.llm.asking import Asking, Told, judged_requests, proposed
from negatives.llm.cache import Answers, open_answers, read_answers, write_answers
from negatives.llm.infill import LlmInfill
from negatives.llm.judge import judge_version
from negatives.llm.requests import (
    NOT_STORED,
    Answer,
    Backend,
    Facts,
    Failure,
    Outcome,
    Request,
    key_of,
)
from negatives.llm.rewrite import LlmRewrite
from negatives.parse import Parse
from negatives.slots import Rule
from negatives.words.lexicon import Lexicon

ASKING: Mapping[str, type[LlmInfill | LlmRewrite]] = {
    "llm_infill": LlmInfill,
    "llm_rewrite": LlmRewrite,
}
assert tuple(ASKING) == NAMES
_LOST = frozenset(Failure(reason) for reason in NOT_STORED)
_MOST_LOST = 20  # of a group: more, and more than half of it, are no matter of captions
_GROUP = 256  # requests whose outcomes are waited for together: the progress that is shown


class Counts(NamedTuple):
    """What asking took: requests in all, those found in the cache, damaged records, tokens."""

    requests: int = 0
    kept: int = 0
    damaged: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


def asking_rules(chooser: Chooser) -> list[Asking]:
    """Return the rules of a chooser that ask."""
    return [cast("Asking", each.rule) for each in chooser.producers if each.name in NAMES]


class AnswersFile(NamedTuple):
    """The committed outcomes of a block, and who gave them."""

    path: Path
    facts: Facts


def make_asking(spec: Mapping[str, object], *, lexicon: Lexicon) -> Asking:
    """Return the rule that a config entry `{rule: llm_..., option: value ...}` asks for.

    Raises:
        UsageError: an option is unknown or of another type.
    """
    options = dict(spec)
    name = str(options.pop("rule"))
    return checked(ASKING[name], options, where=f"rule {name}", given={"lexicon": lexicon})


def ask_block(  # noqa: PLR0913 - who is asked what, and three places for what comes of it
    parses: Sequence[Parse],
    rules: Sequence[Asking],
    backend: Backend,
    *,
    kept: Path,
    path: Path,
    report: Callable[[int], None] = lambda _num_requests: None,
) -> Counts:
    """Ask about the captions of a block and write all outcomes into the file `path`.

    `kept`: the file in which answers are kept as they come. `report` is called with the number of
    requests that have just got their outcome.

    Raises:
        UsageError: as the backend; answers that came are kept.
        RetryableError: as the backend, or most requests got no answer.
    """
    with closing(open_answers(kept)) as answers:
        told, counts = told_of(parses, rules, backend, answers, report)
    write_answers(path, told.outcomes)
    return counts


def told_of(
    parses: Sequence[Parse],
    rules: Sequence[Asking],
    backend: Backend,
    kept: Answers,
    report: Callable[[int], None] = lambda _num_requests: None,
) -> tuple[Told, Counts]:
    """Ask what the rules ask about captions, then what their judges ask about the proposals."""
    facts = backend.facts
    found: dict[str, Outcome] = {}
    told = Told(found, facts)
    total = Counts(damaged=kept.num_damaged)
    for is_judged in (False, True):
        requests = {
            key_of(each, facts): each
            for rule in rules
            for parse in parses
            for each in (judged_requests(rule, parse, told) if is_judged else rule.requests(parse))
        }
        counts = _ask(requests, backend, kept, found, report)
        total = Counts(*map(sum, zip(total, counts, strict=True)))
    return told, total


def _ask(
    requests: Mapping[str, Request],
    backend: Backend,
    kept: Answers,
    found: dict[str, Outcome],
    report: Callable[[int], None],
) -> Counts:
    """Put the outcomes of requests, given by key, into `found`; ask what was not kept."""
    known = {key: kept.found[key] for key in requests if key in kept.found}
    found |= known
    missing = [key for key in requests if key not in known]
    tokens: Counter[str] = Counter()

    def arrived(group: Sequence[str], number: int, outcome: Outcome) -> None:
        key = group[number]
        found[key] = outcome
        if isinstance(outcome, Answer):
            tokens["prompt"] += outcome.prompt_tokens
            tokens["completion"] += outcome.completion_tokens
        if not (isinstance(outcome, Failure) and outcome.reason in NOT_STORED):
            kept.add(key, outcome)

    for first in range(0, len(missing), _GROUP):
        group = missing[first : first + _GROUP]
        backend.answers(
            [requests[key] for key in group],
            partial(arrived, group),
        )
        num_lost = sum(found[key] in _LOST for key in group)
        if num_lost >= _MOST_LOST and 2 * num_lost > len(group):
            raise RetryableError(
                f"{backend.facts.name}: no answer to {num_lost} of {len(group)} requests; the "
                "answers so far are kept: see to the server, and run the same again"
            )
        report(len(group))
    return Counts(len(requests), len(known), 0, tokens["prompt"], tokens["completion"])


def with_answers(
    chooser: Chooser, parses: Sequence[Parse], answers: AnswersFile | None
) -> tuple[Chooser, Counter[str]]:
    """Return the chooser whose asking rules offer what was answered; and "rule: fault" counts.

    Raises:
        ShardError: the answers are damaged.
    """
    if answers is None:
        return chooser, Counter()
    outcomes = read_answers(answers.path)
    if outcomes is None:
        raise ShardError(f"{answers.path}: damaged; run the same build again")
    return told_chooser(chooser, parses, Told(outcomes, answers.facts))


def told_chooser(
    chooser: Chooser, parses: Sequence[Parse], told: Told
) -> tuple[Chooser, Counter[str]]:
    """Return the chooser whose asking rules offer what was told; and "rule: fault" counts."""
    fates: Counter[str] = Counter()
    producers = list(chooser.producers)
    for place, producer in enumerate(producers):
        if producer.name in NAMES:
            rule, faults = proposed(cast("Asking", producer.rule), parses, told)
            producers[place] = producer._replace(rule=cast("Rule", rule))
            fates.update({f"{producer.name}: {fate}": num for fate, num in faults.items()})
    return chooser._replace(producers=tuple(producers)), fates


def producer_facts(rule: Rule, facts: Facts) -> Json:
    """Return what a manifest says of an asking rule beside its options: model and prompts."""
    asking = cast("Asking", rule)
    content: Json = {
        "model": facts.name,
        "model_version": facts.version,
        "asked_by": facts.method,
        "prompt": asking.prompt,
    }
    return {**content, "judge_prompt": judge_version()} if asking.judge else content
