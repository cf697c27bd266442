"""The hub source on local folders: nothing is asked of the network."""

import builtins
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from data.errors import RetryableError
from data.records import Caption
from data.sources.hub import Hub
from tests.data.sources.reading import captions, complaint, everything

datasets = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")


def folder_of(tmp_path: Path, **splits: str) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for split, content in splits.items():
        (folder / f"{split}.jsonl").write_text(content)
    return folder


def test_rows_without_an_image_column(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path,
        train='{"caption": ["a dog", "two dogs"], "n": 1}\n{"caption": [], "n": 2}\n',
        test='{"caption": ["a cat"], "n": 3}\n',
    )
    source = Hub(root=str(folder))
    assert source.splits() == ("train", "test")
    assert [tuple(item) for item in everything(source)] == [
        ("hub:train/0:0", "train/0", "a dog"),
        ("hub:train/0:1", "train/0", "two dogs"),
        ("caption is missing", f"{folder}, train, row 1"),
        ("hub:test/0:0", "test/0", "a cat"),
    ]
    assert Hub(root=str(folder), only_splits=("test",)).splits() == ("test",)


def test_columns(tmp_path: Path) -> None:
    row = '{{"file": "{}", "text": "dog {}", "key": {}}}\n'
    rows = [row.format(image, number, number) for number, image in enumerate("bab")]
    folder = folder_of(tmp_path, train="".join(rows))
    source = Hub(root=str(folder), caption_columns=("text",), image_column="file", id_column="key")
    assert captions(source) == [
        Caption("0", "b", "dog 0"),
        Caption("2", "b", "dog 2"),
        Caption("1", "a", "dog 1"),
    ]
    assert "no column 'caption'; choose from: file, key, text" in complaint(Hub(root=str(folder)))
    assert "no split 'val'" in complaint(Hub(root=str(folder), only_splits=("val",)))


def test_images_are_not_decoded(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    picture = io.BytesIO()
    Image.new("RGB", (2, 2)).save(picture, "png")
    cells = [{"bytes": picture.getvalue(), "path": "a.png"}, {"bytes": b"broken", "path": "b.png"}]
    features = datasets.Features(
        image=datasets.Image(decode=False), caption=datasets.Value("string")
    )
    data = {"image": cells, "caption": ["a dog", "a cat"]}
    datasets.Dataset.from_dict(data, features=features).cast_column(
        "image", datasets.Image()
    ).to_parquet(str(folder / "train.parquet"))
    source = Hub(root=str(folder), image_column="image")
    assert [caption.image for caption in captions(source)] == ["a.png", "b.png"]


def test_what_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, train='{"caption": "a dog"}\n')
    assert "the dataset cannot be read" in complaint(Hub(root=str(tmp_path / "nowhere")))
    assert "Available: ['default']" in complaint(Hub(root=str(folder), subset="french"))
    pq.write_table(pa.table({"caption": ["a dog"]}), folder / "train.parquet")
    (folder / "train.jsonl").unlink()
    (folder / "train.parquet").write_bytes(b"PAR1")
    assert "the dataset cannot be read" in complaint(Hub(root=str(folder)))


def test_a_data_set_that_is_a_script_may_be_there_as_parquet(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "set.py").write_text("")
    message = complaint(Hub(root=str(folder)))
    assert message.endswith("--set data.source.revision=refs/convert/parquet")


def test_lists_and_lines_are_told_apart(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, train='{"caption": "[\\"a dog\\", \\"a cat\\"]\\n"}\n')
    assert [caption.text for caption in captions(Hub(root=str(folder)))] == ["a dog", "a cat"]
    (folder / "train.jsonl").write_text('{"caption": "two dogs\\ntwo cats"}\n')
    assert len(captions(Hub(root=str(folder)))) == 1
    assert len(captions(Hub(root=str(folder), several="lines"))) == 2


def test_a_hub_that_cannot_be_reached_may_be_later() -> None:
    with pytest.raises(RetryableError, match="nobody/nothing"):
        Hub(root="nobody/nothing").splits()


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: object) -> object:
        if name == "datasets":
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", absent)
    assert 'pip install "caption-negatives[hub]"' in complaint(Hub(root="any"))
