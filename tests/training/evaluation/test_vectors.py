import hashlib
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from data.storage import AnyPath, path_of
from data.streams import Stream
from tests.faulty_proxy import always, random_plan
from tests.s3_server import Bucket
from training.evaluation.vectors import Vectors, digest_of_bytes


def digest(number: int) -> bytes:
    return hashlib.sha256(str(number).encode()).digest()


def vector(number: int) -> np.ndarray:
    return np.sin(np.arange(4) + number).astype(np.float32)


def kept(folder: AnyPath, *numbers: int) -> None:
    vectors = Vectors(folder)
    for number in numbers:
        vectors.add(digest(number), vector(number))
    vectors.flush()


def found(folder: AnyPath, up_to: int = 20) -> set[int]:
    vectors = Vectors(folder)
    numbers = {number for number in range(up_to) if digest(number) in vectors}
    assert all((vectors[digest(number)] == vector(number)).all() for number in numbers)
    return numbers


def test_what_was_flushed_is_there_again(tmp_path: Path) -> None:
    vectors = Vectors(tmp_path / "new")
    assert vectors.missing([digest(1), digest(2), digest(1)]) == [digest(1), digest(2)]
    vectors.add(digest(1), vector(1))
    assert digest(1) in vectors
    assert vectors.missing([digest(1), digest(2)]) == [digest(2)]
    vectors.flush()
    vectors.flush()
    assert len(list((tmp_path / "new").iterdir())) == 1
    assert found(tmp_path / "new") == {1}


def test_a_vector_is_kept_in_single_precision(tmp_path: Path) -> None:
    vectors = Vectors(tmp_path)
    vectors.add(digest(0), np.array([0.1, 0.2], np.float16).astype(np.float64))
    vectors.flush()
    assert Vectors(tmp_path)[digest(0)].dtype == np.float32


def test_files_of_others_are_read_when_asked_for(tmp_path: Path) -> None:
    ours = Vectors(tmp_path)
    kept(tmp_path, 1, 2)
    assert digest(1) not in ours
    ours.read_new()
    assert ours.missing([digest(1), digest(2), digest(3)]) == [digest(3)]


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped", "other names", "uneven"])
def test_a_damaged_file_is_taken_away_and_made_again(tmp_path: Path, damage: str) -> None:
    kept(tmp_path, 1)
    (whole,) = tmp_path.iterdir()
    kept(tmp_path, 2, 3)
    (path,) = set(tmp_path.iterdir()) - {whole}
    content = path.read_bytes()
    if damage == "empty":
        path.write_bytes(b"")
    elif damage == "text":
        path.write_bytes(b"no archive at all")
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        middle = content.index(vector(2).tobytes())
        path.write_bytes(content[:middle] + bytes(4) + content[middle + 4 :])
    elif damage == "other names":
        np.savez(path, other=np.zeros(3))
    else:
        np.savez(path, digests=np.zeros((2, 32), np.uint8), vectors=np.zeros((1, 4), np.float32))
    assert found(tmp_path) == {1}
    assert list(tmp_path.iterdir()) == [whole]
    kept(tmp_path, 2, 3)
    assert found(tmp_path) == {1, 2, 3}


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_cannot_be_read_now_is_left_alone(tmp_path: Path) -> None:
    kept(tmp_path, 1)
    (path,) = tmp_path.iterdir()
    path.chmod(0)
    assert found(tmp_path) == set()
    path.chmod(0o600)
    assert found(tmp_path) == {1}


def test_a_link_to_nowhere_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.npz").symlink_to(tmp_path / "gone")
    assert found(tmp_path) == set()
    assert (tmp_path / "a.npz").is_symlink()


def _killed(folder: Path) -> None:
    vectors = Vectors(folder)
    for number in range(2048 + 5):  # as many as are flushed at once, and a few more
        vectors.add(digest(number), vector(number))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_leaves_what_it_had_flushed(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_killed, args=(tmp_path,))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    assert found(tmp_path, 2053) == set(range(2048))
    kept(tmp_path, *range(2048, 2053))
    assert found(tmp_path, 2053) == set(range(2053))


def test_a_file_that_was_begun_is_no_file(tmp_path: Path) -> None:
    kept(tmp_path, 1)
    (path,) = tmp_path.iterdir()
    path.rename(tmp_path / f"{path.name}.vectors.0123456789ab.tmp")
    assert found(tmp_path) == set()


def _written(folder: Path, first: int) -> None:
    for number in range(first, first + 8):
        kept(folder, number, 99)


def test_two_writers_share_a_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_written, args=(tmp_path, first)) for first in (0, 4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert found(tmp_path, 100) == {*range(12), 99}


def test_a_store_keeps_them_too_among_faults(s3: Bucket) -> None:
    folder = path_of(f"{s3.url}/features/model")
    assert found(folder) == set()
    s3.proxy.plan = random_plan(Stream("vectors"), share=0.4)
    for number in range(0, 12, 2):
        kept(folder, number, number + 1)
    assert found(folder) == set(range(12))
    keys = s3.keys()
    assert len(keys) == 6
    content = s3.get(keys[0]) or b""
    s3.put(keys[0], content[: len(content) // 2])
    assert len(found(folder)) == 10
    assert s3.keys() == keys[1:]
    assert s3.proxy.faults.total() >= 10
    s3.proxy.plan = always("broken", matching=keys[1])
    assert len(found(folder)) == 8  # not to be read now: these are made again
    assert s3.keys() == keys[1:]


def test_digests_tell_contents_and_boxes_apart() -> None:
    digests = {
        digest_of_bytes(b"a", "image", "None"),
        digest_of_bytes(b"a", "image", "(0, 0, 1, 1)"),
        digest_of_bytes(b"b", "image", "None"),
        digest_of_bytes(b"a", "text"),
    }
    assert len(digests) == 4
    assert {len(one) for one in digests} == {32}
