"""Which captions are asked, and what the audit makes of their answers."""

from collections.abc import Iterator, Sequence

import pytest

from data.edits import Edit, Replacement
from data.records import Caption, Negative, Positive, Row, Skip
from negatives.auditing.sibling_truth import Assertions
from negatives.auditing.truth import NAME, Seen, find_held_out, still_true

AN_EDIT = Edit((Replacement(0, 1, ""),))


def read(texts: Sequence[str]) -> Iterator[Assertions]:
    """Every word is a noun."""
    return (
        Assertions(frozenset(("NOUN", word) for word in text.split()), frozenset())
        for text in texts
    )


def row(image: int, caption: str, negative: str, subtype: str = "obj") -> Row:
    made = Negative(negative, "replace", subtype, "rule", "rule", AN_EDIT, None, 0)
    return Row(f"x:{image}", (f"{image}.jpg",), caption, (made,))


def test_captions_that_the_folder_has_are_not_asked() -> None:
    rows = [row(1, "a dog", "a cat"), row(2, "a car", "a bus")]
    seen = Seen()
    for each in rows:
        seen.add(each)
    captions = [
        Caption("y:0", "1.jpg", "A dog."),  # the folder's own
        Caption("y:1", "1.jpg", "one cat"),
        Caption("y:2", "2.jpg", "A car"),
        Caption("y:3", "3.jpg", "of another image"),
        Caption("y:4", "2.jpg", "cat " * 2501),  # the parser takes no text of any length
        Skip("caption is empty", "line 5"),
    ]
    assert find_held_out(captions, rows, seen) == {"1.jpg": ["one cat"]}


def test_kinds_are_measured_apart_and_weighted_by_their_number() -> None:
    """Objects: 10 of 40 are still true; attributes: 30 of 30."""
    objects = [row(n, f"dog {n}", f"cat {n}") for n in range(40)]
    attributes = [row(100 + n, f"red {n}", f"blue {n}", "att") for n in range(30)]
    held_out = {f"{n}.jpg": ["dog cat" if n < 10 else "dog"] for n in range(40)}
    held_out |= {f"{100 + n}.jpg": ["red blue"] for n in range(30)}
    found = list(
        still_true([*objects, *attributes], held_out, max_per_kind=1000, seed=0, read=read)
    )
    values = {finding.group: (finding.value, finding.num) for finding in found}
    assert values == {
        "overall": (pytest.approx((40 * 0.25 + 30 * 1.0) / 70), 70),
        "replace/att": (1.0, 30),
        "replace/obj": (0.25, 40),
    }
    few = list(still_true([*objects, *attributes], held_out, max_per_kind=15, seed=0, read=read))
    assert [(finding.group, finding.num) for finding in few] == [
        ("overall", 30), ("replace/att", 15), ("replace/obj", 15),
    ]  # fmt: skip


def test_a_composite_is_not_asked_about_one_of_its_images() -> None:
    numbers = range(391_000, 391_040)  # so long a number at the end of a name is the image's
    rows = [row(number, "a dog", "a cat") for number in numbers]
    held_out = {str(number): ["one dog"] for number in numbers}
    composites = [
        made._replace(images=("1.jpg", made.image), layout="left-right")
        for made in [row(number, "a dog", "the dog") for number in numbers]
    ]
    alone, both = (
        list(still_true(each, held_out, max_per_kind=99, seed=0, read=read))
        for each in (rows, [*rows, *composites])
    )
    assert both == alone


def test_a_denial_is_false_if_a_held_out_caption_names_what_it_denies() -> None:
    """In 5 of 40 images there is a cat after all; 20 of the captions name the frisbee."""

    def clause(text: str) -> Edit:
        return Edit((Replacement(6, 6, f", and there is {text}"),))

    def said(number: int) -> Row:
        caption = f"dog {number:02}"
        no_cat, frisbee, no_frisbee, cat = (
            (edit.apply(caption), edit)
            for edit in map(clause, ("no cat", "a frisbee", "no frisbee", "a cat"))
        )
        true = [Positive(text, "rewrite", "existence", "absence", "rule", edit, None, 0)
                for text, edit in (no_cat, frisbee)]  # fmt: skip
        false = [Negative(text, kind, "existence", "absence", "rule", edit, None, 0)
                 for (text, edit), kind in ((no_frisbee, "negate"), (cat, "add"))]  # fmt: skip
        return Row(f"x:{number}", (f"{number}.jpg",), caption, tuple(false), tuple(true))

    rows = [said(number) for number in range(40)]
    held_out = {f"{n}.jpg": ["a cat" if n < 5 else "a frisbee" if n < 25 else "x"]
                for n in range(40)}  # fmt: skip
    overall, found = still_true(rows, held_out, max_per_kind=99, seed=0, read=read)
    assert (found.group, found.value, found.num) == ("add/existence", 5 / 20, 40)
    assert overall.value == found.value


@pytest.mark.parametrize(
    ("held_out", "why"),
    [
        ({}, "no image of a negative has a caption that the folder does not have"),
        ({"1.jpg": ["a tree"]}, "too few captions mention what was replaced"),
    ],
)
def test_what_cannot_be_measured_is_told(held_out: dict[str, list[str]], why: str) -> None:
    (found,) = still_true([row(1, "dog", "cat")], held_out, max_per_kind=9, seed=0, read=read)
    assert (found.measure, found.value, found.why) == (NAME, None, why)
