"""Group the captions of each image, whatever their order in the file.

The file is read twice: first to find scattered rows, then for the captions. Memory holds 12 to 24
bytes per image, and the rows that are not adjacent to the first of their image (usually none).
Reading costs less than a hundredth of parsing the captions.
"""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from data.errors import UsageError
from data.records import Skip
from data.sources.raw_captions import RawCaption, key_of

Rows = Iterator[RawCaption | Skip]
_FIRST = 1 << 10  # slots of a set; a power of 2
_FULLEST = 2 / 3


@dataclass(slots=True)
class Seen:
    """A growing set of texts, stored as 64-bit hashes, 12 to 24 bytes each.

    Among 10 million texts two share a hash with a probability of 3e-6. Open addressing: a hash goes
    to the first free slot (0) from the one given by its last bits on.
    """

    slots: "array[int]" = field(default_factory=lambda: array("Q", bytes(8 * _FIRST)))
    size: int = 0

    def add(self, text: str) -> bool:
        """Add a text; return whether it was present."""
        digest = int.from_bytes(
            blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
        )
        slot_index = _slot_of(digest or 1, self.slots)
        if self.slots[slot_index]:
            return True
        self.slots[slot_index] = digest or 1
        self.size += 1
        if self.size > _FULLEST * len(self.slots):
            self._grow()
        return False

    def _grow(self) -> None:
        slots = array("Q", bytes(8 * 2 * len(self.slots)))
        for digest in self.slots:
            if digest:
                slots[_slot_of(digest, slots)] = digest
        self.slots = slots


def _slot_of(digest: int, slots: "array[int]") -> int:
    """Return the slot of a hash, or the free slot where it belongs."""
    last = len(slots) - 1
    slot_index = digest & last
    while (there := slots[slot_index]) and there != digest:
        slot_index = (slot_index + 1) & last
    return slot_index


def together(read: Callable[[], Rows], *, grouped: bool) -> Rows:
    """Yield the rows of `read()` with those of one image adjacent, images in order of appearance.

    `grouped` states that they are already adjacent: the file is then read once, and a
    counterexample is an error.

    Raises:
        UsageError: an id occurs twice, or the file is not `grouped`.
    """
    if grouped:
        yield from _check(read())
        return
    apart = _rows_apart(read())
    done: set[str] = set()
    previous: str | None = None
    for row in read():
        image = None if isinstance(row, Skip) else key_of(row.image)
        if image is None:
            yield row
            continue
        if image != previous and previous in apart:
            yield from apart.pop(previous)
            done.add(previous)
        if image in done:
            continue
        previous = image
        yield row
    if previous in apart:
        yield from apart[previous]


def _rows_apart(rows: Rows) -> dict[str, list[RawCaption]]:
    """Return the later rows of each image that recurs after another one."""
    images, ids = Seen(), Seen()
    apart: dict[str, list[RawCaption]] = {}
    previous: str | None = None
    for row in rows:
        if isinstance(row, Skip) or (image := key_of(row.image)) is None:
            continue
        _refuse_second(row, ids)
        if image in apart or (image != previous and images.add(image)):
            apart.setdefault(image, []).append(row)
        previous = image
    return apart


def _check(rows: Rows) -> Rows:
    images, ids = Seen(), Seen()
    previous: str | None = None
    for row in rows:
        if isinstance(row, RawCaption) and (image := key_of(row.image)) is not None:
            _refuse_second(row, ids)
            if image != previous and images.add(image):
                raise UsageError(
                    f"{row.where}: expected adjacent captions for each image (grouped), "
                    f"found {image!r} again; sort the file, or let the source group them "
                    "(--set data.source.grouped=false)"
                )
            previous = image
        yield row


def _refuse_second(row: RawCaption, ids: Seen) -> None:
    if row.id is not None and ids.add(row.id):
        raise UsageError(
            f"{row.where}: expected a unique id for each caption, found {row.id!r} again; "
            "choose another id column, or none (--set data.source.id_column=null)"
        )
