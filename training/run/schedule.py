"""The learning rate of a step: a linear warm-up, then half a cosine down to zero."""

import math


def learning_rate(step: int, *, num_steps: int, warmup_steps: int, peak: float) -> float:
    """Return the rate of step 0, 1, ... of a run of `num_steps`; it needs no state.

    The warm-up takes at most half of a run that is shorter than that.
    """
    warmup = min(warmup_steps, num_steps // 2)
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / max(1, num_steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))
