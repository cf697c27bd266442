"""The account of requests, tokens and dollars. What a request may cost is reserved beforehand."""

from dataclasses import dataclass, field
from typing import NamedTuple

from data.errors import UsageError
from negatives.llm.limits import WHERE, Limits

KEPT = "the answers so far are kept"
_ROUNDING = 1e-9  # dollars
_RAISE_IT = f"{KEPT}: raise the limit and run the same again"


class Tokens(NamedTuple):
    """How many tokens a model reads and writes."""

    prompt: int
    completion: int


@dataclass(slots=True)
class Ledger:
    """The account of what asking has taken so far.

    `cost`: dollars, 0 where prices are not known. `reserved`: what questions under way may cost.
    `num_estimated`: replies that did not state their tokens, for which the most is charged.
    `left_out`: options that the server did not take.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    reserved: float = 0.0
    num_under_way: int = 0
    num_estimated: int = 0
    left_out: set[str] = field(default_factory=set)

    def request(self, limits: Limits, wanted: int = 1) -> int:
        """Count requests that are about to be made: as many of the wanted as may be; return them.

        Raises:
            UsageError: none may.
        """
        if limits.max_requests is not None and self.requests >= limits.max_requests:
            raise UsageError(f"{WHERE}.max_requests: {self.requests} were made; {_RAISE_IT}")
        if limits.max_cost is not None and self.cost + self.reserved > limits.max_cost + _ROUNDING:
            raise UsageError(f"{WHERE}.max_cost: {self.cost:.4f} dollars are spent; {_RAISE_IT}")
        left = wanted if limits.max_requests is None else limits.max_requests - self.requests
        allowed = min(wanted, left)
        self.requests += allowed
        return allowed

    def reserve(self, cost: float, limits: Limits) -> bool:
        """Set aside what a question may cost; tell whether the limit allows it by now.

        Raises:
            UsageError: it never will: no question is under way that may cost less than set aside.
        """
        if limits.max_cost is None or self.cost + self.reserved + cost <= limits.max_cost:
            self.reserved += cost
            self.num_under_way += 1
            return True
        if self.num_under_way:
            return False
        raise UsageError(
            f"{WHERE}.max_cost: {self.cost:.4f} dollars are spent, and the next question may cost "
            f"{cost:.4f}, which makes more than {limits.max_cost}; {_RAISE_IT}"
        )

    def give_back(self, cost: float) -> None:
        """Give back what was set aside."""
        self.num_under_way -= 1
        self.reserved = self.reserved - cost if self.num_under_way else 0.0

    def charge(self, tokens: Tokens, cost: float | None, *, is_estimate: bool = False) -> None:
        """Count tokens that were read and written, and what they cost in dollars."""
        self.prompt_tokens += tokens.prompt
        self.completion_tokens += tokens.completion
        self.cost += cost or 0.0
        self.num_estimated += is_estimate

    def text(self) -> str:
        """Return requests, tokens, and dollars where prices are known, in words."""
        text = (
            f"{self.requests:,} requests, {self.prompt_tokens:,} tokens read and "
            f"{self.completion_tokens:,} written"
        )
        estimated = f" ({self.num_estimated:,} replies estimated)" if self.num_estimated else ""
        return f"{text}{estimated}, {self.cost:.4f} dollars" if self.cost else text + estimated
