"""Published files in, verified folders out; on texts written here, and on the published ones."""

import csv
import io
import json
import re
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import UsageError
from data.manifest import Manifest, problems_of, read_all_rows, read_manifest, to_json
from data.records import Row
from data.texts import normalise
from negatives.commands import convert
from negatives.folders.detecting import detect_format
from negatives.folders.importing import ImportOptions, import_published
from negatives.folders.layouts import LAYOUTS
from negatives.folders.published import FORMATS

PAGE = Path(__file__).parents[3] / "docs/publishing.md"
SHARED = Path(__file__).parents[4] / "shared" / "data"
CAPTION = "A red car next to a blue house."
NEGATIVE = "A blue car next to a red house."


def load(path: Path, **options: str) -> tuple[Manifest, list[Row]]:
    """Import a file beside itself; what comes out must be whole."""
    out = path.with_name(f"{path.name}.out")
    import_published(path, out, options=ImportOptions(**options))
    manifest = read_manifest(out)
    assert list(problems_of(out, manifest)) == []
    assert not (out / "work").exists()
    return manifest, list(read_all_rows(out, manifest))


def write_lines(path: Path, *items: object) -> Path:
    path.write_text("".join(json.dumps(item) + "\n" for item in items), encoding="utf-8")
    return path


def texts_of(rows: list[Row]) -> list[list[str]]:
    return [[negative.text for negative in row.negatives] for row in rows]


def test_negclip_jsonl(tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "negclip_valid.jsonl",
        {"id": 1, "image": "1.jpg", "caption": CAPTION, "negatives": [NEGATIVE, "A car."]},
        {"id": 2, "image": "2.jpg", "caption": "Two dogs.", "negatives": []},
    )
    manifest, rows = load(path, licence="MIT")
    assert detect_format(path) == "negclip-jsonl"
    assert [row.id for row in rows] == ["negclip_valid:1", "negclip_valid:2"]
    assert texts_of(rows) == [[NEGATIVE, "A car."], []]
    first = rows[0].negatives[0]
    assert (first.type, first.subtype, first.method) == ("unknown", "unknown", "import")
    assert [r.text for r in first.edit.replacements] == ["blue", "red"]
    assert manifest.splits() == ("validation",)
    assert manifest.tallies["empty_because"] == {"no negative in the file": 1}
    assert manifest.tallies["captions"] == {"all": 2, "with_negative": 1}
    assert manifest.source["licence"] == "MIT"
    (producer,) = manifest.producers
    assert producer["file"]["name"] == path.name  # type: ignore[index]
    assert str(tmp_path) not in to_json(manifest)


def test_negclip_tsv_as_pandas_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "train_neg_clip.tsv"
    with path.open("w", newline="") as file:
        table = csv.writer(file, delimiter="\t", lineterminator="\n")
        table.writerow(["", "title", "filepath", "neg_caption", "neg_image"])
        for title, negatives in (
            (CAPTION, repr([NEGATIVE, 'It\'s a "car"'])),
            ('"Cheers" on\ta sign', '["\\"Bye\\" on a sign"]'),
            ("Nobody calls this.", "__import__('os').getcwd()"),
            ("Nor this.", "['unfinished"),
            ("Odd escape.", r"['A \d car']"),
        ):
            table.writerow([len(title), title, "a.jpg", negatives, "[3, 4]"])
    assert detect_format(path) == "negclip-tsv"
    manifest, rows = load(path, type="swap")
    assert texts_of(rows) == [
        [NEGATIVE, 'It\'s a "car"'],
        ['"Bye" on a sign'],
        [],
        [],
        [r"A \d car"],
    ]
    assert manifest.tallies["skipped"] == {"negatives are no list": 2}
    assert manifest.tallies["negatives_by_type"] == {"swap/unknown": 4}
    assert [row.id for row in rows] == [f"train_neg_clip:a.jpg:{number}" for number in range(5)]


def test_sugarcrepe_one_file_and_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "sugar"
    folder.mkdir()
    item = {"filename": "1.jpg", "caption": CAPTION, "negative_caption": NEGATIVE}
    for name in ("swap_att", "add_obj", "mine"):
        (folder / f"{name}.json").write_text(json.dumps({"0": item, "1": item}))
    manifest, rows = load(folder)
    assert manifest.splits() == ("test",)
    assert [producer["file"]["name"] for producer in manifest.producers] == [  # type: ignore[index]
        "add_obj.json",
        "mine.json",
        "swap_att.json",
    ]
    assert manifest.tallies["negatives_by_type"] == {
        "add/obj": 2,
        "swap/att": 2,
        "unknown/unknown": 2,
    }
    assert rows[-1].id == "sugarcrepe:swap_att:1"
    assert rows[-1].negatives[0].producer == 2
    _, alone = load(folder / "swap_att.json")
    assert [row.id for row in alone] == ["sugarcrepe:swap_att:0", "sugarcrepe:swap_att:1"]


def test_negatives_as_objects(tmp_path: Path) -> None:
    objects = [{"text": NEGATIVE, "type": "swap"}, {"caption": "A red car next to a blue tree."}]
    _, rows = load(write_lines(tmp_path / "x.jsonl", {"caption": CAPTION, "negatives": objects}))
    assert [(each.type, each.text) for row in rows for each in row.negatives] == [
        ("swap", NEGATIVE),
        ("unknown", "A red car next to a blue tree."),
    ]


def test_positives_of_a_file(tmp_path: Path) -> None:
    other = "A blue house beside a red car."
    lines = write_lines(
        tmp_path / "hard.jsonl",
        {"caption": CAPTION, "positive": "A red auto next to a blue house.", "negative": NEGATIVE},
        {"caption": CAPTION, "positives": [other, NEGATIVE, CAPTION], "negatives": [NEGATIVE]},
        {"caption": CAPTION, "positives": ["A house blue next to a red car."]},
    )
    manifest, rows = load(lines)
    found = [[(each.type, each.text) for each in row.positives] for row in rows]
    assert found == [
        [("replace", "A red auto next to a blue house.")],
        [("rewrite", other)],
        [("reorder", "A house blue next to a red car.")],
    ]
    assert manifest.tallies["positives_by_type"] == {
        "reorder/unknown": 1, "replace/unknown": 1, "rewrite/unknown": 1,
    }  # fmt: skip
    assert manifest.tallies["skipped"] == {
        "positive equals its caption": 1, "positive is a negative, too": 1,
    }  # fmt: skip

    item = {"filename": "1.jpg", "caption": CAPTION, "caption2": other}
    path = tmp_path / "swap_att.json"
    path.write_text(json.dumps([{**item, "negative_caption": NEGATIVE}]))
    _, (row,) = load(path)
    assert (row.id, [each.text for each in row.positives]) == ("sugarcrepe:swap_att:0", [other])
    assert row.negatives[0].type == "swap"


def test_own_jsonl_and_csv(tmp_path: Path) -> None:
    lines = write_lines(
        tmp_path / "mine.jsonl",
        {"caption": CAPTION, "negative": NEGATIVE, "type": "swap", "subtype": "att"},
        {"caption": CAPTION, "negatives": [{"text": NEGATIVE, "type": "swap", "rule": "mine"}]},
    )
    _, rows = load(lines, subtype="obj")
    first, second = (row.negatives[0] for row in rows)
    assert (first.type, first.subtype, first.rule) == ("swap", "att", "mine")
    assert (second.type, second.subtype) == ("swap", "obj")
    assert [row.image for row in rows] == ["", ""]
    assert [row.id for row in rows] == ["mine:0", "mine:1"]

    one_list = tmp_path / "list.jsonl"
    one_list.write_text(f"[{','.join(lines.read_text().splitlines())}]")
    _, listed = load(one_list, subtype="obj", source_name="mine")
    assert listed == rows

    table = tmp_path / "mine.csv"
    table.write_text(
        "id,caption,negative,image\n"
        f'7,{CAPTION},"A red car, alone.",1.jpg\n'
        "7,Two dogs.,,1.jpg\n"
        "x:y,Two dogs.,Three dogs.,1.jpg\n"
        "only two,fields\n"
    )
    manifest, rows = load(table, source_name="shop")
    assert [row.id for row in rows] == ["shop:7", "shop:7#2", "x:y"]
    assert texts_of(rows) == [["A red car, alone."], [], ["Three dogs."]]
    assert manifest.tallies["skipped"] == {
        "negative is empty": 1,
        "row does not fit the columns": 1,
    }
    assert manifest.tallies["empty_because"] == {"no usable negative": 1}


def test_the_same_caption_twice_is_two_rows_with_stable_ids(tmp_path: Path) -> None:
    item = {"image": "1.jpg", "caption": CAPTION, "negative": NEGATIVE}
    named = {**item, "id": "a"}
    path = write_lines(tmp_path / "x.jsonl", item, item, named, named, {**item, "id": "a#2"})
    _, rows = load(path)
    ids = [row.id for row in rows]
    assert ids == ["x:1.jpg:0", "x:1.jpg:1", "a", "a#2", "a#2#2"]


@pytest.mark.parametrize(
    ("negative", "reason"),
    [
        (CAPTION, "negative equals its caption"),
        (f"  {CAPTION}\n", "negative equals its caption"),
        (
            "a RED car next to a blue house",
            "negative equals its caption but for case and punctuation",
        ),
        (None, "negative is missing"),
        (["a", "list"], "negative is not text"),
        (7, "negative is not text"),
        (" ", "negative is empty"),
        ("half \ud83d a pair", "negative is not valid Unicode"),
        ("word " * 3000, "negative is longer than 10000 characters"),
        (f"{NEGATIVE[:-1]} .", "negative is there twice"),
    ],
)
def test_negatives_that_cannot_be_used_are_counted(
    tmp_path: Path, negative: object, reason: str
) -> None:
    item = {"caption": CAPTION, "negatives": [NEGATIVE, negative]}
    manifest, rows = load(write_lines(tmp_path / "x.jsonl", item))
    assert texts_of(rows) == [[NEGATIVE]]
    assert manifest.tallies["skipped"] == {reason: 1}


@pytest.mark.parametrize(
    ("caption", "reason"),
    [
        (None, "caption is missing"),
        (7, "caption is not text"),
        ("", "caption is empty"),
        ("There is no image to describe.", "junk caption"),
        ("\ud83d", "caption, image or id is not valid Unicode"),
        ("word " * 3000, "caption is longer than 10000 characters"),
    ],
)
def test_captions_that_cannot_be_used_are_counted(
    tmp_path: Path, caption: object, reason: str
) -> None:
    good = {"caption": CAPTION, "negative": NEGATIVE}
    manifest, rows = load(write_lines(tmp_path / "x.jsonl", good, {**good, "caption": caption}))
    assert len(rows) == 1
    assert manifest.tallies["skipped"] == {reason: 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", "", "give it with --format"),
        ("x.jsonl", "[1]\n", "expected an object"),
        ("x.jsonl", "{]\n", "expected JSON"),
        ("x.jsonl", '{"caption": "a"}\n', "no column 'negative'"),
        ("x.jsonl", "", "no caption could be used"),
        ("x.csv", "", "no caption could be used"),
        ("x.csv", "title,negative\n1,2\n", "no column 'caption'"),
        ("x.json", "[]", "found a list"),
        ("x.json", '{"0": {"caption": "a"}}', "no column 'filename'"),
        ("x.tsv", "title\tneg_caption\na\t[]\n", "no column 'filepath'"),
        ("x.jsonl", '{"caption": "a b", "negative": "c", "type": "swop"}\n', "line 1: type"),
        (
            "x.jsonl",
            '{"caption": "a b", "negatives": [{"sentence": "a c"}]}\n',
            'none of its negatives or positives could be used; skipped: {"negative is missing": 1}',
        ),
        (
            "x.jsonl",
            '{"caption": "a b", "negatives": []}\n',
            "expected negatives or positives, found captions without any; name a file",
        ),
    ],
)
def test_what_the_user_can_mend_is_said(
    tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UsageError, match=re.escape(message)):
        load(path)
    assert [other.name for other in tmp_path.iterdir()] == [name]


def test_a_missing_file_an_unknown_option_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "x.jsonl", {"caption": "a b", "negative": "a c"})
    for options, message in (
        (ImportOptions(format="jsonk"), "did you mean 'jsonl'"),
        (ImportOptions(type="swop"), "did you mean 'swap'"),
        (ImportOptions(subtype="attr"), "did you mean 'att'"),
    ):
        with pytest.raises(UsageError, match=message):
            import_published(path, tmp_path / "out", options=options)
    with pytest.raises(UsageError, match="no such file"):
        load(tmp_path / "y.jsonl")
    (tmp_path / "none").mkdir()
    with pytest.raises(UsageError, match=r"folder of SugarCrepe's \.json files"):
        load(tmp_path / "none")


def test_the_command_offers_every_format() -> None:
    assert set(convert._FORMATS) == {"auto", *FORMATS}


def tar_of(path: Path, members: Mapping[str, str]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))


class Published(NamedTuple):
    """A file in an authors' layout, and of its rows image, caption, negatives and positives."""

    name: str
    content: object
    rows: list[tuple[str, str, list[tuple[str, str, str]], list[str]]]
    split: str = "train"


TRUE, FALSE = "A red car by a dog.", "A blue car by a dog."
TRAIN: Final = "COCO_train2014_000000000139.jpg"
IDENTIFIED: Final = ("cs-clip", "triplet-clip")
"""Layouts whose captions have ids of their own."""
LAYOUT_SAMPLES: Final[Mapping[str, Published]] = {
    "ce-clip": Published(
        "train.json",
        [{
            "image_id": 139, "id": 5, "caption": TRUE, "relation_aug_caption": "###",
            "adj_aug_caption": FALSE, "noun_aug_caption": "A red cat by a dog.",
            "verb_aug_caption": "A red car near a dog.", "valid_caption": [1, 0, 1, 1, 1],
        }],
        [(TRAIN, TRUE, [
            (FALSE, "replace", "att"), ("A red cat by a dog.", "replace", "obj"),
            ("A red car near a dog.", "replace", "act"),
        ], [])],
    ),
    "degla": Published(
        "DeGLA.json",
        [{"image_id": 139, "original": TRUE, "enhanced": [FALSE, "A dog by a red car."]}],
        [(TRAIN, TRUE, [
            (FALSE, "unknown", "unknown"), ("A dog by a red car.", "unknown", "unknown"),
        ], [])],
    ),
    "crepe": Published(
        "prod_vg_hard_negs_negate_complexity_4.csv",
        ",image_id,x,y,width,height,caption,hard_negs\n"
        f'0,139,1,2,3,4,{TRUE},"[\'A red car not by a dog.\', ""{FALSE}""]"\n',
        [("139.jpg", TRUE, [
            ("A red car not by a dog.", "negate", "unknown"), (FALSE, "negate", "unknown"),
        ], [])],
        split="test",
    ),
    "con-clip": Published(
        "ccneg.json",
        {
            "image_paths": ["cc3m/1.jpg"],
            "annotations": [{
                "json": {"caption": TRUE},
                "sop_data": {"negative-prompt": "A red car, not by a dog."},
            }],
        },
        [("cc3m/1.jpg", TRUE, [("A red car, not by a dog.", "negate", "unknown")], [])],
    ),
    "negation-clip": Published(
        "negationclip_captions_train2014.json",
        {
            "info": {}, "licenses": [], "images": [],
            "annotations": [{
                "image_id": 139, "id": 5, "caption": TRUE,
                "updated_caption": "A red car by a dog without a collar.",
            }],
        },
        [(TRAIN, TRUE, [], ["A red car by a dog without a collar."])],
    ),
    "vismin": Published(
        "train.json",
        [{
            "image_path": "/coco/images/train2017/1.jpg", "caption": TRUE,
            "negatives": [
                {"edited_image_path": "/a/0.png", "edited_caption": FALSE, "category": "attribute"},
                {"edited_image_path": "/a/1.png", "edited_caption": "Two red cars by a dog.",
                 "category": "counting"},
                {"edited_image_path": "/a/2.png", "edited_caption": "A red car on a dog."},
            ],
        }],
        [("/coco/images/train2017/1.jpg", TRUE, [
            (FALSE, "replace", "att"), ("Two red cars by a dog.", "count", "num"),
            ("A red car on a dog.", "unknown", "unknown"),
        ], [])],
    ),
    "cs-clip": Published(
        "coco_val.json",
        [{
            "sample_id": "coco_7_1", "original_caption": TRUE, "image_path": "val2014/1.jpg",
            "entities": ["red car", "dog", "street"],
            "negative_entities": {
                "red car": [
                    {"negative": "Dog", "change_type": "object_change"},
                    {"negative": "blue car", "change_type": "attribute_change"},
                ],
                "dog": [{"negative": "dog.", "change_type": "object_change"}],
            },
            "relations": [{
                "subject": "red car", "relation_type": "by", "object": "dog",
                "negatives": [{"subject": "red car", "relation_type": "not by", "object": "dog",
                               "change_type": "negation"}],
            }],
        }],
        [("val2014/1.jpg", TRUE, [
            ("blue car", "replace", "att"), ("red car not by dog", "negate", "rel"),
        ], ["red car", "red car by dog"])],
        split="validation",
    ),
    "triplet-clip": Published(
        "shard-0.tar",
        {
            "0.image": "", "0.caption": TRUE, "0.neg_image": "", "0.neg_caption": FALSE,
            "1.image": "", "1.caption": "Two dogs.",
        },
        [
            ("shard-0.tar/0.image", TRUE, [(FALSE, "unknown", "unknown")], []),
            ("shard-0.tar/1.image", "Two dogs.", [], []),
        ],
    ),
    "hard-positives": Published(
        "hard_positives",
        {
            f"{folder}/vl_checklist_attributes.json": json.dumps([{
                "image_id": "1", "image_path": "data/VG_100K/1.jpg",
                "true_caption": true, "false_caption": "a blue car",
            }])
            for folder, true in (("data", "a red car"), ("swapped_data", "a scarlet car"))
        },
        [("data/VG_100K/1.jpg", "a red car", [("a blue car", "replace", "att")],
          ["a scarlet car"])],
        split="test",
    ),
    "fine-hard": Published(
        "results_10.json",
        [{
            "f_path": "coyo_image_0/1.jpg", "caption": "A long caption.", "short_caption": "Short.",
            "bbox_info": [
                {"bbox": [0, 0, 1, 1, 0.9], "short_expr": TRUE, "long_expr": "Longer.",
                 "flag_short_neg": 1, "short_expr_negs": {"0": FALSE, "1": "A car on a dog."}},
                {"bbox": [0, 0, 1, 1, 0.9], "short_expr": "Two dogs.", "flag_short_neg": 0},
            ],
        }],
        [
            ("coyo_image_0/1.jpg", TRUE, [
                (FALSE, "unknown", "unknown"), ("A car on a dog.", "unknown", "unknown"),
            ], []),
            ("coyo_image_0/1.jpg", "Two dogs.", [], []),
        ],
    ),
}  # fmt: skip


def published(folder: Path, name: str, content: object) -> Path:
    """Write a sample: a text, JSON, the members of a tar, or the files of a folder."""
    path = folder / name
    if isinstance(content, str):
        path.write_text(content)
    elif isinstance(content, dict) and name.endswith(".tar"):
        tar_of(path, content)
    elif isinstance(content, dict) and not path.suffix:
        for file, text in content.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_text(text)
    else:
        path.write_text(json.dumps(content))
    return path


def test_every_layout_has_a_sample() -> None:
    assert LAYOUT_SAMPLES.keys() == LAYOUTS.keys()


@pytest.mark.parametrize("name", LAYOUTS)
def test_an_authors_layout_is_told_and_read(name: str, tmp_path: Path) -> None:
    sample = LAYOUT_SAMPLES[name]
    path = published(tmp_path, sample.name, sample.content)
    assert detect_format(path) == name
    manifest, rows = load(path)
    assert manifest.splits() == (sample.split,)
    found = [
        (
            row.image,
            row.caption,
            [(negative.text, negative.type, negative.subtype) for negative in row.negatives],
            [positive.text for positive in row.positives],
        )
        for row in rows
    ]
    assert found == sample.rows
    assert all(row.id.startswith(name) for row in rows if name not in IDENTIFIED)


def test_a_folder_of_an_authors_files_is_read_as_one(tmp_path: Path) -> None:
    for name, folder in (("crepe", "prod"), ("triplet-clip", "tars"), ("fine-hard", "jsonfiles")):
        sample, root = LAYOUT_SAMPLES[name], tmp_path / folder
        root.mkdir()
        for number in range(2):
            published(root, f"{number}_{sample.name}", sample.content)
        assert detect_format(root) == name
        manifest, rows = load(root)
        assert (len(rows), len(manifest.producers)) == (2 * len(sample.rows), 2)


def test_jsonl_and_pretty_json_are_told_apart_too(tmp_path: Path) -> None:
    content = LAYOUT_SAMPLES["vismin"].content
    assert isinstance(content, list)
    for name, text in (
        ("pretty.json", json.dumps(content, indent=2)),
        ("one.jsonl", json.dumps(content[0]) + "\n"),
    ):
        path = published(tmp_path, name, text)
        assert detect_format(path) == "vismin"
        assert len(load(path)[1]) == 1


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("ce-clip", ("adj_aug_caption", "adjective"), "no column 'adj_aug_caption'"),
        ("degla", ("image_id", "image"), "no column 'image_id'"),
        ("crepe", (",caption", ",title"), "no column 'caption'"),
        ("con-clip", ("annotations", "samples"), "of one length, found an object"),
        ("negation-clip", ("updated_caption", "negated"), "no column 'updated_caption'"),
        ("negation-clip", ("annotations", "rows"), "expected COCO's 'annotations'"),
        ("vismin", ('"negatives"', '"negative"'), "no column 'negatives'"),
        ("cs-clip", ("image_path", "image"), "no column 'image_path'"),
        ("fine-hard", ("f_path", "path"), "no column 'f_path'"),
    ],
)
def test_a_file_that_lacks_a_field_of_its_layout_is_refused(
    name: str, change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    sample = LAYOUT_SAMPLES[name]
    text = sample.content if isinstance(sample.content, str) else json.dumps(sample.content)
    path = published(tmp_path, sample.name, text.replace(*change))
    with pytest.raises(UsageError, match=message):
        load(path, format=name)


def test_hard_positives_need_both_folders_in_one_order(tmp_path: Path) -> None:
    sample = LAYOUT_SAMPLES["hard-positives"]
    root = published(tmp_path, sample.name, sample.content)
    file = root / "swapped_data/vl_checklist_attributes.json"
    with pytest.raises(UsageError, match="data and swapped_data"):
        load(root / "data" / file.name, format="hard-positives")
    file.write_text(file.read_text().replace("blue", "green"))
    with pytest.raises(UsageError, match="the false captions of"):
        load(root)
    file.unlink()
    with pytest.raises(UsageError, match="vl_checklist_attributes"):
        load(root)


def test_the_page_says_what_a_layout_was_checked_against() -> None:
    table = PAGE.read_text().partition("\n| `--format` |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    found = {row[0].strip("`"): row[-1] for row in rows}
    own = {"jsonl", "csv"}
    others = FORMATS.keys() - LAYOUTS.keys() - own
    stated = {name: layout.verified for name, layout in LAYOUTS.items()}
    assert found == stated | dict.fromkeys(others, "files")


@given(st.lists(st.text(max_size=30), min_size=1, max_size=5), st.text(max_size=30))
def test_any_text_is_imported_or_counted(
    tmp_path_factory: pytest.TempPathFactory, negatives: list[str], caption: str
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.jsonl"
    good = {"caption": CAPTION, "negatives": [NEGATIVE]}
    write_lines(path, good, {"caption": caption, "negatives": negatives})
    manifest, rows = load(path)
    skipped = sum(manifest.tallies["skipped"].values())
    if len(rows) == 1:
        assert skipped == 1
    else:
        assert len(rows[1].negatives) + skipped == len(negatives)
        assert {negative.text for negative in rows[1].negatives} <= {t.strip() for t in negatives}


@pytest.mark.real
@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not there")
def test_the_published_files(tmp_path: Path) -> None:
    source = SHARED / "peers" / "negclip_valid.jsonl"
    manifest = import_published(source, tmp_path / "negclip", options=ImportOptions())
    assert list(problems_of(tmp_path / "negclip", manifest)) == []
    assert manifest.num_rows() == 4839 - 2
    assert manifest.tallies["skipped"] == {
        "junk caption": 2,
        "negative equals its caption but for case and punctuation": 15,
        "negative is there twice": 11,
    }
    items = map(json.loads, source.read_text(encoding="utf-8").splitlines())
    published = {f"negclip_valid:{item['id']}": item for item in items}
    for row in read_all_rows(tmp_path / "negclip", manifest):
        told = {normalise(text) for text in published[row.id]["negatives"]}
        kept = {normalise(negative.text) for negative in row.negatives}
        assert kept == told - {normalise(row.caption)}

    manifest = import_published(SHARED / "sugar-crepe", tmp_path / "crepe", options=ImportOptions())
    assert list(problems_of(tmp_path / "crepe", manifest)) == []
    assert sum(manifest.tallies["negatives_by_type"].values()) == 7511
    assert len(manifest.producers) == 7
    assert not manifest.tallies["skipped"]
