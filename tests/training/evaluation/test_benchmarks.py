"""Every adapter on a small folder as its authors lay it out, and on wrong ones."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import torch
from PIL import Image

from data.errors import UsageError
from tests.documents import ROOT, section_of
from training.batches.images import decoded
from training.evaluation.benchmarks import BENCHMARKS, open_benchmark
from training.evaluation.store import Found
from training.evaluation.tasks import (
    CAPTIONS,
    GROUP,
    GROUP_IMAGE,
    GROUP_TEXT,
    IMAGES,
    PARAPHRASES,
    TEXT_ALONE,
    TRUE_BEFORE_FALSE,
    ImageRef,
    Layout,
    Retrieval,
    Task,
)

GOLDEN: Final = ROOT / "training/evaluation/golden.json"
PAIR: Final = ("a red car", "a blue car")


class Expected(NamedTuple):
    """A task: its layout, the images and captions of its first item, its items, their count."""

    layout: Layout
    images: tuple[ImageRef, ...]
    captions: tuple[str, ...]
    items: int = 1
    counted: int | None = None


class Case(NamedTuple):
    """What a folder has, and what an adapter makes of it."""

    files: Mapping[str, str]
    tasks: Mapping[str, Expected]


def keys(*names: str) -> tuple[ImageRef, ...]:
    return tuple(ImageRef(name) for name in names)


def table(*rows: Mapping[str, object]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def lines(*records: Mapping[str, object]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def sugarcrepe() -> Case:
    counts = {
        "add_att": 692, "add_obj": 2062, "replace_att": 788, "replace_obj": 1652,
        "replace_rel": 1406, "swap_att": 666, "swap_obj": 245,
    }  # fmt: skip
    record = {"filename": "000000000139.jpg", "caption": PAIR[0], "negative_caption": PAIR[1]}
    return Case(
        {f"{kind}.json": json.dumps({"0": record}) for kind in counts},
        {
            kind: Expected(CAPTIONS, keys("000000000139.jpg"), PAIR, counted=count)
            for kind, count in counts.items()
        },
    )


def sugarcrepe_pp() -> Case:
    counts = {
        "replace_att": 788, "replace_obj": 1652, "replace_rel": 1406,
        "swap_att": 666, "swap_obj": 245,
    }  # fmt: skip
    three = ("a red car", "a car that is red", "a blue car")
    record = {
        "id": 0, "filename": "1.jpg",
        "caption": three[0], "caption2": three[1], "negative_caption": three[2],
    }  # fmt: skip
    tasks = {}
    for kind, count in counts.items():
        tasks[f"{kind} ITT"] = Expected(PARAPHRASES, keys("1.jpg"), three, counted=count)
        tasks[f"{kind} TOT"] = Expected(TEXT_ALONE, (), three, counted=count)
    return Case({f"{kind}.json": json.dumps([record]) for kind in counts}, tasks)


def aro() -> Case:
    crop = {
        "image_path": "2.jpg", "bbox_x": 3, "bbox_y": 4, "bbox_w": 10, "bbox_h": 20,
        "true_caption": "the car is on the road", "false_caption": "the road is on the car",
    }  # fmt: skip
    relations = [crop | {"relation_name": name} for name in ("on", "next to", "under")]
    attributes = [crop | {"attributes": ["red", "old"]}] * 25
    rare = [crop | {"attributes": ["red", "new"]}] * 24
    options = ["a red car", "car a red", "red car a", "a car red", "car red a"]
    order = json.dumps([{"image": "val2014/5.jpg", "caption_options": options}])
    crops = (ImageRef("images/2.jpg", (3, 4, 13, 24)),)
    sentences = ("the car is on the road", "the road is on the car")
    return Case(
        {
            "visual_genome_relation.json": json.dumps(relations),
            "visual_genome_attribution.json": json.dumps(rare + attributes),
            "flickr30k_order.json": order,
            "coco_order.json": order,
        },
        {
            "vg_relation": Expected(CAPTIONS, crops, sentences, items=2),
            "vg_attribution": Expected(CAPTIONS, crops, sentences, items=25),
            "flickr30k_order": Expected(
                CAPTIONS, keys("val2014/5.jpg"), tuple(options), counted=5000
            ),
            "coco_order": Expected(CAPTIONS, keys("val2014/5.jpg"), tuple(options), counted=25010),
        },
    )


def crepe() -> Case:
    row = {
        "": 0, "image_id": 7, "x": 1, "y": 2, "width": 30, "height": 40,
        "caption": "a car, and a road", "hard_negs": str(["a car's \"road\"", "a road"]),
    }  # fmt: skip
    captions = ("a car, and a road", 'a car\'s "road"', "a road")
    image = (ImageRef("7.jpg", (1, 2, 31, 42)),)
    counts = {"atom": 17698, "swap": 7405, "negate": 17303}
    return Case(
        {
            f"{kind}/prod_vg_hard_negs_{kind}_complexity_{number}.csv": table(row)
            for kind in counts
            for number in range(4, 13)
        },
        {
            kind: Expected(CAPTIONS, image, captions, items=9, counted=count)
            for kind, count in counts.items()
        },
    )


def valse() -> Case:
    counts = {
        "existence": 505, "plurals": 851, "counting-hard": 868, "counting-small-quant": 900,
        "counting-adversarial": 691, "relations": 535, "action-replacement": 648,
        "actant-swap": 949, "coreference-standard": 708, "coreference-hard": 104, "foil-it": 943,
    }  # fmt: skip
    record = {"image_file": "v7w_1.jpg", "caption": PAIR[0], "foil": PAIR[1]}
    votes = {f"{n}": record | {"mturk": {"caption": n, "foil": 3 - n}} for n in range(4)}
    return Case(
        {f"{name}.json": json.dumps(votes) for name in counts},
        {
            name.replace("-", "_"): Expected(
                CAPTIONS, keys("v7w_1.jpg"), PAIR, items=2, counted=count
            )
            for name, count in counts.items()
        },
    )


def vlchecklist() -> Case:
    pair = [["1.jpg", {"POS": [PAIR[0], "c"], "NEG": [PAIR[1], "d"]}]]
    files, tasks = {}, {}

    def add(name: str, paths: Sequence[str], folder: str, count: int) -> None:
        files.update(dict.fromkeys(paths, json.dumps(pair)))
        tasks[name] = Expected(CAPTIONS, keys(f"{folder}/1.jpg"), PAIR, len(paths), count)

    roles = ("agent", "destination", "item", "tool")
    degrees = {
        "location": {"center": 7000, "margin": 3514, "mid": 6530},
        "size": {"large": 7000, "medium": 5293, "small": 3519},
    }
    for measure, counts in degrees.items():
        top = f"Object/{measure.title()}"
        for degree, count in counts.items():
            swig = [f"{top}/swig_{measure}/swig_{r}/swig_{r}_{degree}.json" for r in roles]
            genome = [f"{top}/vg_{measure}/vg_{r}_{degree}.json" for r in ("obj", "subj")]
            hake = f"{top}/hake_{measure}/hake_obj_{degree}.json"
            add(f"object_{measure}_{degree}", [hake, *swig, *genome], "hake", count)
    for kind in ("action", "color", "material", "size", "state"):
        files_of_kind = [f"Attribute/{source}/{kind}.json" for source in ("vaw", "vg")]
        add(f"attribute_{kind}", files_of_kind, "vg", 1941 if kind == "state" else 2000)
    actions = [f"Relation/{name}.json" for name in ("hake_action", "swig_action", "vg/action")]
    add("relation_action", actions, "hake", 3000)
    add("relation_spatial", ["Relation/vg/spatial.json"], "vg", 1000)
    return Case(files, tasks)


def whatsup() -> Case:
    four = tuple(f"a mug {place} a table" for place in ("on", "under", "left of", "right of"))
    path = "data/controlled_images/mug_on_table.jpeg"
    record = json.dumps([{"image_path": path, "caption_options": four}])
    answer = json.dumps([[139, *PAIR]])
    coco, genome = keys("val2017/000000000139.jpg"), keys("vg_images/139.jpg")
    return Case(
        {
            "controlled_images_dataset.json": record,
            "controlled_clevr_dataset.json": record,
            "coco_qa_one_obj.json": answer,
            "coco_qa_two_obj.json": answer,
            "vg_qa_one_obj.json": answer,
            "vg_qa_two_obj.json": answer,
        },
        {
            "controlled_a": Expected(CAPTIONS, keys(path), four, counted=412),
            "controlled_b": Expected(CAPTIONS, keys(path), four, counted=408),
            "coco_qa_one_obj": Expected(CAPTIONS, coco, PAIR, counted=2247),
            "coco_qa_two_obj": Expected(CAPTIONS, coco, PAIR, counted=440),
            "vg_qa_one_obj": Expected(CAPTIONS, genome, PAIR, counted=1160),
            "vg_qa_two_obj": Expected(CAPTIONS, genome, PAIR, counted=291),
        },
    )


def svo() -> Case:
    kinds = ("subj_neg", "verb_neg", "obj_neg")
    row = {
        "sentence": "A man sits.", "pos_triplet": "man,sit,", "neg_triplet": "man,run,",
        "pos_url": "http://a/1", "neg_url": "http://a/2", "pos_image_id": 1, "neg_image_id": 2,
    }  # fmt: skip
    rows = [row | {other: other == kind for other in kinds} for kind in kinds]
    two_at_once = row | {"subj_neg": True, "verb_neg": True, "obj_neg": False}
    expected = Expected(IMAGES, keys("1.jpg", "2.jpg"), ("A man sits.",))
    return Case({"svo_probes.csv": table(*rows, two_at_once)}, dict.fromkeys(kinds, expected))


def spec() -> Case:
    counts = {
        "absolute_size": 1500, "absolute_spatial": 4500, "count": 4500,
        "existence": 1000, "relative_size": 1500, "relative_spatial": 2000,
    }  # fmt: skip
    to_text = json.dumps([{"query": "0/b.jpg", "keys": ["one", "two", "three"], "label": 1}])
    to_image = json.dumps([{"query": "two", "keys": ["0/a.jpg", "0/b.jpg"], "label": 1}])
    files, tasks = {}, {}
    for name, count in counts.items():
        files |= {f"{name}/image2text.json": to_text, f"{name}/text2image.json": to_image}
        first, second = f"{name}/0/a.jpg", f"{name}/0/b.jpg"
        tasks[f"{name} image2text"] = Expected(
            CAPTIONS, keys(second), ("two", "one", "three"), counted=count
        )
        tasks[f"{name} text2image"] = Expected(IMAGES, keys(second, first), ("two",), counted=count)
    return Case(files, tasks)


def groups(images: tuple[ImageRef, ...], count: int, prefix: str = "") -> dict[str, Expected]:
    layouts = {"text": GROUP_TEXT, "image": GROUP_IMAGE, "group": GROUP}
    return {
        f"{prefix}{part}": Expected(layout, images, PAIR, counted=count)
        for part, layout in layouts.items()
    }


def winoground() -> Case:
    record = {
        "id": 0, "image_0": "ex_0_img_0", "image_1": "ex_0_img_1", "tag": "Object",
        "caption_0": PAIR[0], "caption_1": PAIR[1],
    }  # fmt: skip
    images = keys("ex_0_img_0.png", "ex_0_img_1.png")
    return Case({"examples.jsonl": lines(record)}, groups(images, 400))


def colorswap() -> Case:
    record = {
        "id": 0, "image_1": "images/img_0_1.png", "image_2": "images/img_0_2.png",
        "caption_1": PAIR[0], "caption_2": PAIR[1], "image_source": "midjourney",
    }  # fmt: skip
    images = keys("images/img_0_1.png", "images/img_0_2.png")
    return Case({"test.json": json.dumps([record])}, groups(images, 300))


def coco_counterfactuals() -> Case:
    record = {
        "id": "236308_0", "image_0": "236308_0_img_0", "image_1": "236308_0_img_1",
        "caption_0": PAIR[0], "caption_1": PAIR[1],
    }  # fmt: skip
    images = keys("236308_0_img_0.jpg", "236308_0_img_1.jpg")
    return Case({"examples.jsonl": lines(record)}, groups(images, 17410))


def eqben() -> Case:
    counts = {
        "eqbenag": 20000, "eqbengebc": 1814, "eqbenkubric_attr": 2000, "eqbenkubric_cnt": 2000,
        "eqbenkubric_loc": 2000, "eqbensd": 1513, "eqbenyoucook2": 20000,
    }  # fmt: skip
    records, tasks = [], {}
    for place, (name, count) in enumerate(counts.items()):
        suffix = ".npy" if name == "eqbenyoucook2" else ".png"
        records += [
            {
                "image": f"{name}/{i}{suffix}",
                "caption": PAIR[c],
                "private_info": {"dataset": name, "name": f"c{c}i{i}", "sample_cnt": place},
            }
            for i in (1, 0)
            for c in (1, 0)
        ]
        tasks |= groups(keys(f"{name}/0.png", f"{name}/1.png"), count, f"{name} ")
    return Case({"ann_json_finegrained_random.json": json.dumps(records)}, tasks)


def imagecode() -> Case:
    static, video = "open-images-1_a", "MSR-VTT-video1-shot0_0"
    numbers = [0, 1, 2, 3, 4, 5, 6, 7, 9, 11]
    frames = {f"image-sets/{video}/img{number}.jpg": "" for number in reversed(numbers)}
    content = {static: {"0": " A deer. "}, video: {"9": "The last."}}
    order = [11, 0, 1, 2, 3, 4, 5, 6, 7, 9]
    seen = keys(*(f"image-sets/{video}/img{number}.jpg" for number in order))
    unseen = keys(*(f"{static}/missing-{number}.jpg" for number in range(10)))
    return Case(
        {"valid_data.json": json.dumps(content), **frames},
        {
            "static": Expected(IMAGES, unseen, ("A deer.",), counted=430),
            "videos": Expected(IMAGES, seen, ("The last.",), counted=1872),
        },
    )


def negbench() -> Case:
    row = {
        "image_path": "data/val2017/1.jpg",
        "correct_answer": 1, "correct_answer_template": "hybrid",
        **{f"caption_{number}": f"caption {number}" for number in range(4)},
    }  # fmt: skip
    pair = {"filepath": "data/val2017/1.jpg", "captions": str(["no car", 'not "a" road'])}
    names = {"coco_mcq": "COCO_val", "voc2007_mcq": "VOC2007", "synthetic_mcq": "synthetic"}
    captions = tuple(f"caption {number}" for number in (1, 0, 2, 3))
    counts = {"coco_mcq": 5914, "voc2007_mcq": 5031, "synthetic_mcq": None}
    return Case(
        {
            **{f"{name}_mcq_llama3.1_rephrased.csv": table(row) for name in names.values()},
            "COCO_val_retrieval.csv": table(pair, pair),
            "COCO_val_negated_retrieval_llama3.1_rephrased_affneg_true.csv": table(pair),
        },
        {
            name: Expected(CAPTIONS, keys("data/val2017/1.jpg"), captions, counted=counts[name])
            for name in names
        },
    )


def negrefcocog() -> Case:
    first, second = [10.5, 0, 20.25, 40], [0, 0, 39.41, 48]
    record = {
        "image": "COCO_train2014_1.jpg", "phrase": "a dog without a hat",
        "ref_bbox": second, "bbox_list": [first, second],
    }  # fmt: skip
    name = "COCO_train2014_1.jpg"
    regions = (ImageRef(name, (0, 0, 39, 48)), ImageRef(name, (10, 0, 31, 40)))
    return Case(
        {"NegRefCOCOg.json": json.dumps([record])},
        {"regions": Expected(IMAGES, regions, ("a dog without a hat",), counted=440)},
    )


def colorfoil() -> Case:
    row = ["http://images.cocodataset.org/val2017/000000000139.jpg", *PAIR]
    expected = Expected(CAPTIONS, keys("val2017/000000000139.jpg"), PAIR, 550 + 1, 2507)
    return Case({"colorfoil.json": json.dumps([row] * 552)}, {"color": expected})


def cola() -> Case:
    address = "https://cs-people.bu.edu/array/data/vg_gqa_images/{}.jpg"
    row = [address.format(1), PAIR[0], address.format(2), PAIR[1]]
    return Case(
        {"COLA_multiobjects_matching_benchmark.json": json.dumps([row])},
        groups(keys("1.jpg", "2.jpg"), 210),
    )


def mmvp_vlm() -> Case:
    counts = {"Orientation": 1, "Color": 33}
    names = ("Question ID", "Type", "Statement")
    rows = [
        dict(zip(names, (first + n, kind, PAIR[n].removeprefix("a ")), strict=True))
        for kind, first in counts.items()
        for n in range(2)
    ]
    tasks = {}
    for kind, first in counts.items():
        for name, expected in groups(
            keys(f"{kind}/{first}.jpg", f"{kind}/{first + 1}.jpg"), 15, f"{kind} "
        ).items():
            tasks[name] = expected._replace(captions=("a photo of red car", "a photo of blue car"))
    return Case({"Questions.csv": table(*rows)}, tasks)


def vismin() -> Case:
    counts = {"object": 579, "attribute": 294, "counting": 589, "relation": 622}
    row = {
        "image_path": "/coco/val2017/1.jpg", "caption": PAIR[0],
        "edited_image_path": "/1/0.png", "edited_caption": PAIR[1], "edit_id": "1_0",
    }  # fmt: skip
    images = keys("original_images/coco/val2017/1.jpg", "edited_images/1/0.png")
    return Case(
        {f"{name}.csv": table(row) for name in counts},
        {
            task: expected
            for name, count in counts.items()
            for task, expected in groups(images, count, f"{name} ").items()
        },
    )


def bla() -> Case:
    kinds = ("active_passive", "coordination", "relative_clause")
    sentences = {"True1": "t1", "True2": "t2", "False1": "f1", "False2": "f2", "predicate": "feed"}
    record = {"image_id": "1", "caption_group": [sentences, {"True1": "a group that is not used"}]}
    tasks = {}
    for kind in kinds:
        tasks[f"{kind} pairs"] = Expected(CAPTIONS, keys("1.jpg"), ("t1", "f1"), items=2)
        tasks[f"{kind} sets"] = Expected(TRUE_BEFORE_FALSE, keys("1.jpg"), ("t1", "t2", "f1", "f2"))
    return Case({f"{kind}_captions.json": json.dumps([record]) for kind in kinds}, tasks)


def hard_positives() -> Case:
    name = "data/VG_100K/1.jpg"
    plain = {"image_id": "1", "image_path": name, "false_caption": "a blue car"}
    crop = plain | {"bbox_x": 3, "bbox_y": 4, "bbox_w": 10, "bbox_h": 20, "attributes": ["a", "b"]}
    kinds = {
        "swap": ("visual_genome_attribution", 28748, crop, ImageRef(name, (3, 4, 13, 24))),
        "replace_att": ("vl_checklist_attributes", 10575, plain, ImageRef(name)),
        "replace_rel": ("vl_checklist_relations", 16868, plain, ImageRef(name)),
    }
    files, tasks = {}, {}
    for kind, (file, count, record, image) in kinds.items():
        for folder, true in (("data", "a red car"), ("swapped_data", "a scarlet car")):
            files[f"{folder}/{file}.json"] = json.dumps([record | {"true_caption": true}])
        for score, layout, captions in (
            ("original", CAPTIONS, PAIR),
            ("positive", CAPTIONS, ("a scarlet car", "a blue car")),
            ("augmented", PARAPHRASES, ("a red car", "a scarlet car", "a blue car")),
        ):
            tasks[f"{kind} {score}"] = Expected(layout, (image,), captions, counted=count)
    return Case(files, tasks)


def half_truths() -> Case:
    relation = {"subject": "Child", "relation_type": "is on", "object": "snow"}
    negatives = [
        relation | {"relation_type": "is under", "change_type": "antonym"},
        relation | {"relation_type": "is not on", "change_type": "negation"},
    ]
    sample = {
        "sample_id": "coco_7_1", "original_caption": "A small child on the snow.",
        "entities": ["Small child", "snow"],
        "negative_entities": {
            "snow": [
                {"negative": "dirty snow", "change_type": "attribute_change"},
                {"negative": "Grass", "change_type": "object_change"},
                {"negative": "sand", "change_type": "object_change"},
            ],
            "Small child": [{"negative": "dog", "change_type": "object_change"}],
        },
        "relations": [{**relation, "negatives": negatives}],
        "image_path": "val2014/COCO_val2014_1.jpg",
    }  # fmt: skip
    pairs = {
        "entity object": ("small child", "small child and grass"),
        "entity attribute": ("small child", "small child and dirty snow"),
        "relation swap": ("child", "snow is on child"),
        "relation antonym": ("child", "child is under snow"),
        "relation negation": ("child", "child is not on snow"),
        "relation object": ("child", "child is on grass"),
        "relation subject": ("child", "dog is on snow"),
    }
    image = keys("val2014/COCO_val2014_1.jpg")
    other = sample | {"sample_id": "coco_7_2"}  # of the same image, so it is not used
    return Case(
        {"coco_val.json": json.dumps([sample, other])},
        {kind: Expected(CAPTIONS, image, pair) for kind, pair in pairs.items()},
    )


MAKERS: Final[Mapping[str, Callable[[], Case]]] = {
    maker.__name__: maker
    for maker in (
        sugarcrepe, sugarcrepe_pp, aro, crepe, valse, vlchecklist, whatsup, svo, spec, winoground,
        eqben, imagecode, coco_counterfactuals, negbench, colorswap, negrefcocog, colorfoil, cola,
        mmvp_vlm, vismin, bla, hard_positives, half_truths,
    )
}  # fmt: skip
UNSEEN: Final = ("coco", "flickr30k", "zeroshot", "cc_neg")
"""Adapters with tests of their own."""
UNNAMED: Final = {
    "cola": '[["a/1.jpg", "a red car", "a/2.jpg"]]',
    "colorfoil": '[["a/1.jpg", "a red car"]]',
    "mmvp_vlm": "id,type,statement\n1,Color,a\n",
}
"""Adapters whose files name no fields, and such a file with a record that lacks one."""


def written(root: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, "utf-8")
    return root


def read(name: str, root: Path) -> dict[str, Any]:
    return {task.name: task for task in BENCHMARKS[name].read(root)}


def test_every_adapter_is_tested() -> None:
    assert {*MAKERS, *UNSEEN} >= {*BENCHMARKS}
    assert {*MAKERS} <= {*BENCHMARKS}


@pytest.mark.parametrize("name", MAKERS)
def test_an_adapter_reads_what_its_authors_publish(name: str, tmp_path: Path) -> None:
    case = MAKERS[name]()
    tasks = read(name, written(tmp_path, case.files))
    compared = {key: task for key, task in tasks.items() if isinstance(task, Task)}
    assert list(compared) == list(case.tasks)
    for key, expected in case.tasks.items():
        task = compared[key]
        assert task.layout is expected.layout, key
        assert task.items[0][1:] == (expected.images, expected.captions), key
        assert (len(task.items), task.expected) == (expected.items, expected.counted), key
        assert len({item.id for item in task.items}) == len(task.items), key
        assert len(task.strata) in {0, len(task.items)}, key


@pytest.mark.parametrize("name", MAKERS)
def test_a_missing_file_is_named(name: str, tmp_path: Path) -> None:
    files = MAKERS[name]().files
    for file in [file for file in files if not file.endswith(".jpg")][:12]:
        root = written(tmp_path / file, files)
        (root / file).unlink()
        with pytest.raises(UsageError, match=re.escape(Path(file).name)):
            BENCHMARKS[name].read(root)


@pytest.mark.parametrize("content", ["", "{", "7", "[]", "[7]", '[{"a": 1}]', '{"a": {"b": 1}}'])
@pytest.mark.parametrize("name", MAKERS)
def test_a_wrong_file_is_named(name: str, content: str, tmp_path: Path) -> None:
    files = dict(MAKERS[name]().files)
    file = next(iter(files))
    with pytest.raises(UsageError, match=re.escape(Path(file).name)):
        BENCHMARKS[name].read(written(tmp_path, {**files, file: content}))


@pytest.mark.parametrize("name", MAKERS)
def test_a_record_that_lacks_a_field_is_refused(name: str, tmp_path: Path) -> None:
    files = dict(MAKERS[name]().files)
    file = next(iter(files))
    names = r"caption|keys|POS|sentence|phrase|sample_id|1\.jpg|0000139|\b139\b|\"9\""
    broken = UNNAMED.get(name) or re.sub(names, "gone", files[file])
    assert broken != files[file]
    with pytest.raises(UsageError, match=re.escape(Path(file).name)):
        BENCHMARKS[name].read(written(tmp_path, {**files, file: broken}))


def test_names_of_tasks_are_those_of_published_figures(tmp_path: Path) -> None:
    figures = json.loads(GOLDEN.read_text())["ViT-B-32/openai"]["figures"]
    for name in MAKERS:
        tasks = read(name, written(tmp_path / name, MAKERS[name]().files))
        for benchmark, task, measure, _ in figures:
            if benchmark == name:
                assert measure == ("mean of means" if tasks[task].strata else "accuracy"), task


def test_relations_and_attributes_are_means(tmp_path: Path) -> None:
    tasks = read("aro", written(tmp_path, aro().files))
    assert tasks["vg_relation"].strata == ("on", "under")
    assert set(tasks["vg_attribution"].strata) == {"red_old"}


def test_a_box_cuts_out_the_region(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 40), "blue")
    image.paste("red", (3, 4, 13, 24))
    root = written(tmp_path, aro().files)
    (root / "images").mkdir()
    image.save(root / "images/2.jpg", quality=100, subsampling=0)
    item = read("aro", root)["vg_relation"].items[0]
    store = Found(root)
    crop = decoded(store.read(item.images[0].key), box=item.images[0].box)
    assert crop.size == (10, 20)
    corners = [crop.getpixel(target) for target in ((0, 0), (9, 19))]
    assert all(red > 200 and blue < 60 for red, _, blue in corners)


def test_the_parts_of_a_checklist_weigh_by_source(tmp_path: Path) -> None:
    tasks = read("vlchecklist", written(tmp_path, vlchecklist().files))
    assert tasks["object_size_small"].strata == (
        "hake/hake_obj_small", "swig/swig_agent_small", "swig/swig_destination_small",
        "swig/swig_item_small", "swig/swig_tool_small", "vg/vg_obj_small", "vg/vg_subj_small",
    )  # fmt: skip
    assert tasks["attribute_size"].strata == ("vaw/size", "vg/size")


def test_of_a_corpus_the_first_thousand_count(tmp_path: Path) -> None:
    files = dict(vlchecklist().files)
    pairs = [[f"{number}.jpg", {"POS": ["a"], "NEG": ["b"]}] for number in range(1003)]
    files["Relation/vg/spatial.json"] = json.dumps(pairs)
    items = read("vlchecklist", written(tmp_path, files))["relation_spatial"].items
    assert [items[0].images[0].key, items[-1].images[0].key] == ["vg/0.jpg", "vg/999.jpg"]


def test_of_a_large_part_twenty_thousand_groups_count_evenly(tmp_path: Path) -> None:
    records = json.loads(eqben().files["ann_json_finegrained_random.json"])
    elements = [record for record in records if record["private_info"]["dataset"] == "eqbenag"]
    for number in range(100, 30_100):
        for element in elements:
            place = element["private_info"] | {"sample_cnt": number}
            records.append(element | {"private_info": place})
    root = written(tmp_path, {"ann_json_finegrained_random.json": json.dumps(records)})
    items = read("eqben", root)["eqbenag group"].items
    numbers = [int(item.id.rpartition(":")[2]) for item in items]
    assert len(numbers) == 20_000
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert {after - before for before, after in pairwise(numbers[1:])} == {1, 2}


def test_a_group_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    records = json.loads(eqben().files["ann_json_finegrained_random.json"])
    files = {"ann_json_finegrained_random.json": json.dumps(records[:3] + records[4:])}
    read("eqben", written(tmp_path, files))  # three of four pairs have all images and captions
    files = {"ann_json_finegrained_random.json": json.dumps(records[:1] + records[4:])}
    with pytest.raises(UsageError, match="two images and two captions"):
        read("eqben", written(tmp_path, files))


def test_sets_of_images_have_to_lie_beside_their_captions(tmp_path: Path) -> None:
    files = {"valid_data.json": imagecode().files["valid_data.json"]}
    with pytest.raises(UsageError, match="folders of images"):
        BENCHMARKS["imagecode"].read(written(tmp_path, files))


def test_a_set_that_is_missing_is_found_nowhere(tmp_path: Path) -> None:
    benchmark = open_benchmark("imagecode", root=written(tmp_path, imagecode().files))
    static, videos = benchmark.tasks
    assert isinstance(static, Task)
    assert isinstance(videos, Task)
    asked = {image.key for item in static.items for image in item.images}
    assert benchmark.store.absent(asked) == asked
    assert not benchmark.store.absent([p.key for item in videos.items for p in item.images])


def test_a_share_of_counterfactuals_is_retrieved(tmp_path: Path) -> None:
    record = json.loads(coco_counterfactuals().files["examples.jsonl"])
    records = [
        record | {"id": str(n), "image_0": f"{n}_0", "image_1": f"{n}_1", "caption_0": f"{n}"}
        for n in range(10)
    ]
    forward = written(tmp_path / "a", {"examples.jsonl": lines(*records)})
    backward = written(tmp_path / "b", {"examples.jsonl": lines(*records[::-1])})
    task = read("coco_counterfactuals", forward)["retrieval"]
    assert isinstance(task, Retrieval)
    assert (len(task.images), task.owner, task.expected) == (6, tuple(range(6)), 10446)
    assert [caption for caption in task.captions if caption != PAIR[1]] == [
        image.key.partition("_")[0] for image in task.images[::2]
    ]
    assert read("coco_counterfactuals", backward)["retrieval"] == task


def test_negated_queries_are_of_their_images(tmp_path: Path) -> None:
    task = read("negbench", written(tmp_path, negbench().files))["coco_retrieval"]
    assert isinstance(task, Retrieval)
    assert task.captions == ("no car", 'not "a" road') * 2
    assert task.owner == (0, 0, 1, 1)


def test_grey_images_are_left_out(tmp_path: Path) -> None:
    items = read("colorfoil", written(tmp_path, colorfoil().files))["color"].items
    numbers = [int(item.id.rpartition(":")[2]) for item in items]
    assert numbers == [*range(550), 551]


def test_a_hard_positive_has_the_false_caption_of_its_counterpart(tmp_path: Path) -> None:
    files = dict(hard_positives().files)
    file = "swapped_data/vl_checklist_relations.json"
    for changed, message in (
        (files[file].replace("blue", "green"), "the false captions of"),
        (json.dumps(json.loads(files[file]) * 2), "as many records"),
    ):
        with pytest.raises(UsageError, match=message):
            read("hard_positives", written(tmp_path, files | {file: changed}))


def cc_neg(*negated: str, **changed: object) -> bytes:
    """Return what torch writes of samples as the authors have them."""
    by_text = {
        text: {"json": {"caption": "a dog"}, "sop_data": {"negative-prompt": text}}
        for text in negated
    }
    samples = [by_text[text] for text in negated]
    paths = [f"/workspace/datasets/cc3m/{place}.jpg" for place in range(len(samples))]
    file = io.BytesIO()
    torch.save({"image_paths": paths, "annotations": samples} | changed, file)
    return file.getvalue()


def test_of_cc_neg_the_last_forty_thousand_count(tmp_path: Path) -> None:
    file = tmp_path / "ccneg_preprocessed.pt"
    file.write_bytes(cc_neg(*["a cat"] * 40_001, "a dog, and, not a cat"))
    task = read("cc_neg", tmp_path)["negation"]
    assert (task.layout, len(task.items), task.expected) == (CAPTIONS, 40_000, 40_000)
    assert task.items[0].images == keys("/workspace/datasets/cc3m/2.jpg")
    assert task.items[-1].captions == ("a dog", "a dog and not a cat")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        cc_neg(),
        cc_neg("a cat", image_paths=[]),
        cc_neg("a cat", annotations=[{"json": {"caption": "a dog"}}]),
        cc_neg("a cat", image_paths=[7]),
        cc_neg("a cat", other=Path("of a class that is not harmless")),
    ],
)
def test_a_wrong_file_of_cc_neg_is_named(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"ccneg_preprocessed\.pt"):
        read("cc_neg", tmp_path)
    (tmp_path / "ccneg_preprocessed.pt").write_bytes(content)
    with pytest.raises(UsageError, match=r"ccneg_preprocessed\.pt"):
        read("cc_neg", tmp_path)


def rows_of_the_page() -> list[tuple[str, ...]]:
    lines = section_of("docs/evaluation.md", "Benchmarks").splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row) for row in rows]


def test_the_page_says_what_is_expected_where() -> None:
    assert rows_of_the_page() == [
        (
            f"`{name}`",
            adapter.expects.replace("*", r"\*"),
            adapter.images,
            adapter.checked,
        )
        for name, adapter in BENCHMARKS.items()
    ]
