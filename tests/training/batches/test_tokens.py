from pathlib import Path

import pytest

from data.errors import UsageError
from data.records import Row
from tests.training.folders import TOKENIZER, by_word, finished, rows_of
from training.batches.rows import Rows, open_rows
from training.batches.tokenizer import Tokenizer, unpadded
from training.batches.tokens import Tokens, num_cut, tokens_of

ROWS = rows_of(25)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    return open_rows(finished(tmp_path / "out", {"train": ROWS}))


class Counting:
    """A tokenizer's function that counts its texts."""

    def __init__(self) -> None:
        self.num_texts = 0

    def __call__(self, texts: list[str]) -> list[list[int]]:
        self.num_texts += len(texts)
        return by_word(texts)


def ids_of(rows: Rows, tokens: Tokens) -> list[tuple[list[int], list[list[int]]]]:
    found = [tokens.of(rows.place(number)) for number in range(len(rows))]
    return [(ids.caption.tolist(), [n.tolist() for n in ids.negatives]) for ids in found]


def expected(rows: list[Row]) -> list[tuple[list[int], list[list[int]]]]:
    return [(by_word([r.caption])[0], by_word([n.text for n in r.negatives])) for r in rows]


def test_ids_come_back_as_the_tokenizer_gave_them(rows: Rows) -> None:
    tokens = tokens_of(rows, TOKENIZER)
    assert ids_of(rows, tokens) == expected(ROWS)
    assert tokens.of(rows.place(3)).types == ("swap", "replace", "replace")
    assert {path.parent.parent for path in tokens.files} == {rows.folder / "tokens"}


def test_texts_are_encoded_once(rows: Rows) -> None:
    encode = Counting()
    reported: list[int] = []
    for _ in range(2):
        tokenizer = Tokenizer(encode=encode, name="counting")
        tokens_of(rows, tokenizer, report=reported.append)
    assert encode.num_texts == 25 * 4 + 2 * 4  # and the probes of two fingerprints
    assert reported == [10, 10, 5]


def test_damaged_and_foreign_files_are_made_again(rows: Rows) -> None:
    files = tokens_of(rows, TOKENIZER).files
    files[0].write_bytes(files[0].read_bytes()[:100])
    files[1].write_bytes(files[2].read_bytes())
    reported: list[int] = []
    tokens = tokens_of(rows, TOKENIZER, report=reported.append)
    assert reported == [10, 10]
    assert ids_of(rows, tokens) == expected(ROWS)
    assert not list(rows.folder.rglob("*.tmp"))


def test_another_tokenizer_has_other_files(rows: Rows) -> None:
    same_name = Tokenizer(encode=lambda ts: [ids[1:] for ids in by_word(ts)], name="by word")
    same_ids = Tokenizer(encode=by_word, name="another")
    folders = {tokens_of(rows, t).files[0] for t in (TOKENIZER, same_name, same_ids)}
    assert len(folders) == 3


def test_what_cannot_be_written_goes_to_the_users_cache(rows: Rows, tmp_path: Path) -> None:
    (rows.folder / "tokens").touch()  # root may write anywhere, but not below a file
    tokens = tokens_of(rows, TOKENIZER)
    assert all(path.is_relative_to(tmp_path / "cache/caption-negatives") for path in tokens.files)
    assert ids_of(rows, tokens) == expected(ROWS)
    mine = tokens_of(rows, TOKENIZER, cache=tmp_path / "mine")
    assert all(path.is_relative_to(tmp_path / "mine") for path in mine.files)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot be kept in .*file.* \(Not a directory\)"):
        tokens_of(rows, TOKENIZER, cache=tmp_path / "file")


def test_a_negative_that_is_its_caption_has_no_ids(tmp_path: Path) -> None:
    long = "one two three four five six"
    row = ROWS[0]
    negatives = tuple(n._replace(text=t) for n, t in zip(
        row.negatives, (f"{long} seven", "one red three", long), strict=True))  # fmt: skip
    rows = [row._replace(caption=f"{long} eight", negatives=negatives), *ROWS[1:3]]
    opened = open_rows(finished(tmp_path / "other", {"train": rows}))
    tokens = tokens_of(opened, TOKENIZER)
    assert [len(ids) for ids in tokens.of(opened.place(0)).negatives] == [0, 5, 0]
    assert num_cut(tokens) == 2


def test_rows_without_negatives(tmp_path: Path) -> None:
    rows = [row._replace(negatives=()) for row in rows_of(12)]
    opened = open_rows(finished(tmp_path / "none", {"train": rows}))
    assert ids_of(opened, tokens_of(opened, TOKENIZER)) == expected(rows)


def test_a_text_without_ids_is_refused(rows: Rows) -> None:
    with pytest.raises(UsageError, match="no ids for 'a picture of 0 dogs'"):
        tokens_of(rows, Tokenizer(encode=lambda texts: [[]] * len(texts), name="none"))


class Padded(list[list[int]]):
    """What a tokenizer of open_clip gives, without torch."""

    def tolist(self) -> list[list[int]]:
        return list(self)


@pytest.mark.parametrize(
    ("empty", "ids", "cut"),
    [
        ([7, 8, 0, 0], [7, 0, 8, 0], [7, 0, 8]),  # CLIP: "!" is 0, too
        ([7, 8, 0, 0], [7, 5, 6, 8], [7, 5, 6, 8]),
        ([1, 1, 1, 1], [5, 6, 1, 1], [5, 6]),
        ([1, 1, 1, 1], [1, 1, 1, 1], [1]),
    ],
)
def test_padding_is_cut_off(empty: list[int], ids: list[int], cut: list[int]) -> None:
    encode = unpadded(lambda texts: Padded(ids if text else empty for text in texts))
    assert encode(["a text"]) == [cut]
