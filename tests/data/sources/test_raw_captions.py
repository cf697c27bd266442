import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.records import Caption, Skip
from data.sources.raw_captions import REASONS, RawCaption, captions_of, is_junk, key_of

JUNK = [
    "There is no image here to provide a caption for.",
    "There is no image to describe for this question.",
    "No image available",
    "no caption",
    "I am unable to see the image above.",
    "Sorry, I can't see this picture",
    "I'm unable to view the image",
    "The image is not available",
    "This image did not load.",
    "This picture won't load",
    "N/A",
    "nan",
    "NULL",
]
NOT_JUNK = [
    "There is no picture on the wall of the empty room.",
    "A picture loaded with much wonderful sustenance on table.",
    "The image of a dog is on the wall.",
    "This image shows a dog.",
    "No images but those of saints hang here.",
    "I can see the image of a cat in the mirror.",
    "None of the people wear hats.",
    "A man who cannot see the picture.",
]


@pytest.mark.parametrize("text", JUNK)
def test_junk(text: str) -> None:
    assert is_junk(text)


@pytest.mark.parametrize("text", NOT_JUNK)
def test_captions_that_resemble_junk(text: str) -> None:
    assert not is_junk(text)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a.jpg", "a.jpg"),
        (" a.jpg ", "a.jpg"),
        (139, "139"),
        (139.0, "139"),
        (-0.0, "0"),
        (2.0**53, str(2**53)),
        (2.0**60, None),
        (float("nan"), None),
        (float("inf"), None),
        (b" a.jpg", "a.jpg"),
        (b"caf\xe9.jpg", "caf\udce9.jpg"),
        ({"bytes": b"", "path": "a.jpg"}, "a.jpg"),
        ({"bytes": b"", "path": None}, None),
        ("", None),
        (None, None),
        (True, None),
        (1.5, None),
        (184613.0, "184613"),  # a column of pandas that had a gap
        (-3.0, "-3"),
        (2.0**53, "9007199254740992"),
        (2.0**54, None),  # may have been another number
    ],
)
def test_key_of(value: object, key: str | None) -> None:
    assert key_of(value) == key


@pytest.mark.parametrize(
    ("image", "text", "reason"),
    [
        ("a", None, "caption is missing"),
        ("a", 7, "caption is not text"),
        ("a", ["a dog"], "caption is not text"),
        ("a", float("nan"), "caption is not text"),
        ("a", "", "caption is empty"),
        ("a", " \t\n ", "caption is empty"),
        (None, "a dog", "no image"),
        ("a", "a \ud800 dog", "caption, image or id is not valid Unicode"),
        ("a", b"caf\xe9", "caption, image or id is not valid Unicode"),
        (b"caf\xe9", "a dog", "caption, image or id is not valid Unicode"),
        ("\udfff", "a dog", "caption, image or id is not valid Unicode"),
        ("a", "no image", "junk caption"),
    ],
)
def test_reasons(image: object, text: object, reason: str) -> None:
    assert list(captions_of([RawCaption(image, text, "x, line 1")], source="t")) == [
        Skip(reason, "x, line 1")
    ]
    assert reason in REASONS


@pytest.mark.parametrize(
    "text",
    [
        "a &amp; b",
        'a "" sign "" here',
        "a\x00b",
        "cafe\u0301 \U0001f436",
        "\u0643\u0644\u0628 \u200f(dog)",
        "two\n\tlines",
        "\u200b",
        "word " * 2000 + "end",
    ],
)
def test_nothing_inside_a_caption_is_changed(text: str) -> None:
    (caption,) = captions_of([RawCaption("i", f" {text}\r\n", "x")], source="t")
    assert caption == Caption("t:i:0", "i", text)


def test_ids_count_every_row_of_an_image() -> None:
    rows = [
        RawCaption("a", "one", "1"),
        RawCaption("a", "", "2"),
        Skip("no id", "3"),
        RawCaption(None, "lost", "4"),
        RawCaption("a", "three", "5"),
        RawCaption("b", "one", "6"),
        RawCaption("b", "two", "7", "stated"),
    ]
    ids = [item.id for item in captions_of(rows, source="t") if isinstance(item, Caption)]
    assert ids == ["t:a:0", "t:a:2", "t:b:0", "stated"]


ANYTHING = st.one_of(st.none(), st.integers(), st.floats(), st.text(st.characters()), st.binary())


@given(st.lists(st.tuples(ANYTHING, ANYTHING)))
def test_every_row_is_a_caption_or_a_skip(pairs: list[tuple[object, object]]) -> None:
    items = list(captions_of([RawCaption(i, t, "x") for i, t in pairs], source="t"))
    assert len(items) == len(pairs)
    for (_, text), item in zip(pairs, items, strict=True):
        if isinstance(item, Caption):
            said = text.decode() if isinstance(text, bytes) else str(text)
            assert item.text == said.strip()
            assert item.text.encode()
        else:
            assert item.reason in REASONS
