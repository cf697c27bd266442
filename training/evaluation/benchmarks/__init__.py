"""The benchmarks that can be read, by name. An adapter reads what its authors publish.

An adapter takes the folder of the annotations and returns tasks; the images are in the same folder,
or where the user says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from data.errors import UsageError
from data.images import Store
from data.storage import AnyPath
from data.texts import nearest
from training.evaluation.benchmarks.aro import aro
from training.evaluation.benchmarks.bla import bla
from training.evaluation.benchmarks.cc_neg import cc_neg
from training.evaluation.benchmarks.coco_counterfactuals import coco_counterfactuals
from training.evaluation.benchmarks.cola import cola
from training.evaluation.benchmarks.colorfoil import colorfoil
from training.evaluation.benchmarks.colorswap import colorswap
from training.evaluation.benchmarks.crepe import crepe
from training.evaluation.benchmarks.eqben import eqben
from training.evaluation.benchmarks.half_truths import half_truths
from training.evaluation.benchmarks.hard_positives import hard_positives
from training.evaluation.benchmarks.imagecode import imagecode
from training.evaluation.benchmarks.mmvp_vlm import mmvp_vlm
from training.evaluation.benchmarks.negbench import negbench
from training.evaluation.benchmarks.negrefcocog import negrefcocog
from training.evaluation.benchmarks.retrieval import coco, flickr30k
from training.evaluation.benchmarks.scenes import SceneStore
from training.evaluation.benchmarks.scenes import tasks as scenes_tasks
from training.evaluation.benchmarks.shards import Trained, open_shards
from training.evaluation.benchmarks.spec import spec
from training.evaluation.benchmarks.sugarcrepe import sugarcrepe
from training.evaluation.benchmarks.sugarcrepe_pp import sugarcrepe_pp
from training.evaluation.benchmarks.svo import svo
from training.evaluation.benchmarks.valse import valse
from training.evaluation.benchmarks.vismin import vismin
from training.evaluation.benchmarks.vlchecklist import vlchecklist
from training.evaluation.benchmarks.whatsup import whatsup
from training.evaluation.benchmarks.winoground import winoground
from training.evaluation.store import Found
from training.evaluation.tasks import AnyTask, images_of
from training.evaluation.zeroshot.benchmark import zeroshot, zeroshot_store

SCENES: Final = "scenes"
"""The name of the benchmark that needs no file."""
SHARDS: Final = "shards"
"""The name of the benchmark of one's own negatives."""
BUILT_IN: Final[Mapping[str, tuple[str, str]]] = {
    SCENES: ("no folder", "drawn"),
    SHARDS: ("finished shards, a folder of `negatives build`", "those of the captions"),
}
"""What the benchmarks that nobody published expect, and their images."""


Checked = Literal["files", "loader", "layout"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adapter:
    """How a benchmark is read.

    Attributes:
        read: the folder of annotations -> tasks.
        expects: the files in that folder.
        images: which images it needs.
        counted: the benchmark's own figure is the mean of the tasks whose names end in this.
        checked: what its fields, choice of items and counts were compared with: the authors'
            "files", their "loader" (or the script that makes or scores the items), or only the
            "layout" that they document.
        store: the folder of annotations -> the images, if a benchmark keeps both together.
    """

    read: Callable[[Path], tuple[AnyTask, ...]]
    expects: str
    images: str
    counted: str = ""
    checked: Checked = "layout"
    store: Callable[[Path], Store] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """A benchmark that was read: its tasks and its images."""

    name: str
    tasks: tuple[AnyTask, ...]
    store: Store


BENCHMARKS: Mapping[str, Adapter] = {
    "sugarcrepe": Adapter(
        read=sugarcrepe,
        expects="add_att.json, add_obj.json, replace_*.json, swap_*.json",
        images="COCO val2017",
        checked="files",
    ),
    "sugarcrepe_pp": Adapter(
        read=sugarcrepe_pp,
        expects="replace_*.json, swap_*.json",
        images="COCO val2017",
        counted="ITT",
        checked="files",
    ),
    "aro": Adapter(
        read=aro,
        expects=(
            "visual_genome_*.json, flickr30k_order.json, coco_order.json (see docs/evaluation.md)"
        ),
        images="Visual Genome (the authors' images/), Flickr30k, COCO val2014",
        checked="loader",
    ),
    "crepe": Adapter(
        read=crepe,
        expects="{atom,swap,negate}/prod_vg_hard_negs_*_complexity_{4..12}.csv",
        images="Visual Genome",
        checked="loader",
    ),
    "valse": Adapter(
        read=valse,
        expects="the eleven files of data/",
        images="COCO 2014 and 2017, Visual7W, SWiG, VisDial",
        checked="files",
    ),
    "vlchecklist": Adapter(
        read=vlchecklist,
        expects="Attribute/, Object/, Relation/ of data/",
        images="vg/, swig/, hake/ as the authors lay them out",
        checked="files",
    ),
    "whatsup": Adapter(
        read=whatsup,
        expects="controlled_*_dataset.json, coco_qa_*.json, vg_qa_*.json",
        images="the authors' controlled_images/, controlled_clevr/, vg_images/; COCO val2017",
        checked="loader",
    ),
    "svo": Adapter(
        read=svo,
        expects="svo_probes.csv",
        images="downloaded from its addresses, as ID.jpg",
        checked="loader",
    ),
    "spec": Adapter(
        read=spec,
        expects="six folders with image2text.json and text2image.json",
        images="in the same folders",
        checked="loader",
    ),
    "winoground": Adapter(
        read=winoground,
        expects="examples.jsonl",
        images="images/",
        counted="group",
        checked="loader",
    ),
    "eqben": Adapter(
        read=eqben,
        expects="ann_json_finegrained_random.json",
        images="eqben*/; .npy saved as .png",
        counted="group",
        checked="loader",
    ),
    "imagecode": Adapter(
        read=imagecode,
        expects="valid_data.json and image-sets/",
        images="image-sets/",
        checked="files",
    ),
    "coco_counterfactuals": Adapter(
        read=coco_counterfactuals,
        expects="examples.jsonl",
        images="images/",
        counted="group",
        checked="loader",
    ),
    "negbench": Adapter(
        read=negbench,
        expects="{COCO_val,VOC2007,synthetic}_mcq_llama3.1_rephrased.csv, COCO_val_*retrieval*.csv",
        images="COCO val2017, VOC2007 test, the authors' synthetic ones",
        checked="loader",
    ),
    "negrefcocog": Adapter(
        read=negrefcocog,
        expects="NegRefCOCOg.json",
        images="COCO train2014",
        checked="files",
    ),
    "cc_neg": Adapter(
        read=cc_neg,
        expects="ccneg_preprocessed.pt",
        images="the authors' ccneg_images/",
        checked="loader",
    ),
    "colorswap": Adapter(
        read=colorswap,
        expects="test.json",
        images="images/",
        counted="group",
        checked="layout",
    ),
    "colorfoil": Adapter(
        read=colorfoil,
        expects="colorfoil.json (see docs/evaluation.md)",
        images="COCO val2017",
        checked="loader",
    ),
    "cola": Adapter(
        read=cola,
        expects="COLA_multiobjects_matching_benchmark.json",
        images="Visual Genome",
        counted="image",
        checked="files",
    ),
    "mmvp_vlm": Adapter(
        read=mmvp_vlm,
        expects="Questions.csv",
        images="MLLM_VLM Images/",
        counted="image",
        checked="loader",
    ),
    "vismin": Adapter(
        read=vismin,
        expects="object.csv, attribute.csv, counting.csv, relation.csv",
        images="original_images/, edited_images/",
        counted="group",
        checked="loader",
    ),
    "bla": Adapter(
        read=bla,
        expects="{active_passive,coordination,relative_clause}_captions.json of annotations/",
        images="the authors' images/",
        counted="pairs",
        checked="loader",
    ),
    "hard_positives": Adapter(
        read=hard_positives,
        expects="data/ and swapped_data/, each with three files .json",
        images="Visual Genome, for swap ARO's images/",
        counted="augmented",
        checked="files",
    ),
    "half_truths": Adapter(
        read=half_truths,
        expects="coco_val.json (the authors' pipeline of units)",
        images="COCO val2014",
        checked="loader",
    ),
    "coco": Adapter(
        read=coco,
        expects="dataset_coco.json (Karpathy), coco_karpathy_test.json or coco_test_karpathy.json",
        images="COCO val2014",
        checked="loader",
    ),
    "flickr30k": Adapter(
        read=flickr30k,
        expects="dataset_flickr30k.json (Karpathy) or flickr30k_test.json",
        images="Flickr30k",
        checked="loader",
    ),
    "zeroshot": Adapter(
        read=zeroshot,
        expects="a folder for each of 21 sets: folders of classes, tars or parquet files",
        images="in the same folders",
        checked="loader",
        store=zeroshot_store,
    ),
}


def open_benchmark(
    name: str,
    *,
    root: Path | None,
    images: AnyPath | None = None,
    trained: Trained = Trained(),  # noqa: B008 - frozen
) -> Benchmark:
    """Read a benchmark from its folder; its images are found below `images`, or below the folder.

    `trained`: what the model was trained on, for the benchmark of one's own negatives.

    Raises:
        UsageError: the benchmark is unknown, or a file is missing or not as expected.
    """
    if name == SCENES:
        if root is not None:
            raise UsageError(f"benchmark {SCENES}: expected no folder, since it is generated")
        return Benchmark(name=name, tasks=scenes_tasks(), store=SceneStore())
    if name == SHARDS:
        if root is None:
            raise UsageError(f"benchmark {SHARDS}: expected {SHARDS}=OUT with finished shards")
        own, store = open_shards(root, images, trained=trained)
        return Benchmark(name=name, tasks=own, store=store)
    if name not in BENCHMARKS:
        known = [*BENCHMARKS, *BUILT_IN]
        raise UsageError(f"unknown benchmark {name!r}; {nearest(name, known)}")
    if root is None:
        raise UsageError(f"benchmark {name}: expected {name}=DIR with {BENCHMARKS[name].expects}")
    adapter = BENCHMARKS[name]
    tasks = adapter.read(root)
    keys = (image.key for task in tasks for image in images_of(task))
    store = adapter.store(root) if adapter.store else Found(images or root, keys)
    return Benchmark(name=name, tasks=tasks, store=store)
