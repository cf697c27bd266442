"""Records of two images and two captions in the form of Winoground."""

from collections.abc import Iterable
from pathlib import Path

from training.evaluation.benchmarks.files import Record, field
from training.evaluation.tasks import ImageRef, Item


def paired_items(
    found: Iterable[tuple[str, Record]], *, path: Path, ends: str, suffix: str
) -> tuple[Item, ...]:
    """Return items of fields such as image_0 and caption_0; `suffix` completes images' names.

    Raises:
        UsageError: a field is missing or not a text.
    """
    return tuple(
        Item(
            str(record.get("id", key)),
            tuple(ImageRef(field(record, f"image_{end}", path=path) + suffix) for end in ends),
            tuple(field(record, f"caption_{end}", path=path) for end in ends),
        )
        for key, record in found
    )
