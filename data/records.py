"""The records: a caption from a source, a negative, a row of a shard."""

from typing import NamedTuple

from data.edits import Edit

TYPES = ("replace", "swap", "count", "negate", "shuffle", "rewrite", "add", "unknown")
SUBTYPES = ("obj", "att", "rel", "act", "num", "np", "order", "existence", "unknown")
METHODS = ("rule", "llm", "import")
POSITIVE_TYPES = ("reorder", "replace", "rewrite", "sibling")
LAYOUTS = ("single", "left-right", "top-bottom")
SCORE_DIGITS = 4  # decimals of a score; differences between machines are far smaller


def short_score(score: float | None) -> float | None:
    """Return a score with SCORE_DIGITS decimals, None if there is none."""
    return None if score is None else round(score, SCORE_DIGITS)


class Caption(NamedTuple):
    """One caption of one image; `id` is stable, for example `coco:184613:2`.

    `image` is the key of the image in its store (a relative path, or a member of a tar); captions
    of one image share it, and a source yields them one after another.
    """

    id: str
    image: str
    text: str


class Skip(NamedTuple):
    """A row of a source that cannot be used: a reason to count, and its place."""

    reason: str
    where: str


class Negative(NamedTuple):
    """A caption made false by an edit.

    `type` is one of TYPES, `subtype` of SUBTYPES, `method` of METHODS. `score` is log p(text) - log
    p(caption) in nats under the build's scorer, None without one. `producer` indexes the manifest's
    list of producers.
    """

    text: str
    type: str
    subtype: str
    rule: str
    method: str
    edit: Edit
    score: float | None
    producer: int

    def __repr__(self) -> str:
        """Return the fields for a reader; `producer` is meaningless without a manifest."""
        score = None if self.score is None else round(self.score, 3)
        return (
            f"Negative({self.text!r}, {f'{self.type}/{self.subtype}'!r}, rule={self.rule!r}, "
            f"method={self.method!r}, score={score}, edit={self.edit!r})"
        )


class Positive(NamedTuple):
    """A caption that an edit leaves true; the fields are those of a negative.

    `type` is one of POSITIVE_TYPES, `subtype` of SUBTYPES, `method` of METHODS.
    """

    text: str
    type: str
    subtype: str
    rule: str
    method: str
    edit: Edit
    score: float | None
    producer: int


class Row(NamedTuple):
    """A caption with its negatives; there may be none.

    Attributes:
        id: of the caption; stable.
        images: image keys: one, none if the source names no image, or the two of a composite.
        caption: the true text.
        negatives: the caption made false.
        positives: rewordings of the caption that are still true.
        layout: one of LAYOUTS: how the images of a composite are arranged.
    """

    id: str
    images: tuple[str, ...]
    caption: str
    negatives: tuple[Negative, ...]
    positives: tuple[Positive, ...] = ()
    layout: str = "single"

    @property
    def image(self) -> str:
        """Return the image's key: "" without an image, both keys for a composite."""
        return " + ".join(self.images)


def images_of(image: str) -> tuple[str, ...]:
    """Return the `images` of a row for a caption's image key, "" meaning none."""
    return (image,) if image else ()


class Reject(NamedTuple):
    """A drawn candidate that a guard rejected, and why."""

    id: str
    rule: str
    type: str
    text: str
    edit: Edit
    reason: str
    producer: int
