"""Every negative built on `scenes` is judged by the truth of its scene."""

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from data.manifest import read_all_rows
from data.records import Negative, Row
from data.scenes import truth
from data.sources.scenes import Scenes
from negatives.building import build
from negatives.config import build_config

NUM_CAPTIONS = 1_500


def judge_build(tmp_path: Path, preset: str, limit: int) -> tuple[Counter[bool | None], list[str]]:
    """Build and judge; return the verdicts and what is still true, readably."""
    sections = {
        "data": {"source": {"name": "scenes"}, "limit": limit},
        "negatives": {"preset": preset},
    }
    manifest = build(build_config(sections), out=tmp_path)
    scenes = Scenes()
    verdicts: Counter[bool | None] = Counter()
    still_true: list[str] = []
    for row in read_all_rows(tmp_path, manifest):
        scene = scenes.scene_of(row.image)
        assert truth(scene, row.caption) is True
        for negative in row.negatives:
            verdict = truth(scene, negative.text)
            verdicts[verdict] += 1
            if verdict:
                still_true.append(describe(row, negative))
    return verdicts, still_true


def describe(row: Row, negative: Negative) -> str:
    return f"{negative.rule}: {row.caption!r} -> {negative.text!r}"


@pytest.mark.parametrize(("preset", "limit"), [("natural", NUM_CAPTIONS), ("negation", 500)])
def test_hardly_any_negative_is_still_true(tmp_path: Path, preset: str, limit: int) -> None:
    verdicts, still_true = judge_build(tmp_path, preset, limit)
    num_judged = verdicts[True] + verdicts[False]
    assert num_judged > limit
    assert len(still_true) <= 0.01 * num_judged, "\n".join(islice(still_true, 40))
    assert verdicts[None] <= 0.02 * num_judged
