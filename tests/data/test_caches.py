from pathlib import Path

import pytest

from data.caches import cache_folder

NEW, OLD = "caption-negatives", "hard-negatives"


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], NEW),
        ([f"{NEW}/shards"], NEW),
        ([f"{OLD}/shards"], OLD),  # gigabytes need not be fetched again
        ([f"{OLD}/tokens", f"{OLD}/hub"], OLD),
        ([f"{OLD}/shards", NEW], NEW),
        ([f"{OLD}/of-another-project"], NEW),
    ],
    ids=str,
)
def test_what_was_kept_under_the_former_name_stays_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], expected: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in there:
        (tmp_path / name).mkdir(parents=True)
    assert cache_folder() == tmp_path / expected
