"""How composites are made."""

from dataclasses import dataclass
from typing import Final

from data.errors import UsageError
from data.records import LAYOUTS
from negatives.policy import CorpusScoring, PairPolicy

_MOST: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class ComposeOptions:
    """How composites are made.

    `per_caption`: composites per caption, on average; the caption's id decides whether a fraction
    counts as one more. `layouts`: how the two images may be arranged. `max_log_ratio` and
    `min_context_coverage`: as for the scorer corpus. `seed`: of the draw of partners, forms and
    exchanges.

    Raises:
        UsageError: a number is out of range, or a layout is unknown.
    """

    per_caption: float = 2.0
    layouts: tuple[str, ...] = LAYOUTS[1:]
    max_log_ratio: float = 3.0
    min_context_coverage: float = 0.34
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject values that make no sense."""
        if not 0 < self.per_caption <= _MOST:
            raise UsageError(
                f"per_caption: expected a number above 0, up to {_MOST}, found {self.per_caption}"
            )
        for layout in self.layouts:
            if layout not in LAYOUTS[1:]:
                raise UsageError(f"layouts: expected {' or '.join(LAYOUTS[1:])}, found {layout!r}")
        if not self.layouts:
            raise UsageError("layouts: expected at least one, found none")
        self.policy()

    def policy(self) -> PairPolicy:
        """Return how exchanges are drawn."""
        scoring = CorpusScoring(
            max_log_ratio=self.max_log_ratio, min_context_coverage=self.min_context_coverage
        )
        return PairPolicy(scorers=(scoring,))
