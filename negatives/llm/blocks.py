"""Asking about a block of captions: OUT/work/parse -> cached answers -> OUT/work/ask.

Answers are cached as they arrive, in one file per shard, where the next run finds them. Once a
block has all its outcomes, these are committed like other work, and the second pass reads only
them: later changes of the cache have no effect.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

from data.commit import Json
from data.errors import RetryableError, ShardError
from data.storage import AnyPath
from negatives.llm.asking import AskingRule, LlmAnswers, verdict_requests
from negatives.llm.cache import Answers, open_answers, read_answers
from negatives.llm.counts import Counts, count_outcomes, describe_unanswered
from negatives.llm.requests import (
    UNANSWERED,
    Backend,
    Failure,
    ModelInfo,
    Outcome,
    Request,
    key_of,
)
from negatives.llm.verifier import verifier_version
from negatives.parse import Parse

_GROUP = 256  # requests whose outcomes are waited for together


class AnswersFile(NamedTuple):
    """The committed outcomes of a block, and who gave them."""

    path: AnyPath
    model_info: ModelInfo


def ask_block(
    parses: Sequence[Parse], rules: Sequence[AskingRule], backend: Backend, *, kept: AnyPath
) -> tuple[LlmAnswers, Counts]:
    """Ask about the captions of a block; answers are kept in the file `kept` as they come.

    Raises:
        UsageError: as the backend; answers that came are kept.
        RetryableError: as the backend.
    """
    with closing(open_answers(kept)) as answers:
        return ask_rules(parses, rules, backend, answers)


def ask_rules(
    parses: Sequence[Parse],
    rules: Sequence[AskingRule],
    backend: Backend,
    kept: Answers,
) -> tuple[LlmAnswers, Counts]:
    """Ask what the rules ask about captions, then what the verifier asks about the proposals."""
    ledger = backend.ledger
    before = (ledger.prompt_tokens, ledger.completion_tokens, ledger.cost)
    model_info = backend.model_info
    found: dict[str, Outcome] = {}
    answers = LlmAnswers(found, model_info)
    total = Counts(damaged=kept.num_damaged)
    for is_verifying in (False, True):
        requests = {
            key_of(each, model_info): each
            for rule in rules
            for parse in parses
            for each in (
                verdict_requests(rule, parse, answers) if is_verifying else rule.requests(parse)
            )
        }
        num_kept = _ask(requests, backend, kept, found)
        counts = count_outcomes(requests.values(), (found[key] for key in requests))
        total = total.plus(counts._replace(kept=num_kept))
    return answers, total._replace(
        prompt_tokens=ledger.prompt_tokens - before[0],
        completion_tokens=ledger.completion_tokens - before[1],
        cost=ledger.cost - before[2],
    )


def whys_in(answers: LlmAnswers) -> tuple[str, ...]:
    """Return what was said of the questions without an answer."""
    return tuple(
        outcome.why
        for outcome in answers.outcomes.values()
        if isinstance(outcome, Failure) and outcome.reason in UNANSWERED
    )


def refuse_unanswered(answers: LlmAnswers, counts: Counts, may_lack: int) -> None:
    """Refuse outcomes of which more than `may_lack` are no answer.

    Raises:
        RetryableError: they are.
    """
    if counts.missing() > may_lack:
        raise RetryableError(
            f"{answers.model_info.name}: {describe_unanswered(counts, whys_in(answers))}"
        )


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

    def on_outcome(group: Sequence[str], number: int, outcome: Outcome) -> None:
        key = group[number]
        found[key] = outcome
        if not (isinstance(outcome, Failure) and outcome.reason in UNANSWERED):
            kept.add(key, outcome)

    for first in range(0, len(missing), _GROUP):
        group = missing[first : first + _GROUP]
        backend.answers([requests[key] for key in group], partial(on_outcome, group))
    return len(known)


def read_outcomes(answers: AnswersFile) -> LlmAnswers:
    """Return the committed outcomes of a block.

    Raises:
        ShardError: they are damaged.
    """
    outcomes = read_answers(answers.path)
    if outcomes is None:
        raise ShardError(f"{answers.path}: damaged; run the same build again")
    return LlmAnswers(outcomes, answers.model_info)


def producer_record(rule: AskingRule, model_info: ModelInfo) -> Json:
    """Return what a manifest says of an asking rule beside its options: model and prompts."""
    content: Json = {
        "model": model_info.name,
        "model_version": model_info.version,
        "asked_by": model_info.method,
        "prompt": rule.prompt,
    }
    return {**content, "judge_prompt": verifier_version()} if rule.verify else content
