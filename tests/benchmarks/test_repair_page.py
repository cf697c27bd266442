"""The repair's page shows the figures of its file."""

import json

import pytest

from benchmarks.repair_page import repair_table
from tests.documents import page

KIND = {
    "kind": "add/att",
    "before": 1200,
    "kept": 0,
    "accuracy_before": {"words": [0.9, 0.8, 1.0]},
    "accuracy_after": {},
    "why_none": "3 groups",
}
OLD = {name.replace("accuracy", "told"): value for name, value in KIND.items()}
KEPT = KIND | {"kept": 7, "accuracy_after": {"words": [0.5, 0.4, 0.6], "form": [0.5, 0.5, 0.5]}}


@pytest.mark.parametrize(
    ("kinds", "rows"),
    [
        ([OLD], ["| add/att | 1,200 | 0 | 0.900 ± 0.100 |  |  |", "| all | 1,200 | 0 | | | |"]),
        ([KIND], ["| add/att | 1,200 | 0 | 0.900 ± 0.100 |  |  |", "| all | 1,200 | 0 | | | |"]),
        (
            [KIND, KEPT],
            [
                "| add/att | 1,200 | 7 | 0.900 ± 0.100 → 0.500 ± 0.100 | 0.500 ± 0.000 |  |",
                "| all | 2,400 | 7 | | | |",
            ],
        ),
    ],
)
def test_a_row_has_a_kind_before_and_after(kinds: list[dict[str, object]], rows: list[str]) -> None:
    assert repair_table(kinds).splitlines()[-2:] == rows


def test_the_page_shows_the_repair_as_its_file_has_it() -> None:
    assert repair_table(json.loads(page("docs/repair.json"))) in page("docs/repair.md")
