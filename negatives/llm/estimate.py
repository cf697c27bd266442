"""An estimate of what a build would ask: requests, tokens, dollars or hours.

It is exact for the first captions, which are parsed; the others are assumed to be like them. No
model is opened and no server is asked.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from data.errors import UsageError
from data.records import Caption
from data.texts import counted
from negatives.building.plan import make_source
from negatives.config import BuildConfig
from negatives.llm.asking import AskingRule
from negatives.llm.config import LlmConfig
from negatives.llm.requests import Request, tokens_of
from negatives.models import model_name
from negatives.parse import Parse
from negatives.positives.choosing import all_asking_rules
from negatives.spacy_parse import parse_texts

SAMPLE = 500
_CHARACTERS_A_TOKEN = 4.0
_TOKENS_A_WORD_TRIED = 5  # of a gap that is answered by likelihood: the word, and what follows
_TRIED = 13
_LOCAL_GAPS_PER_S = 5.0  # the packaged model on one core, by benchmarks/llm.py
_LOCAL_TOKENS_PER_S = 50.0  # the same, of texts
_JUDGE_TOKENS = (420, 20)  # read and written for one candidate


class Estimate(NamedTuple):
    """What a build would take; `cost` in dollars, and `hours`, if they are known."""

    captions: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    hours: float | None


def estimate(config: BuildConfig) -> Estimate:
    """Return what the asking rules of a configuration would take for its source.

    Raises:
        UsageError: no rule asks, or the source is not to be had.
    """
    if not config.asks():
        raise UsageError(
            "--dry-run tells what a language model would be asked; expected the preset natural-llm "
            "or a rule llm_infill, llm_rewrite or (of positives) llm_paraphrase, found none"
        )
    source, _ = make_source(config.data.source)
    captions: Iterator[Caption] = (
        item
        for split in source.splits()
        for item in source.read(split)
        if isinstance(item, Caption)
    )
    captions = islice(captions, config.data.limit)
    first = list(islice(captions, SAMPLE))
    num_captions = len(first) + sum(1 for _ in captions)
    if not first:
        raise UsageError(
            "no caption of the source could be used; `negatives build` without --dry-run says why"
        )
    parses = list(
        parse_texts(
            [caption.text for caption in first],
            model=config.negatives.model or model_name(),
            batch_size=config.negatives.batch_size,
        )
    )
    rules = all_asking_rules(
        config.rules, config.positives, config.policy, seed=config.negatives.seed
    )
    sums = _sums(parses, rules, config.llm)
    requests, read, written = (round(each * num_captions / len(first)) for each in sums)
    prices = (config.llm.prompt_price, config.llm.completion_price)
    cost = None if None in prices else (read * (prices[0] or 0) + written * (prices[1] or 0)) / 1e6
    is_local = config.llm.backend == "local"
    seconds = requests / _LOCAL_GAPS_PER_S + written / _LOCAL_TOKENS_PER_S
    hours = seconds / 3600 if is_local else None
    return Estimate(num_captions, requests, read, written, cost, hours)


def format_estimate(found: Estimate) -> str:
    """Return an estimate in a few lines."""
    lines = [
        f"{counted(found.captions, 'caption')}, {counted(found.requests, 'request')}",
        f"about {found.prompt_tokens:,} tokens read, at most {found.completion_tokens:,} written",
    ]
    if found.cost is not None:
        lines.append(f"at most {found.cost:,.2f} dollars")
    if found.hours is not None:
        lines.append(f"about {found.hours:,.2f} hours with the packaged model on one core")
    if found.cost is None and found.hours is None:
        lines.append("cost unknown: set negatives.llm.prompt_price and completion_price")
    lines.append("nothing was asked; answers that are kept already would not be asked for again")
    return "\n".join(lines)


def _sums(
    parses: Sequence[Parse], rules: Sequence[AskingRule], llm: LlmConfig
) -> tuple[int, int, int]:
    """Return requests, tokens read and tokens written for these captions."""
    thinking_tokens = llm.limits.thinking_tokens
    num_requests = num_read = num_written = 0
    for rule in rules:
        for parse in parses:
            requests = rule.requests(parse)
            num_requests += len(requests)
            for request in requests:
                read, written = _tokens(request, thinking_tokens, reads=llm.backend == "local")
                num_read += read
                num_written += written
            if rule.verify:  # every proposal, which is the most
                num_judged = len(requests) * getattr(rule, "proposals", 5)
                num_requests += num_judged
                num_read += num_judged * _JUDGE_TOKENS[0]
                num_written += num_judged * (_JUDGE_TOKENS[1] + thinking_tokens)
    return num_requests, num_read, num_written


def _tokens(request: Request, thinking_tokens: int, *, reads: bool) -> tuple[int, int]:
    """Return how many tokens a request has, and how many its answer may have.

    `reads`: whether a gap is answered by likelihood, where what questions share is read once.
    """
    if reads and request.gap is not None:
        own = len(request.gap.before) / _CHARACTERS_A_TOKEN
        return round(own) + _TRIED * _TOKENS_A_WORD_TRIED, 0
    read = tokens_of(request, characters_a_token=_CHARACTERS_A_TOKEN)
    return read, request.max_tokens + thinking_tokens
