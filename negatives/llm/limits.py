"""Limits on asking a model: concurrency, waiting time, number of requests, and cost."""

from dataclasses import dataclass
from math import inf

from data.config import Positive
from data.errors import UsageError

WHERE = "negatives.llm.limits"


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How a server is asked; the last five hold for a local model too, except `max_cost`.

    `concurrency`: the most requests under way. `timeout_s`: for an answer to begin, and again for
    it to end. `retries`: of a request that fails for now. `thinking_tokens`: granted on top of the
    tokens of an answer to a model that thinks first. `stop_after`: so many questions in a row
    without a usable answer stop the run. `max_unanswered`: so many may be left without an answer
    in a finished folder. `max_requests`, `max_cost` (dollars): not to be exceeded, None for no
    limit.
    """

    concurrency: Positive = 16
    timeout_s: float = 60.0
    retries: int = 5
    thinking_tokens: int = 0
    stop_after: Positive = 10
    max_unanswered: int = 0
    max_requests: Positive | None = None
    max_cost: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 0 < self.timeout_s < inf:
            raise UsageError(f"{WHERE}.timeout_s: expected seconds above 0, found {self.timeout_s}")
        for name in ("retries", "thinking_tokens", "max_unanswered"):
            if getattr(self, name) < 0:
                raise UsageError(f"{WHERE}.{name}: expected 0 or more, found {getattr(self, name)}")
        if self.max_cost is not None and not self.max_cost >= 0:
            raise UsageError(f"{WHERE}.max_cost: expected dollars, found {self.max_cost}")

    def max_failures_in_a_row(self) -> int:
        """Return how many questions in a row without a usable answer stop the run.

        As many as may stay without one do not.
        """
        return max(self.stop_after, self.max_unanswered + 1)
