"""The table of published negatives beside ours."""

import json
from pathlib import Path

import pytest

from benchmarks.peers import join_types, line_of, measure, ours, published_pairs
from negatives.auditing.run import AuditOptions
from tests.negatives.auditing.small_pairs import telling_rows
from tests.negatives.folders.small_folders import make_folder

SHARED = Path(__file__).parents[3] / "shared/data"
real = [
    pytest.mark.real,
    pytest.mark.skipif(not (SHARED / "peers").is_dir(), reason=f"needs {SHARED}"),
]


def test_published_files_are_read_as_they_are(tmp_path: Path) -> None:
    for name, negative in (("swap_att", "A blue car"), ("swap_obj", "A red bus"), ("add_att", "x")):
        content = {
            "0": {"filename": "1.jpg", "caption": "A red car. ", "negative_caption": negative}
        }
        content["1"] = content["0"] | {"negative_caption": "A red car."}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    sets = join_types(published_pairs(tmp_path))
    assert {name: len(pairs) for name, pairs in sets.items()} == {
        "add": 1,
        "add_att": 1,
        "swap": 2,
        "swap_att": 1,
        "swap_obj": 1,
    }
    assert sets["swap_att"][0].caption == "A red car. "


def test_white_space_at_the_ends_is_seen_in_one_column_alone(tmp_path: Path) -> None:
    rows = [
        {"id": n, "image": f"{n}.jpg", "caption": f"{text} ", "negatives": [text.replace("a", "o")]}
        for n in range(100)
        for text in [f"a{n}a" if n % 2 else f"o{n}o a"]
    ]
    path = tmp_path / "n.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    (pairs,) = published_pairs(path).values()
    row = measure("n", pairs, reference="none", reference_pairs=10, seed=0)
    words, _, form, gap = row.findings
    assert words is not None
    assert form is not None
    assert words.value == form.value == 1
    assert gap is None
    assert line_of(row).startswith("| n | 100 | 1.000 ± 0.0")


def test_ours_stands_beside_them(tmp_path: Path) -> None:
    make_folder(tmp_path / "out", {"train": telling_rows(60, seed=0)}, shard_rows=200)
    rows = list(ours(tmp_path / "out", AuditOptions(reference="none")))
    assert [(row.name, row.num_pairs) for row in rows] == [
        ("out: overall", 120),
        ("out: swap", 120),
    ]
    assert line_of(rows[0]).count("|") == 7


@pytest.mark.parametrize(
    ("path", "name", "low", "high"),
    [
        pytest.param("peers/negclip_valid.jsonl", "negclip_valid", 0.96, 0.96, marks=real),
        pytest.param("sugar-crepe", "swap", 0.67, 0.67, marks=real),
        pytest.param("sugar-crepe", "replace_att", 0.76, 0.85, marks=real),
        pytest.param("sugar-crepe", "replace_rel", 0.76, 0.85, marks=real),
        pytest.param("sugar-crepe", "add_att", 0.97, 0.99, marks=real),
    ],
)
def test_published_sets_give_themselves_away(path: str, name: str, low: float, high: float) -> None:
    pairs = join_types(published_pairs(SHARED / path))[name]
    words, *_ = measure(name, pairs, reference="none", reference_pairs=1, seed=0).findings
    assert words is not None
    assert words.value is not None
    assert low - 0.02 <= words.value <= high + 0.02
