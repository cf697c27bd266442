"""A wheel holds all that the packages need, and git ignores nothing of it."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("data", "negatives", "training")


def tracked(*folders: str) -> set[str]:
    run = subprocess.run(
        ["git", "ls-files", "--", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if run.returncode:
        pytest.skip("not a git checkout")
    return set(run.stdout.split())


def test_git_ignores_no_file_of_the_packages() -> None:
    files = [
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    run = subprocess.run(
        ["git", "check-ignore", "--no-index", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.stdout == ""


def test_a_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"  # of its own: in a used one build/lib would go in, too
    for file in tracked():
        if (ROOT / file).is_file():
            (checkout / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, checkout / file)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*command, str(checkout)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {file for file in tracked(*PACKAGES) if (ROOT / file).is_file()}
