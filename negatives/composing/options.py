"""How composites are made."""

from dataclasses import dataclass

from data.errors import UsageError
from data.records import LAYOUTS
from negatives.policy import CorpusScoring, PairPolicy


@dataclass(frozen=True, kw_only=True, slots=True)
class ComposeOptions:
    """How composites are made.

    `share`: of the captions that begin a composite, each decided by its id. `layouts`: how the two
    images may stand. `max_log_ratio`, `min_context_coverage`: as of the scorer corpus. `seed`:
    which partners, forms and exchanges are drawn.

    Raises:
        UsageError: a number is out of range, or a layout is unknown.
    """

    share: float = 1.0
    layouts: tuple[str, ...] = LAYOUTS[1:]
    max_log_ratio: float = 3.0
    min_context_coverage: float = 0.34
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what means nothing."""
        if not 0 < self.share <= 1:
            raise UsageError(f"share: expected a number above 0, up to 1, found {self.share}")
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
