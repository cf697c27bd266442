"""True and false negation: clauses on what is there and what is not, by a source that knows it.

`scenes` knows what is in a picture; `coco` does where its annotated objects are given. What is said
needs the image, not the caption alone, so it is drawn elsewhere (negatives/negation).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from negatives.parse import Parse
from negatives.slots import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """ "a dog on a lawn" -> "a dog on a lawn, and there is no cat".

    With each true denial come a false one of a thing that is there, and both affirmed: as many true
    clauses as false ones have "no", and as many have each thing.
    """

    def __call__(self, parse: Parse) -> Iterator[Slot]:
        """Yield nothing: what is absent is not in the caption."""
        del parse
        yield from ()
