"""A block of captions is asked about: OUT/work/parse -> answers kept -> OUT/work/ask.

Answers are kept as they arrive, one file a shard, where the next run finds them. Once all of a
block has its outcomes, these are committed like other work, and the second pass reads
those alone: what happens to the kept answers meanwhile changes nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from data.commit import Json
from data.errors import RetryableError, ShardError
from data.storage import AnyPath
from negatives.llm.asking import AskingRule, Told, judged_requests
from negatives.llm.cache import Answers, open_answers, read_answers
from negatives.llm.counts import Counts, counted, unfinished
from negatives.llm.judge import judge_version
from negatives.llm.requests import (
    UNANSWERED,
    Backend,
    Facts,
    Failure,
    Outcome,
    Request,
    key_of,
)
from negatives.parse import Parse

_GROUP = 256  # requests whose outcomes are waited for together


class AnswersFile(NamedTuple):
    """The committed outcomes of a block, and who gave them."""

    path: AnyPath
    facts: Facts


def ask_block(
    parses: Sequence[Parse], rules: Sequence[AskingRule], backend: Backend, *, kept: AnyPath
) -> tuple[Told, Counts]:
    """Ask about the captions of a block; answers are kept in the file `kept` as they come.

    Raises:
        UsageError: as the backend; answers that came are kept.
        RetryableError: as the backend.
    """
    with closing(open_answers(kept)) as answers:
        return told_of(parses, rules, backend, answers)


def told_of(
    parses: Sequence[Parse],
    rules: Sequence[AskingRule],
    backend: Backend,
    kept: Answers,
) -> tuple[Told, Counts]:
    """Ask what the rules ask about captions, then what their judges ask about the proposals."""
    ledger = backend.ledger
    before = (ledger.prompt_tokens, ledger.completion_tokens, ledger.cost)
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
        num_kept = _ask(requests, backend, kept, found)
        counts = counted(requests.values(), (found[key] for key in requests))
        total = total.plus(counts._replace(kept=num_kept))
    return told, total._replace(
        prompt_tokens=ledger.prompt_tokens - before[0],
        completion_tokens=ledger.completion_tokens - before[1],
        cost=ledger.cost - before[2],
    )


def whys_in(told: Told) -> tuple[str, ...]:
    """Return what was said of the questions without an answer."""
    return tuple(
        outcome.why
        for outcome in told.outcomes.values()
        if isinstance(outcome, Failure) and outcome.reason in UNANSWERED
    )


def refuse_lacking(told: Told, counts: Counts, may_lack: int) -> None:
    """Refuse outcomes of which more than `may_lack` are no answer.

    Raises:
        RetryableError: they are.
    """
    if counts.lacking() > may_lack:
        raise RetryableError(f"{told.facts.name}: {unfinished(counts, whys_in(told))}")


def _ask(
    requests: Mapping[str, Request],
    backend: Backend,
    kept: Answers,
    found: dict[str, Outcome],
) -> int:
    """Put the outcomes of requests, given by key, into `found`; return how many were kept."""
    known = {key: kept.found[key] for key in requests if key in kept.found}
    found |= known
    missing = [key for key in requests if key not in known]

    def arrived(group: Sequence[str], number: int, outcome: Outcome) -> None:
        key = group[number]
        found[key] = outcome
        if not (isinstance(outcome, Failure) and outcome.reason in UNANSWERED):
            kept.add(key, outcome)

    for first in range(0, len(missing), _GROUP):
        group = missing[first : first + _GROUP]
        backend.answers([requests[key] for key in group], partial(arrived, group))
    return len(known)


def read_told(answers: AnswersFile) -> Told:
    """Return the committed outcomes of a block.

    Raises:
        ShardError: they are damaged.
    """
    outcomes = read_answers(answers.path)
    if outcomes is None:
        raise ShardError(f"{answers.path}: damaged; run the same build again")
    return Told(outcomes, answers.facts)


def producer_facts(rule: AskingRule, facts: Facts) -> Json:
    """Return what a manifest says of an asking rule beside its options: model and prompts."""
    content: Json = {
        "model": facts.name,
        "model_version": facts.version,
        "asked_by": facts.method,
        "prompt": rule.prompt,
    }
    return {**content, "judge_prompt": judge_version()} if rule.judge else content
