"""True and false negation: clauses on what is there and what is not, from a source that knows.

`scenes` knows what is in a picture; so does `coco` if its annotated objects are given. A clause
depends on the image and not on the caption alone, so it is drawn elsewhere (negatives/negation).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from negatives.parse import Parse
from negatives.slots import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """ "a dog on a lawn" -> "a dog on a lawn, and there is no cat".

    Each true denial comes with a false one, of a thing that is there, and with clauses that affirm
    both: as many true clauses as false ones have "no", and the same holds for each thing.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield nothing: what is absent is not in the caption."""
        del parse
        yield from ()
