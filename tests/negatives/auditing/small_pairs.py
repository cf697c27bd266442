"""Rows of captions put together at random, with negatives that give themselves away or do not."""

from collections.abc import Sequence

from data.edits import edit_between
from data.records import Negative, Row, images_of
from data.streams import Stream

COLOURS = ("red", "blue", "green", "white", "black", "yellow")
THINGS = ("car", "bus", "dog", "cat", "boat", "chair", "lamp", "ball")
PLACES = ("next to", "behind", "on top of", "in front of")


def caption_of(stream: Stream) -> str:
    left, right = stream.choice(COLOURS), stream.choice(COLOURS)
    one, other = stream.choice(THINGS), stream.choice(THINGS)
    number = stream.below(100_000)  # so that hardly any caption is there twice
    return f"A {left} {one} {stream.choice(PLACES)} a {right} {other} number {number}."


def recolour(text: str, stream: Stream) -> str:
    """Return the text with its first colour drawn anew, uniformly from the others."""
    words = text.split(" ")
    others = [colour for colour in COLOURS if colour != words[1]]
    return " ".join([words[0], stream.choice(others), *words[2:]])


def row_of(number: int, image: str, caption: str, texts: Sequence[str], kind: str) -> Row:
    of_type, _, subtype = kind.partition("/")
    negatives = []
    for text in texts:
        edit = edit_between(caption, text)
        assert edit is not None
        negatives.append(Negative(text, of_type, subtype, "test", "rule", edit, None, 0))
    return Row(f"test:{number}", images_of(image), caption, tuple(negatives))


def exchangeable_rows(num_images: int, *, seed: int, kind: str = "replace/att") -> list[Row]:
    """Return two rows an image whose caption and negative are told apart by a coin alone."""
    rows = []
    for number in range(2 * num_images):
        stream = Stream(seed, number)
        one = caption_of(stream)
        two = recolour(one, stream)
        caption, text = (one, two) if stream.chance(0.5) else (two, one)
        rows.append(row_of(number, f"{number // 2}.jpg", caption, [text], kind))
    return rows


def telling_rows(num_images: int, *, seed: int, kind: str = "swap/att") -> list[Row]:
    """Return the same, but nine in ten negatives are purple and end in a mark after a space."""
    rows = []
    for row in exchangeable_rows(num_images, seed=seed, kind=kind):
        number = int(row.id.partition(":")[2])
        text = row.negatives[0].text
        if Stream(seed, "purple", number).chance(0.9):
            words = text.replace(".", " .").split(" ")
            text = " ".join([words[0], "purple", *words[2:]])
        rows.append(row_of(number, row.image, row.caption, [text], kind))
    return rows
