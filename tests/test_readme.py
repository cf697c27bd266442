"""The Python in README runs as it stands."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def blocks_of(section: str) -> list[str]:
    """Return the blocks of Python in a section of README."""
    readme = (ROOT / "README.md").read_text()
    text = readme.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_blocks_from_python_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = blocks_of("From Python")
    assert len(blocks) == 3
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - our own
        said = capsys.readouterr().out
        assert said.strip()
    assert (tmp_path / "out/manifest.json").is_file()
    assert (tmp_path / "report.html").is_file()
