"""Answers on disk: kept, found, and never believed when damaged."""

from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.storage import AnyPath, path_of
from data.streams import Stream
from negatives.llm import cache
from negatives.llm.cache import AnswerFile, open_answers, read_answers, write_answers
from negatives.llm.requests import Answer, Failure, Outcome
from tests.faulty_proxy import random_plan
from tests.s3_server import Bucket

texts = st.text(max_size=20)
outcomes = st.one_of(
    st.builds(Answer, texts, st.integers(0, 9), st.integers(0, 9)), st.builds(Failure, texts)
)


def fill(path: Path, num: int = 5) -> list[Outcome]:
    found: list[Outcome] = [Answer(f'{{"words": ["é\n{n}"]}}', n, 2) for n in range(num)]
    with closing(AnswerFile(path)) as kept:
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
    with closing(AnswerFile(path)) as kept:
        kept.add("key", Answer("yes", 1, 1))
        assert read_answers(path) == {"key": Answer("yes", 1, 1)}


@pytest.mark.parametrize("place", range(0, 200, 7))
def test_any_changed_byte_is_found_and_costs_one_record_at_most(tmp_path: Path, place: int) -> None:
    path = tmp_path / "shard.answers"
    before = fill(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x15
    path.write_bytes(bytes(content))
    with closing(AnswerFile(path)) as kept:
        assert kept.num_damaged >= 1
        assert len(before) - 2 <= len(kept.found) < len(before)  # a lost line's end joins two
        assert set(kept.found.values()) < set(before)


@pytest.mark.parametrize("lost", range(1, 60, 6))
def test_half_a_record_is_passed_over_and_the_next_one_is_whole(tmp_path: Path, lost: int) -> None:
    path = tmp_path / "shard.answers"
    before = fill(path, 3)
    content = path.read_bytes()
    path.write_bytes(content[:-lost])
    with closing(AnswerFile(path)) as kept:
        kept.add("new", Failure("refused"))
    with closing(AnswerFile(path)) as kept:
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


def store_answers(url: AnyPath, outcomes: Mapping[str, Outcome]) -> None:
    with closing(open_answers(url)) as kept:
        for key, outcome in outcomes.items():
            kept.add(key, outcome)


def some(first: int, last: int) -> dict[str, Outcome]:
    return {f"key{n}": Answer(f"é\n{n}", n, 2) for n in range(first, last)}


def test_a_store_keeps_answers_among_faults(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_ANSWERS_A_FILE", 4)
    url = path_of(f"{s3.url}/answers/shard.answers")
    s3.proxy.plan = random_plan(Stream("answers"), share=0.4)
    store_answers(url, some(0, 10))
    store_answers(url, {})
    with closing(open_answers(url)) as kept:
        assert kept.found == some(0, 10)
    store_answers(url, {**some(8, 12), "key0": Failure("refused")})
    with closing(open_answers(url)) as kept:
        assert kept.found == {**some(1, 12), "key0": Failure("refused")}
        assert kept.num_damaged == 0
    assert len(s3.keys()) == 5
    assert s3.proxy.faults.total() >= 5


def test_a_store_has_answers_after_a_while_and_after_a_failure(
    s3: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = path_of(f"{s3.url}/shard.answers")
    kept = open_answers(url)
    kept.add("key0", some(0, 1)["key0"])
    assert s3.keys() == []
    monkeypatch.setattr(cache, "_SENT_AFTER_S", 0.0)
    kept.add("key1", some(1, 2)["key1"])
    assert len(s3.keys()) == 1
    monkeypatch.setattr(cache, "_SENT_AFTER_S", 30.0)
    with suppress(KeyError), closing(kept):
        kept.add("key2", some(2, 3)["key2"])
        raise KeyError
    assert open_answers(url).found == some(0, 3)
    assert len(s3.keys()) == 2


def test_a_damaged_record_of_a_store_is_counted(s3: Bucket) -> None:
    url = path_of(f"{s3.url}/shard.answers")
    store_answers(url, some(0, 5))
    (key,) = s3.keys()
    s3.put(key, (s3.get(key) or b"")[:-5])
    store_answers(url, some(5, 6))
    kept = open_answers(url)
    assert (kept.found, kept.num_damaged) == (some(0, 4) | some(5, 6), 1)
