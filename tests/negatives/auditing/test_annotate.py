"""Human judging: what is drawn and shown, what stays hidden, what answers add up to."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from data.edits import edit_between
from data.errors import UsageError
from data.records import Negative, Row
from negatives.auditing.agreement import cohens_kappa, summary_of
from negatives.auditing.sheet import KeyEntry, draw_sheet, plain_form, shared_out, stratified_sample
from negatives.auditing.sheet_files import sheet_page
from negatives.cli import cli
from tests.negatives.auditing.browser import dom_after_script

EVIL = '<script>alert(1)</script> & a red car\'s "door"'
OURS = {"swap": ("att", 40), "replace": ("obj", 60)}
THEIRS = {"shuffle": ("order", 30)}


def make_folder(path: Path, kinds: dict[str, tuple[str, int]]) -> Path:
    lines = [
        {"id": f"{kind}:{n}", "caption": f"{EVIL} {kind[:2]}{n}", "negatives": [
            {"text": f"{EVIL} not {kind[:2]}{n} .", "type": kind, "subtype": subtype}]}
        for kind, (subtype, num) in kinds.items()
        for n in range(num)
    ]  # fmt: skip
    file = path.with_suffix(".jsonl")
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("import", str(file), str(path), "--quiet")
    return path


def run(*arguments: str, stdin: str = "") -> str:
    done = CliRunner().invoke(cli, arguments, input=stdin, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    base = tmp_path_factory.mktemp("folders")
    return make_folder(base / "ours-a", OURS), make_folder(base / "theirs-b", THEIRS)


def jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_sheet_mixes_folders_and_tells_nothing(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    names = ("a.html", "a.jsonl")
    for name in names:
        sizes = ("--sample", "20", "--controls", "10")
        output = run("annotate", *map(str, folders), *sizes, "--output", str(tmp_path / name))
        assert "30 items" in output
    key = jsonl(tmp_path / "a.key.jsonl")
    assert Counter((e["folder"], e["type"], e["subtype"]) for e in key) == {
        ("ours-a", "swap", "att"): 8,
        ("ours-a", "replace", "obj"): 12,
        ("theirs-b", "shuffle", "order"): 10,
    }
    items = jsonl(tmp_path / "a.jsonl")
    assert {item["item"] for item in items} == {entry["item"] for entry in key}
    page = (tmp_path / "a.html").read_text()
    for name in names:
        text = (tmp_path / name).read_text()
        for secret in (
            "ours-a",
            "theirs-b",
            "swap",
            "shuffle",
            "replace/",
            *(e["id"] for e in key),
        ):
            assert secret not in text.replace("replaceChildren", "").replace(".replace(", "")
    assert [item["item"] for item in items] != sorted(item["item"] for item in items)
    (embedded,) = re.findall(r'id="sheet">(.*?)</script>', page)
    assert [item["item"] for item in json.loads(embedded)["items"]] == [i["item"] for i in items]
    assert page.count("<script") == 2, "the items and the page's own; captions' are escaped"
    assert not any(item["text"].endswith((" ", ".")) for item in items)


def test_the_seed_settles_the_sheet(folders: tuple[Path, Path]) -> None:
    one, same, other = (draw_sheet([(folders[0], 20)], seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert {entry.id for entry in one.key} != {entry.id for entry in other.key}
    assert [item.item for item in one.items] != [entry.item for entry in one.key]


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(1, 50)), st.integers(1, 120))
def test_a_stratum_gets_its_share(counts: dict[str, int], size: int) -> None:
    total = sum(counts.values())
    shares = shared_out(counts, size)
    assert sum(shares.values()) == min(size, total)
    for name, share in shares.items():
        assert share <= counts[name]
        assert size >= total or abs(share - size * counts[name] / total) < 1


def test_every_negative_of_a_stratum_is_as_likely() -> None:
    edit = edit_between("a", "b")
    assert edit is not None
    rows = [
        Row(f"r:{n}", (), "a", (Negative("b", "swap", "att", "swap", "rule", edit, None, 0),) * 2)
        for n in range(10)
    ]
    drawn = Counter(
        row.id for seed in range(300) for row, _ in stratified_sample(rows, 4, seed=seed)
    )
    assert sum(drawn.values()) == 1200
    assert all(80 <= drawn[row.id] <= 160 for row in rows), drawn  # 120 expected, sd about 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a yak .", "A yak"),
        ("A yak.", "A yak"),
        ("A yak  is it 's , and does n't!", "A yak is it's, and doesn't"),
        ("a apple at 5 p.m.", "A apple at 5 p.m"),
        ("'tis 3 o'clock", "'tis 3 o'clock"),
        ("Red car, blue Bus", "Red car, blue Bus"),
        (" . ", ""),
    ],
)
def test_the_plain_form_tells_no_source(text: str, shown: str) -> None:
    assert plain_form(text) == shown


@pytest.fixture
def sheet(folders: tuple[Path, Path], tmp_path: Path) -> Path:
    run("annotate", str(folders[0]), "--sample", "3", "--output", str(tmp_path / "s.jsonl"))
    return tmp_path / "s.jsonl"


def test_the_terminal_goes_on_where_it_stopped(sheet: Path) -> None:
    answers = sheet.with_name("answers.jsonl")
    ask = ("annotate", str(sheet), "--terminal", "--output", str(answers))
    first = run(*ask, stdin="y\nn\nb\ny\nN\ny\nq\n")
    assert "2 items left" in first
    assert first.index("Could it be") < first.index("caption: "), "judged alone before the caption"
    items = [item["item"] for item in jsonl(sheet)]
    no = {"item": items[0], "grammatical": True, "plausible": True, "false": False}
    assert jsonl(answers) == [no]
    assert "all items are judged" in run(*ask, stdin="y\ny\ny\nn\nn\ny\n")
    assert [answer["item"] for answer in jsonl(answers)] == items
    assert "item" not in run(*ask).partition("all items")[0]


def entry(item: str, folder: str, kind: str, subtype: str = "att") -> KeyEntry:
    return KeyEntry(item, folder, kind, subtype, "rule", f"c:{item}", "caption", "text")


YES = {"grammatical": True, "plausible": True, "false": True}
NO = {"grammatical": True, "plausible": True, "false": False}
KEY = {
    **{f"{n:02}": entry(f"{n:02}", "a", "swap") for n in range(6)},
    **{f"{n:02}": entry(f"{n:02}", "a", "swap", "obj") for n in range(6, 10)},
    **{f"{n:02}": entry(f"{n:02}", "b", "count") for n in range(10, 15)},
}


def test_shares_by_source_and_type() -> None:
    summary = summary_of(
        {"ann": {item: NO if item < "03" else YES for item in list(KEY)[:12]}}, KEY
    )
    useful = {(s.folder, s.group): s for s in summary.shares if s.judgement == "useful"}
    assert {target: (share.value, share.num) for target, share in useful.items()} == {
        ("a", "overall"): (0.7, 10),
        ("a", "swap"): (0.7, 10),
        ("a", "swap/att"): (0.5, 6),
        ("a", "swap/obj"): (1, 4),
        ("b", "overall"): (1, 2),
        ("b", "count"): (1, 2),
    }
    share = useful["a", "overall"]
    assert (share.low, share.high) == pytest.approx((0.3825, 0.8979), abs=1e-4)  # Wilson, .7 of 9
    assert useful["a", "swap/obj"].low == pytest.approx(0.51, abs=0.01)  # Wilson, 4 of 4
    assert summary.unanswered == 3
    assert [failure.entry.item for failure in summary.failures] == ["00", "01", "02"]
    assert summary.failures[0].refused_by == {"ann": ("false",)}
    assert not summary.agreements


def test_two_readers_make_the_sample_no_larger() -> None:
    ann = dict.fromkeys(KEY, YES)
    ben = {item: NO if item in {"00", "01"} else YES for item in list(KEY)[:10]}
    summary = summary_of({"ann": ann, "ben": ben}, KEY)
    share = next(s for s in summary.shares if (s.folder, s.judgement) == ("a", "useful"))
    assert (share.value, share.num) == (0.9, 10)
    agreed = {a.judgement: (a.same, a.kappa, a.num) for a in summary.agreements}
    assert agreed["grammatical"] == (1, None, 10)
    assert agreed["useful"] == (0.8, 0, 10)


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # both yes, first alone, second alone, both no
        ((10, 0, 0, 10), 1),
        ((0, 10, 10, 0), -1),
        ((25, 25, 25, 25), 0),
        ((10, 0, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_cohens_kappa(table: tuple[int, int, int, int], kappa: float | None) -> None:
    pairs = [(True, True), (True, False), (False, True), (False, False)]
    answers = [pair for pair, num in zip(pairs, table, strict=True) for _ in range(num)]
    found = cohens_kappa([a for a, _ in answers], [b for _, b in answers])
    assert found == (None if kappa is None else pytest.approx(kappa))


def test_the_summary_on_the_command_line(sheet: Path) -> None:
    items = [item["item"] for item in jsonl(sheet)]
    paths = [sheet.with_name(f"{name}.jsonl") for name in ("ann", "ben")]
    for path, answers in zip(paths, ([YES, YES, NO], [NO, YES, NO]), strict=True):
        lines = [{"item": i, **answer} for i, answer in zip(items, answers, strict=True)]
        path.write_text("".join(json.dumps(line) + "\n" for line in [lines[2], *lines]))
    command = (
        "annotate",
        "--summary",
        *map(str, paths),
        "--key",
        str(sheet.with_suffix(".key.jsonl")),
    )
    text = run(*command)
    assert re.search(r"overall +3  1\.00 \[.*0\.50 \[", text)
    assert "ann.jsonl and ben.jsonl" in text
    assert "67% of 3 alike, Cohen's kappa 0.40" in text
    found = json.loads(run(*command, "--json"))
    assert {failure["item"] for failure in found["failures"]} == {items[0], items[2]}
    assert all(failure["refused_by"] for failure in found["failures"])
    assert found["unanswered"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected a finished folder to judge"),
        (["OUT"], "expected a file .html or .jsonl, found None"),
        (["OUT", "--output", "s.txt"], "expected a file .html or .jsonl, found s.txt"),
        (["OUT", "--output", "TMP/s.jsonl"], "exists already"),
        (["OUT", "--output", "TMP/new.html", "--key", "TMP/s.jsonl"], "exists already"),
        (["OUT", "--output", "TMP/n.html", "--sample", "0"], "--sample: expected 1 or more"),
        (["OUT", "--output", "TMP/n.html", "--controls", "0"], "--controls: expected 1 or more"),
        (["OUT", "OUT", "--output", "TMP/n.html"], "given twice"),
        (["OUT", "--output", "TMP/n.html", "--json"], "--json has no effect here"),
        (["TMP/s.jsonl", "--terminal"], "expected a .jsonl sheet and --output"),
        (["TMP/s.key.jsonl", "--terminal", "--output", "TMP/none/a", "--seed", "1"], "--seed has"),
        (["TMP/none.jsonl", "--terminal", "--output", "TMP/a"], "No such file"),
        (["--summary", "TMP/a.jsonl"], "--key, their sheet"),
        (["--summary", "--terminal"], "use either"),
        (["--summary", "TMP/s.jsonl", "--key", "TMP/s.key.jsonl"], r"s.jsonl:1: expected answers"),
        (["--summary", "TMP/bad.jsonl", "--key", "TMP/s.key.jsonl"], r"bad.jsonl:2: expected ans"),
        (["--summary", "TMP/a.jsonl", "--key", "TMP/s.jsonl"], r"s.jsonl:1: expected a key"),
        (["--summary", "TMP/a.jsonl", "--key", "TMP/s.key.jsonl"], "1 of 1 answers are to items"),
        (["--summary", "TMP/e.jsonl", "--key", "TMP/s.key.jsonl"], "no answers yet"),
        (["--summary", *["TMP/a.jsonl"] * 2, "--key", "TMP/s.key.jsonl"], "given twice"),
    ],
)
def test_mistakes_are_said_in_one_line(
    folders: tuple[Path, Path], sheet: Path, arguments: list[str], message: str
) -> None:
    good = json.dumps({"item": "strange", **YES})
    sheet.with_name("a.jsonl").write_text(good)
    sheet.with_name("bad.jsonl").write_text(good + '\n{"item": "x", "grammatical": 1}\n')
    sheet.with_name("e.jsonl").write_text("\n")
    given = [
        word.replace("OUT", str(folders[0])).replace("TMP", str(sheet.parent)) for word in arguments
    ]
    with pytest.raises(UsageError, match=re.escape(message)) as raised:
        CliRunner().invoke(cli, ["annotate", *given], catch_exceptions=False)
    assert "\n" not in str(raised.value)


def test_in_a_browser_the_text_is_asked_about_alone(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    sheet = draw_sheet([(folders[0], 5)], seed=0)
    dom = dom_after_script(sheet_page(sheet), tmp_path)
    assert "Item 1 of 5" in dom
    assert "Is this grammatical" in dom
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; a red car's" in dom
    assert "True caption" not in dom
