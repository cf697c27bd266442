"""A full disk: one line that names the file, and nothing half written."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data.columns import write_columns
from data.commit import sync_and_hash, write_atomically, write_if_absent
from data.disk import describe_os_error, is_full, unwritable, writing
from data.errors import RetryableError, ShardError, UsageError
from data.image_index import index_of_tars
from data.parquet import write_parquet
from data.schema import ROW_SCHEMA, batch_of_rows
from data.shards import write_rows
from negatives.building.count_files import save_arrays
from tests.full_disk import no_file_beyond
from tests.training.folders import jpeg, rows_of, tar_of

LONG = "word " * 5000


def index(path: Path) -> None:
    tar = tar_of(path.parent / "x.tar", {f"{n}.jpg": jpeg(n, size=(4, 4)) for n in range(200)})
    with no_file_beyond(3000):
        index_of_tars((tar,), root=tar, cache=path.parent / "cache")


WRITERS: dict[str, Callable[[Path], object]] = {
    "text": lambda path: write_atomically(path, LONG),
    "marker": lambda path: write_if_absent(path, LONG),
    "shard": lambda path: write_rows(path, rows_of(200)),
    "columns": lambda path: write_columns(path, strings={"x": [LONG]}, ragged={}),
    "arrays": lambda path: save_arrays(path, [np.zeros(9000)]),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_without_room_is_named_and_not_left(
    write: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with no_file_beyond(3000), pytest.raises(OSError, match=r"large|No space") as caught:
        write(path)
    assert caught.value.filename == str(path)
    assert is_full(caught.value)
    assert list(tmp_path.iterdir()) == []
    write(path)
    assert sync_and_hash(path)[0] > 3000


def test_what_was_there_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, "before")
    with no_file_beyond(3000), pytest.raises(OSError, match=r"large|No space"):
        write_atomically(path, LONG)
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_an_index_of_images_without_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"large|No space") as caught:
        index(tmp_path / "x")
    assert Path(caught.value.filename).parent == tmp_path / "cache/images"
    assert not list((tmp_path / "cache/images").glob("*.npy"))


def test_parquet_without_room_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    batch = batch_of_rows(rows_of(300))
    with no_file_beyond(2000), pytest.raises(OSError, match=r"large|No space") as caught:
        write_parquet(path, [batch], schema=ROW_SCHEMA)
    assert caught.value.filename == str(path)


@pytest.mark.parametrize(
    ("raised", "number"),
    [
        (OSError(errno.ENOSPC, "x"), errno.ENOSPC),
        (OSError(errno.ENOSPC, "x", "draft"), errno.ENOSPC),
        (OSError("8125 requested and 3760 written"), errno.ENOSPC),  # numpy
        (RuntimeError("I/O error: No space left on device (os error 28)"), errno.ENOSPC),  # Rust
        (pa.ArrowInvalid("x"), None),
        (ValueError("x"), None),
        (FileNotFoundError(errno.ENOENT, "x", "source"), None),
        (UsageError("x"), None),
        (ShardError("x"), None),
        (RetryableError("x"), None),
    ],
)
def test_the_systems_error_is_found_and_others_are_left(
    raised: Exception, number: int | None
) -> None:
    with pytest.raises(type(raised) if number is None else OSError) as caught, writing(Path("a/b")):
        raise raised
    if number is None:
        assert caught.value is raised
    else:
        assert isinstance(caught.value, OSError)
        assert (caught.value.errno, caught.value.filename) == (number, "a/b")


def behind(error: Exception, system: OSError) -> Exception:
    """Return an error that was raised while the system's was handled."""
    error.__context__ = system
    return error


def test_the_systems_error_is_found_behind_another() -> None:
    torch = behind(RuntimeError("unexpected pos 704 vs 598"), OSError(errno.ENOSPC, "x"))
    with pytest.raises(OSError, match="No space") as caught, writing(Path("a/b")):
        raise torch
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "a/b")


def test_a_reader_that_fails_while_a_file_is_written_keeps_its_own_words() -> None:
    reader = behind(UsageError("source: cannot be read"), OSError(errno.EACCES, "x"))
    with pytest.raises(UsageError, match="source"), writing(Path("a/b")):
        raise reader


def test_of_a_copy_the_target_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").write_text(LONG)
    with no_file_beyond(3000), pytest.raises(OSError, match="large") as caught:
        shutil.copyfile(tmp_path / "source", tmp_path / "target")
    assert describe_os_error(caught.value).startswith(
        f"{tmp_path / 'target'}: File too large; free some space"
    )


def test_a_place_that_cannot_be_written_is_a_mistake_unless_the_disk_is_full() -> None:
    assert isinstance(unwritable(Path("a"), OSError(errno.EACCES, "Permission denied")), UsageError)
    full = unwritable(Path("a"), OSError(errno.ENOSPC, "No space"))
    assert isinstance(full, OSError)
    assert describe_os_error(full).startswith("a: No space left on device; free some space")
