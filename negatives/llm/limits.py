"""How a server may be asked: how often, how long, how many, how dear. Pure."""

from dataclasses import dataclass

from data.errors import UsageError
from negatives.llm.requests import Answer, Facts, Outcome
from negatives.llm.wire import cost_of

_KEPT = "the answers so far are kept: allow more and run the same again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How a server is asked. `concurrency`: at most so many requests under way.

    `first_wait_s`, `longest_wait_s`: seconds before what failed for now is asked again.
    `max_requests`, `max_cost` (dollars): after which no more are made, None for no limit.
    """

    concurrency: int = 16
    timeout_s: float = 60.0
    retries: int = 5
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    max_requests: int | None = None
    max_cost: float | None = None

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

    def request(self, limits: Limits) -> None:
        """Count a request that is about to be made.

        Raises:
            UsageError: it would be one too many.
        """
        if limits.max_requests is not None and self.requests >= limits.max_requests:
            raise UsageError(f"negatives.llm.max_requests: {self.requests} were made; {_KEPT}")
        if limits.max_cost is not None and self.cost >= limits.max_cost:
            raise UsageError(f"negatives.llm.max_cost: {self.cost:.4f} dollars are spent; {_KEPT}")
        self.requests += 1

    def answer(self, outcome: Outcome, facts: Facts) -> None:
        """Count what an answer cost."""
        if isinstance(outcome, Answer):
            self.cost += cost_of(facts, outcome.prompt_tokens, outcome.completion_tokens)
