"""How may be asked: how often, how long, how many, how dear."""

from dataclasses import dataclass
from math import inf

from data.config import Positive
from data.errors import UsageError
from negatives.llm.requests import Answer, Facts, Outcome
from negatives.llm.wire import cost_of

_KEPT = "the answers so far are kept: allow more and run the same again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How a server is asked. `concurrency`: at most so many requests under way.

    `timeout_s`: for one whole answer. `first_wait_s`: before what failed for now is asked again,
    doubled with each of the `retries` up to `longest_wait_s`. `max_requests`, `max_cost` (dollars):
    after which no more are made, None for no limit; the first holds for a local model too.
    """

    concurrency: Positive = 16
    timeout_s: float = 60.0
    retries: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    max_requests: Positive | None = None
    max_cost: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be waited for."""
        if not 0 < self.timeout_s < inf or self.retries < 0:
            raise UsageError(
                "negatives.llm.limits: expected timeout_s above 0 and retries of 0 or more, found "
                f"{self.timeout_s} and {self.retries}"
            )
        if not 0 <= self.first_wait_s <= self.longest_wait_s < inf:
            raise UsageError(
                "negatives.llm.limits: expected first_wait_s from 0 to longest_wait_s, found "
                f"{self.first_wait_s} and {self.longest_wait_s}"
            )

    def wait_s(self, tries: int, unit: float, asked_for: float | None) -> float:
        """Return the seconds before another try: what the server asked for, or doubled each time.

        `unit`: a draw from [0, 1), so that what failed together is not asked again together.
        """
        backed_off = self.first_wait_s * 2.0**tries * (0.5 + unit)
        return min(backed_off if asked_for is None else asked_for, self.longest_wait_s)


@dataclass(slots=True)
class Spent:
    """What was spent so far: requests that were made, and dollars where prices are known."""

    requests: int = 0
    cost: float = 0.0

    def request(self, limits: Limits, wanted: int = 1) -> int:
        """Count requests that are about to be made: as many of the wanted as may be; return them.

        Raises:
            UsageError: none may.
        """
        if limits.max_requests is not None and self.requests >= limits.max_requests:
            raise UsageError(
                f"negatives.llm.limits.max_requests: {self.requests} were made; {_KEPT}"
            )
        if limits.max_cost is not None and self.cost >= limits.max_cost:
            raise UsageError(
                f"negatives.llm.limits.max_cost: {self.cost:.4f} dollars are spent; {_KEPT}"
            )
        left = wanted if limits.max_requests is None else limits.max_requests - self.requests
        allowed = min(wanted, left)
        self.requests += allowed
        return allowed

    def answer(self, outcome: Outcome, facts: Facts) -> None:
        """Count what an answer cost."""
        if isinstance(outcome, Answer):
            self.cost += cost_of(facts, outcome.prompt_tokens, outcome.completion_tokens) or 0.0
