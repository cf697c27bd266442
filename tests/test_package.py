"""A wheel holds all that the packages need, and git ignores nothing of it."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("data", "negatives", "training")


def tracked_files(*folders: str) -> set[str]:
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
    for file in tracked_files():
        if (ROOT / file).is_file():
            (checkout / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, checkout / file)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*command, str(checkout)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {file for file in tracked_files(*PACKAGES) if (ROOT / file).is_file()}


def test_the_distribution_has_one_name_everywhere() -> None:
    """Its former name is another project's on PyPI: whoever installed that would get theirs."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    name = content["project"]["name"]
    assert name == "caption-negatives"
    extras = content["project"]["optional-dependencies"]
    install = re.compile(r"([a-z]+-negatives)\[([a-z0-9,]+)\]")
    found = {
        (match[1], extra)
        for file in tracked_files()
        if file.endswith((".py", ".toml", ".md"))
        for match in install.finditer((ROOT / file).read_text(encoding="utf-8"))
        for extra in match[2].split(",")
    }
    assert {extra for _, extra in found} >= {"hub", "llm", "ray", "train"}
    assert {distribution for distribution, _ in found} == {name}
    assert {extra for _, extra in found} <= set(extras)
    assert f'version("{name}")' in (ROOT / "negatives/folders/versions.py").read_text()
