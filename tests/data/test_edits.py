import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.edits import Edit, Replacement, edit_between, edit_of, text_at


@st.composite
def texts_and_edits(draw: st.DrawFn) -> tuple[str, Edit]:
    text = draw(st.text(max_size=60))
    bounds = draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=8))
    bounds = sorted(bounds[: len(bounds) // 2 * 2])
    return text, edit_of(
        Replacement(start, end, draw(st.text(max_size=8)))
        for start, end in zip(bounds[::2], bounds[1::2], strict=True)
    )


@given(texts_and_edits())
def test_spans_after_locate_every_replacement(case: tuple[str, Edit]) -> None:
    text, edit = case
    after = edit.apply(text)
    for replacement, (start, end) in zip(edit.replacements, edit.spans_after(), strict=True):
        assert text_at(after, start, end) == replacement.text


@given(texts_and_edits())
def test_undo_restores(case: tuple[str, Edit]) -> None:
    text, edit = case
    assert edit.undo(text).apply(edit.apply(text)) == text


@given(texts_and_edits())
def test_untouched_characters_stay(case: tuple[str, Edit]) -> None:
    text, edit = case
    after = edit.apply(text)
    position = position_after = 0
    for replacement, (start, end) in zip(edit.replacements, edit.spans_after(), strict=True):
        assert text[position : replacement.start] == after[position_after:start]
        position, position_after = replacement.end, end
    assert text[position:] == after[position_after:]


@given(st.text(max_size=40), st.text(max_size=40))
def test_edit_between_leads_from_one_to_the_other(before: str, after: str) -> None:
    edit = edit_between(before, after)
    assert (edit is None) == (before == after)
    assert edit is None or edit.apply(before) == after


def test_edit_between_is_word_level() -> None:
    edit = edit_between("a red car, parked", "a blue car, parked")
    assert edit == Edit((Replacement(2, 5, "blue"),))


@pytest.mark.parametrize(
    "replacements",
    [
        (),
        ((3, 2, "x"),),
        ((0, 4, "x"), (3, 5, "y")),
        ((4, 5, "x"), (0, 1, "y")),
        ((-1, 2, "x"),),
    ],
)
def test_broken_edits_are_refused(replacements: tuple[tuple[int, int, str], ...]) -> None:
    with pytest.raises(ValueError, match="replacement"):
        Edit(tuple(Replacement(*replacement) for replacement in replacements))


def test_an_edit_beyond_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        Edit((Replacement(0, 9, "x"),)).apply("short")
