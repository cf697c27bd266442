"""Find rows by id: shards stay memory-mapped, only ids and positions are in memory."""

from collections.abc import Iterable

from data.errors import UsageError
from data.records import Row
from data.schema import ROW_SCHEMA, rows_of_batch
from data.shards import map_batches
from data.storage import AnyPath


class RowTable:
    """The rows of some shards; each row can be taken once."""

    def __init__(self, shards: Iterable[AnyPath]) -> None:
        """Read the ids.

        Raises:
            UsageError: a shard cannot be read, or an id occurs twice.
        """
        self._batches = [batch for path in shards for batch in map_batches(path, schema=ROW_SCHEMA)]
        self._positions: dict[str, tuple[int, int]] = {}
        for number, batch in enumerate(self._batches):
            for index, row_id in enumerate(batch.column("id").to_pylist()):
                if self._positions.setdefault(row_id, (number, index)) != (number, index):
                    raise UsageError(f"the id {row_id!r} occurs twice in one split")

    def __contains__(self, row_id: str) -> bool:
        return row_id in self._positions

    def take(self, row_id: str) -> Row | None:
        """Take the row with an id; None if there is none or it was taken."""
        position = self._positions.pop(row_id, None)
        if position is None:
            return None
        number, index = position
        (row,) = rows_of_batch(self._batches[number].slice(index, 1))
        return row
