"""The three kinds of failure that this project raises on purpose."""

from typing import Final

REQUEUE: Final = 75
"""The exit code of a run that was stopped and can resume (EX_TEMPFAIL of sysexits.h)."""


class UsageError(Exception):
    """The user can fix it; says what was expected, what was found and what to do. Exit code 2."""


class ShardError(Exception):
    """One shard failed; the others continue, and the command exits with 1 at the end."""


class RetryableError(Exception):
    """A temporary failure, for example of a network: the same call may succeed later."""
