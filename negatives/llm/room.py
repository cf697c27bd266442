"""Room for requests: one more after each round that went well, half after one that did not.

Additive increase, multiplicative decrease, as TCP finds what a network bears. Pure.
"""

import asyncio

_AT_FIRST = 4


class Room:
    """Room for at most `most` at once; how many there may be is found out on the way."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._allowed = float(min(_AT_FIRST, most))
        self._under_way = 0
        self._change = asyncio.Condition()

    async def enter(self) -> None:
        """Wait until there is room, and take it."""
        async with self._change:
            await self._change.wait_for(lambda: self._under_way < max(1, int(self._allowed)))
            self._under_way += 1

    async def leave(self) -> None:
        """Give the room back."""
        async with self._change:
            self._under_way -= 1
            self._change.notify_all()

    def found(self, *, went_well: bool) -> None:
        """Learn from one that has ended."""
        if went_well:
            self._allowed = min(self._most, self._allowed + 1 / self._allowed)
        else:
            self._allowed = max(1.0, self._allowed / 2)
