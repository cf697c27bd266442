import dataclasses
import pickle
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from data.errors import UsageError
from data.records import Caption
from data.sources import SOURCES, Source, source_class
from tests.data.sources.reading import captions, everything, skips

SHARED = Path("../shared/data")
MINE = sorted(set(SOURCES) - {"scenes"})


def test_every_source_is_listed() -> None:
    assert list(SOURCES) == [
        "scenes", "coco", "karpathy", "flickr30k", "flickr8k", "cc3m", "laion_coco", "jsonl",
        "csv", "parquet", "webdataset", "hub",
    ]  # fmt: skip


@pytest.mark.parametrize("name", MINE)
def test_a_source_is_a_frozen_value_with_a_docstring_to_show(name: str) -> None:
    cls = source_class(name)
    options = {f.name: "x" for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    assert list(options) == ["root"]
    assert "name" not in cls.__dataclass_fields__, "the config's key for the source itself"
    value: Source = cls(**options)
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301  (our own)
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.root = "y"
    assert isinstance(value.licence, str)
    first, layout = (cls.__doc__ or "").split("\n\n")[:2]
    assert first.endswith(".")
    assert 1 <= len(layout.strip().splitlines()) <= 2


def test_unknown_names() -> None:
    with pytest.raises(UsageError, match=r"no source 'jsnl'; did you mean 'jsonl'\?"):
        source_class("jsnl")


def test_looking_at_the_sources_loads_no_heavy_library() -> None:
    program = (
        "import sys; from data.sources import SOURCES, source_class\n"
        f"for name in {MINE}: source_class(name)\n"
        "print(*{'pyarrow', 'datasets', 'numpy', 'PIL', 'spacy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""


def real(folder: str) -> Path:
    if not (SHARED / folder).exists():
        pytest.skip(f"{SHARED / folder} is not here")
    return SHARED / folder


def num_images(found: list[Caption]) -> int:
    """Return the number of images, holding that each one's captions are adjacent."""
    runs = [image for image, _ in groupby(caption.image for caption in found)]
    assert len(runs) == len(set(runs))
    return len(runs)


@pytest.mark.real
def test_real_coco() -> None:
    root = real("coco")
    val2014, val2017 = (
        source_class("coco")(root=root, only_splits=(split,)) for split in ("val2014", "val2017")
    )
    assert len(everything(val2014)) == 4_839
    assert [reason for reason, _ in skips(val2014)] == ["junk caption"] * 2
    found = captions(val2017)
    assert len({caption.id for caption in found}) == len(everything(val2017)) == 4_355
    assert num_images(found) == 1_560
    assert (root / "val2017/000000000139.jpg").exists()


@pytest.mark.real
def test_real_flickr8k() -> None:
    found = everything(source_class("flickr8k")(root=real("flickr8k")))
    assert all(isinstance(item, Caption) for item in found)
    assert len(found) == 40_455
    assert num_images(found) == 8_091
