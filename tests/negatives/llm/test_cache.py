"""Answers on disk: kept, found, and never believed when damaged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from negatives.llm.cache import AnswerFile, read_answers, write_answers
from negatives.llm.requests import Answer, Failure, Outcome

texts = st.text(max_size=20)
outcomes = st.one_of(
    st.builds(Answer, texts, st.integers(0, 9), st.integers(0, 9)), st.builds(Failure, texts)
)


def filled(path: Path, num: int = 5) -> list[Outcome]:
    found: list[Outcome] = [Answer(f'{{"words": ["é\n{n}"]}}', n, 2) for n in range(num)]
    with AnswerFile(path) as kept:
        for number, outcome in enumerate(found):
            kept.add(f"key{number}", outcome)
    return found


@given(st.dictionaries(texts, outcomes, max_size=5))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, found: dict[str, Outcome]
) -> None:
    path = tmp_path_factory.mktemp("cache") / "a"
    write_answers(path, found)
    assert read_answers(path) == found
    again = path.with_name("b")
    write_answers(again, dict(reversed(found.items())))
    assert again.read_bytes() == path.read_bytes()


def test_answers_are_on_disk_as_they_arrive(tmp_path: Path) -> None:
    path = tmp_path / "folder/shard.answers"
    with AnswerFile(path) as kept:
        kept.add("key", Answer("yes", 1, 1))
        assert read_answers(path) == {"key": Answer("yes", 1, 1)}


@pytest.mark.parametrize("place", range(0, 200, 7))
def test_any_changed_byte_is_found_and_costs_one_record_at_most(tmp_path: Path, place: int) -> None:
    path = tmp_path / "shard.answers"
    before = filled(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x15
    path.write_bytes(bytes(content))
    with AnswerFile(path) as kept:
        assert kept.num_damaged >= 1
        assert len(before) - 2 <= len(kept.found) < len(before)  # a lost line's end joins two
        assert set(kept.found.values()) < set(before)


@pytest.mark.parametrize("lost", range(1, 60, 6))
def test_half_a_record_is_passed_over_and_the_next_one_is_whole(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "shard.answers"
    before = filled(path, 3)
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    with AnswerFile(path) as kept:
        kept.add("new", Failure("refused"))
    with AnswerFile(path) as kept:
        assert kept.found["new"] == Failure("refused")
        assert kept.num_damaged == (lost > 1)  # only the line's end may be missing
        assert [kept.found[f"key{n}"] for n in range(2)] == before[:2]


def test_a_committed_file_is_whole_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "asked"
    write_answers(path, {"a": Answer("x", 1, 1), "b": Failure("refused")})
    path.write_bytes(path.read_bytes()[:-4])
    assert read_answers(path) is None


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be used for answers"):
        AnswerFile(tmp_path / "file/shard.answers")
