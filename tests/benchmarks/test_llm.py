"""The benchmark of a language model as a rule: what it builds, and what it counts."""

from pathlib import Path

import pytest

from benchmarks.llm import config_of, shares
from negatives.building import build
from negatives.config import build_config

SCENES = {"name": "scenes", "num_images": 6}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("llm_rewrite", {"rule": "llm_rewrite"}),
        ("{rule: llm_infill, verify: true}", {"rule": "llm_infill", "verify": True}),
    ],
)
def test_one_rule_alone_asks(rule: str, expected: dict[str, object]) -> None:
    config = config_of(SCENES, 5, rule, None, Path("kept"))
    assert [dict(spec) for spec in config.rules] == [expected]
    assert config.llm.cache == Path("kept")
    assert config.asks()


def test_shares_count_captions_not_negatives(tmp_path: Path) -> None:
    section = {"rules": [{"rule": "replace_attribute"}], "choice": {"scorers": []}}
    config = build_config({"data": {"source": SCENES}, "negatives": section})
    found = shares(tmp_path, build(config, out=tmp_path))
    assert set(found) == {"any", "replace/att"}
    assert 0 < found["any"] == found["replace/att"] <= 1
