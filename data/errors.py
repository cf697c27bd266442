"""The three kinds of failure that this project raises on purpose."""


class UsageError(Exception):
    """The user can mend it: what was expected, what was found, what to do. Exit 2, no traceback."""


class ShardError(Exception):
    """One shard failed; the others go on, and the command exits with 1 at the end."""


class RetryableError(Exception):
    """A passing fault, for example of a network: the same call may succeed later."""
