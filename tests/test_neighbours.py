"""Beside a `data` that is not ours, Python and the commands say so in one line."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("negatives", "training")
LIKE_AN_EDITABLE_INSTALL = f"""
import sys
from importlib.util import spec_from_file_location

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in ("data", "negatives", "training"):
            return spec_from_file_location(name, f"{ROOT}/{{name}}/__init__.py")

sys.meta_path = [each for each in sys.meta_path if "editable" not in repr(each).lower()] + [Finder]
"""


def run(
    folder: Path, *arguments: str, path: Sequence[Path] = (ROOT,)
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        capture_output=True,
        text=True,
        check=False,
    )


def file(folder: Path) -> Path:
    path = folder / "data.py"
    path.write_text("print('was run')")
    return path


def package(folder: Path) -> Path:
    (folder / "data").mkdir()
    path = folder / "data/__init__.py"
    path.write_text("print('was run')")
    return path


def test_both_packages_look_alike() -> None:
    one, other = (ROOT / room / "package_check.py" for room in ROOMS)
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("make", [file, package])
@pytest.mark.parametrize("room", ROOMS)
def test_python_is_told_before_anything_foreign_runs(
    tmp_path: Path, room: str, make: type[Path]
) -> None:
    path = make(tmp_path)
    done = run(tmp_path, sys.executable, "-c", f"import {room}")
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"ImportError: expected `data` to be the package that `{room}` comes with ({ROOT}/data), "
        f"found {path}; rename it, or start Python from another folder"
    )
    assert (done.returncode, done.stdout) == (1, "")


@pytest.mark.parametrize("room", ROOMS)
def test_what_was_imported_before_is_told_too(tmp_path: Path, room: str) -> None:
    path = file(tmp_path)
    done = run(tmp_path, sys.executable, "-c", f"import data, {room}")
    assert f"found {path}; rename it" in done.stderr.splitlines()[-1]
    code = f"import sys, types; sys.modules['data'] = types.ModuleType('data'); import {room}"
    done = run(tmp_path, sys.executable, "-c", code)
    assert "found <a module without a file>; rename it" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("room", ROOMS)
def test_a_folder_without_code_counts_where_it_comes_first(tmp_path: Path, room: str) -> None:
    (tmp_path / "data").mkdir()
    assert run(tmp_path, sys.executable, "-c", f"import {room}").returncode == 0  # ours is found
    code = f"{LIKE_AN_EDITABLE_INSTALL}\nimport {room}"
    done = run(tmp_path, sys.executable, "-c", code, path=())
    assert f"found {tmp_path}/data; rename it" in done.stderr.splitlines()[-1]
    (tmp_path / "data").rmdir()
    assert run(tmp_path, sys.executable, "-c", code, path=()).returncode == 0


def test_no_data_at_all_is_told(tmp_path: Path) -> None:
    (tmp_path / "negatives").mkdir()
    for name in ("__init__.py", "package_check.py"):
        (tmp_path / "negatives" / name).write_bytes((ROOT / "negatives" / name).read_bytes())
    code = "import sys; sys.meta_path = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
    done = run(tmp_path, sys.executable, "-c", f"{code}import negatives", path=())
    assert "found none; install caption-negatives again" in done.stderr


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("negatives rules", "negatives"),
        ("train --help", "train"),
        ("evaluate --help", "evaluate"),
        ("python -m negatives.cli rules", "negatives"),
        ("python -m training.cli --help", "training"),
        ("python -m training.evaluation --help", "training"),
    ],
)
def test_a_command_says_so_in_one_line(tmp_path: Path, command: str, name: str) -> None:
    path = file(tmp_path)
    program, *arguments = command.split()
    own = str(Path(sys.executable).with_name(program))
    done = run(tmp_path, own, *arguments, path=(tmp_path, ROOT))
    assert done.stderr.startswith(f"{name}: expected `data` to be the package")
    assert f"found {path}; rename it" in done.stderr
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
