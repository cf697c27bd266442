from collections.abc import Iterator
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.grouping import Seen, together
from data.sources.raw_captions import RawCaption, captions_of

IMAGES = st.lists(st.sampled_from(["a", "b", "c", "d", None, Skip("no id", "x")]))


def rows(images: list[object]) -> Iterator[RawCaption | Skip]:
    return (
        image if isinstance(image, Skip) else RawCaption(image, f"text {place}", str(place))
        for place, image in enumerate(images)
    )


def order(images: str, *, grouped: bool = False) -> str:
    found = together(lambda: rows(list(images)), grouped=grouped)
    return "".join(str(row.image) for row in found if isinstance(row, RawCaption))


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        ("", ""),
        ("a", "a"),
        ("aabbc", "aabbc"),
        ("abab", "aabb"),
        ("abcabcabc", "aaabbbccc"),
        ("abba", "aabb"),
        ("abac", "aabc"),
    ],
)
def test_images_come_together_in_order_of_appearance(images: str, expected: str) -> None:
    assert order(images) == expected


@given(IMAGES)
def test_nothing_is_lost_and_ids_are_unique(images: list[object]) -> None:
    found = list(together(lambda: rows(images), grouped=False))
    assert sorted(map(repr, found)) == sorted(map(repr, rows(images)))
    kept = [item for item in captions_of(found, source="t") if isinstance(item, Caption)]
    assert len({caption.id for caption in kept}) == len(kept)
    runs = [image for image, _ in groupby(caption.image for caption in kept)]
    assert len(runs) == len(set(runs))
    for image in runs:
        places = [int(c.text.removeprefix("text ")) for c in kept if c.image == image]
        assert places == sorted(places)


def test_grouped_files_are_read_once_and_held_to_it() -> None:
    assert order("aabbc", grouped=True) == "aabbc"
    with pytest.raises(UsageError, match=r"2: expected .* found 'a' again; sort the file"):
        order("aba", grouped=True)


@pytest.mark.parametrize("grouped", [True, False])
def test_an_id_that_comes_back_is_refused(grouped: bool) -> None:  # noqa: FBT001  (parametrized)
    twice = [RawCaption("a", "x", "line 1", "7"), RawCaption("b", "y", "line 2", "7")]
    with pytest.raises(UsageError, match=r"line 2: .* found '7' again"):
        list(together(lambda: iter(twice), grouped=grouped))


def test_seen_grows() -> None:
    seen = Seen()
    texts = [str(number) for number in range(5000)]
    assert not any(seen.add(text) for text in texts)
    assert all(seen.add(text) for text in texts)
    assert seen.size == len(texts)


@given(st.lists(st.text(st.characters())))
def test_seen(texts: list[str]) -> None:
    seen = Seen()
    assert [seen.add(text) for text in texts] == [
        text in texts[:place] for place, text in enumerate(texts)
    ]
