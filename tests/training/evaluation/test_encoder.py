import copy
import io
import json
import multiprocessing
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from torch import distributed

from data.errors import UsageError
from data.images import Store
from tests.training.folders import jpeg
from tests.training.runs import MODEL, model_folder
from training.evaluation.encoder import Encoder, Encoding
from training.evaluation.encodings import Encodings
from training.evaluation.tasks import ImageRef
from training.model.loading import load_model
from training.run.ranks import rank

SIZES = ((40, 30), (30, 40), (9, 9), (64, 16), (17, 90))
FILES = {f"{n}.jpg": jpeg(n, size=size) for n, size in enumerate(SIZES)}
BROKEN = {"cut.jpg": FILES["0.jpg"][:200], "text.jpg": b"no image"}
TEXTS = ("a dog", "two cats and a very large red bus in the snow", "", "a dog and a cat", "trees")
IMAGES = tuple(map(ImageRef, FILES))


class Files:
    """A store in memory that knows what was read."""

    def __init__(self, files: Mapping[str, bytes] = FILES) -> None:
        self.files = files
        self.keys: list[str] = []

    def absent(self, keys: Iterable[str]) -> set[str]:
        return set(keys) - set(self.files)

    def read(self, key: str) -> bytes:
        self.keys.append(key)
        if key not in self.files:
            raise UsageError(f"{key}: cannot be read")
        return self.files[key]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("model")
    model_folder(folder / "model")
    return folder


def encoder_of(root: Path, cache: Path, model: str = "model", **options: Any) -> Encoder:  # noqa: ANN401
    name = f"local-dir:{root / model}"
    chosen = {"batch_size": 2, "workers": 0} | options
    encoding = Encoding(device=torch.device("cpu"), cache=cache, **chosen)
    return Encoder(load_model(name), name=name, encoding=encoding)


def encoded(encoder: Encoder, store: Store | None = None) -> Encodings:
    return encoder.encodings(IMAGES, TEXTS, store or Files())


@pytest.mark.parametrize("options", [{}, {"workers": 2}, {"batch_size": 64}])
def test_all_is_encoded_as_open_clip_encodes_each_alone(
    root: Path, tmp_path: Path, options: dict[str, int]
) -> None:
    found = encoded(encoder_of(root, tmp_path, **options))
    name = f"local-dir:{root / 'model'}"
    clip, _, transform = open_clip.create_model_and_transforms(name)
    clip.eval()
    tokenize = open_clip.get_tokenizer(name)
    with torch.no_grad():
        for key, content in FILES.items():
            pixels = transform(Image.open(io.BytesIO(content)))[None]
            alone = clip.encode_image(pixels, normalize=True)[0].numpy()
            assert_allclose(found.image_ID[found.images[ImageRef(key)]], alone, atol=1e-6)
        for text in TEXTS:
            alone = clip.encode_text(tokenize([text]), normalize=True)[0].numpy()
            assert_allclose(found.text_TD[found.texts[text]], alone, atol=1e-6)
    assert found.image_ID.dtype == found.text_TD.dtype == np.float32
    assert (found.image_ID.shape, found.text_TD.shape) == ((5, 16), (5, 16))
    assert found.scale == pytest.approx(clip.logit_scale.detach().exp().item())


def calls_of(encoder: Encoder) -> list[str]:
    """Return a list that grows with every call of a tower."""
    calls: list[str] = []
    clip = encoder._model.clip
    clip.visual.register_forward_hook(lambda *_: calls.append("image"))
    clip.transformer.register_forward_hook(lambda *_: calls.append("text"))
    return calls


def test_what_is_kept_is_neither_decoded_nor_encoded_again(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = encoder_of(root, tmp_path)
    calls = calls_of(first)
    before = encoded(first)
    assert calls.count("image") == 3
    second = encoder_of(root, tmp_path)
    calls = calls_of(second)
    with monkeypatch.context() as patch:
        patch.setattr(Image, "open", lambda _file: pytest.fail("an image was decoded"))
        after = encoded(second)
    assert calls == []
    assert_array_equal(before.image_ID, after.image_ID)
    assert_array_equal(before.text_TD, after.text_TD)
    more = second.encodings([*IMAGES, ImageRef("new.jpg")], [*TEXTS, "a bird"],
                            Files(FILES | {"new.jpg": jpeg(77)}))  # fmt: skip
    assert calls == ["image", "text"]
    assert_array_equal(more.image_ID[:5], before.image_ID)


def test_equal_files_and_texts_are_one(root: Path, tmp_path: Path) -> None:
    encoder = encoder_of(root, tmp_path)
    calls = calls_of(encoder)
    store = Files({"a.jpg": FILES["0.jpg"]})
    found = encoder.encodings([ImageRef("a.jpg")] * 5, ["x"] * 5, store)
    assert store.keys == ["a.jpg"]
    assert calls == ["image", "text"]
    assert (len(found.image_ID), len(found.text_TD)) == (1, 1)
    again = encoder_of(root, tmp_path)
    calls = calls_of(again)
    again.encodings([ImageRef("b.jpg")], ["x"], Files({"b.jpg": FILES["0.jpg"]}))
    assert calls == []  # the content counts, not the name


def test_texts_that_the_model_reads_alike_are_even_to_the_last_bit(
    root: Path, tmp_path: Path
) -> None:
    long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    texts = ("A dog.", "a DOG.", *("a bird" + " x" * n for n in range(7)), f"{long} A", f"{long} B")
    found = encoder_of(root, tmp_path).encodings([], texts, Files())
    rows = {text: found.text_TD[found.texts[text]] for text in texts}
    assert_array_equal(rows["A dog."], rows["a DOG."])
    assert_array_equal(rows[f"{long} A"], rows[f"{long} B"])  # the difference is cut off
    assert (rows["a bird"] != rows["a bird x"]).any()


def test_a_box_is_a_crop(root: Path, tmp_path: Path) -> None:
    box = (5, 3, 25, 20)
    whole, part = ImageRef("0.jpg"), ImageRef("0.jpg", box)
    buffer = io.BytesIO()
    Image.open(io.BytesIO(FILES["0.jpg"])).crop(box).save(buffer, "PNG")
    store = Files(FILES | {"cropped.png": buffer.getvalue()})
    found = encoder_of(root, tmp_path).encodings(
        [whole, part, ImageRef("cropped.png")], ["x"], store
    )
    rows = [found.image_ID[found.images[p]] for p in (whole, part, ImageRef("cropped.png"))]
    assert_allclose(rows[1], rows[2], atol=1e-6)
    assert np.abs(rows[0] - rows[1]).max() > 1e-3


@pytest.mark.parametrize("workers", [0, 2])
def test_missing_and_broken_images_are_told_apart(root: Path, tmp_path: Path, workers: int) -> None:
    images = [ImageRef("gone.jpg"), *map(ImageRef, BROKEN), *IMAGES]
    for _ in range(2):  # the second time all others are known
        encoder = encoder_of(root, tmp_path, workers=workers)
        found = encoder.encodings(images, TEXTS, Files(FILES | BROKEN))
        assert found.broken == ("cut.jpg", "text.jpg")
        assert set(found.images) == set(IMAGES)
        assert len(found.image_ID) == 5


def test_no_image_at_all(root: Path, tmp_path: Path) -> None:
    found = encoder_of(root, tmp_path).encodings([ImageRef("gone.jpg")], TEXTS, Files())
    assert found.image_ID.shape == (0, 16)
    assert found.images == {}


class Locked(Files):
    """A store in which a file is there and cannot be read."""

    def absent(self, keys: Iterable[str]) -> set[str]:
        del keys
        return set()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_file_that_cannot_be_read_is_one_line(root: Path, tmp_path: Path, workers: int) -> None:
    encoder = encoder_of(root, tmp_path, workers=workers)
    with pytest.raises(UsageError) as raised:
        encoder.encodings([ImageRef("locked.jpg")], TEXTS, Locked())
    assert str(raised.value) == "locked.jpg: cannot be read"


def test_progress_ends_where_it_should(root: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    encoder_of(root, tmp_path).encodings(
        IMAGES, TEXTS, Files(), report=lambda *event: told.append(event)
    )
    for what, total in (("images", 5), ("texts", 5)):
        assert sum(done for name, done, _ in told if name == what) == total
        assert {total for name, _, total in told if name == what} == {total}


def test_all_that_shapes_a_feature_is_in_its_digest(root: Path, tmp_path: Path) -> None:
    others: dict[str, dict[str, Any]] = {name: copy.deepcopy(MODEL) for name in ("heads", "quick")}
    others["heads"]["vision_cfg"]["head_width"] = 16  # no weight is of another shape
    others["quick"]["quick_gelu"] = True
    for name, config in others.items():
        if not (root / name).exists():
            model_folder(root / name, config)
    if not (root / "seen").exists():
        model_folder(root / "seen")
        path = root / "seen/open_clip_config.json"
        seen = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
        path.write_text(json.dumps(json.loads(path.read_text()) | {"preprocess_cfg": seen}))
    digests = [
        encoder_of(root, tmp_path, name).digest for name in ("model", "heads", "quick", "seen")
    ]
    digests.append(encoder_of(root, tmp_path, precision=torch.bfloat16).digest)
    changed = encoder_of(root, tmp_path)
    with torch.no_grad():
        changed._model.clip.logit_scale += 1e-3
    digests.append(changed.digest)
    assert len(set(digests)) == len(digests)
    same = encoder_of(root, tmp_path / "elsewhere", batch_size=7, workers=1)
    assert same.digest == digests[0]


def test_a_lower_precision_is_near(root: Path, tmp_path: Path) -> None:
    whole = encoded(encoder_of(root, tmp_path))
    lower = encoded(encoder_of(root, tmp_path, precision=torch.bfloat16))
    assert 0 < np.abs(whole.image_ID - lower.image_ID).max() < 0.05
    assert lower.text_TD.dtype == np.float32


def run_rank(root: Path, out: Path, number: int) -> None:
    """Write what one of two processes finds with a common cache, and what without."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group(
        "gloo", init_method=f"file://{out}/meet", rank=number, world_size=2
    )
    assert rank() == number
    store, told = Files(FILES | BROKEN), []
    encoder = encoder_of(root, out / "common")
    calls = calls_of(encoder)
    found = encoder.encodings(
        [*map(ImageRef, BROKEN), *IMAGES], TEXTS, store, report=lambda *event: told.append(event)
    )
    try:
        encoded(encoder_of(root, out / f"own-{number}"))
        problem = ""
    except UsageError as error:
        problem = str(error)
    content = {
        "image_ID": torch.from_numpy(found.image_ID), "keys": [p.key for p in found.images],
        "text_TD": torch.from_numpy(found.text_TD), "texts": list(found.texts),
        "broken": list(found.broken), "read": store.keys, "calls": calls, "problem": problem,
    }  # fmt: skip
    torch.save(content, out / f"found-{number}.pt")
    distributed.destroy_process_group()


def test_two_ranks_find_what_one_finds(root: Path, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.training.evaluation.test_encoder"])
    ranks = [context.Process(target=run_rank, args=(root, tmp_path, n)) for n in range(2)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(120)
    assert [process.exitcode for process in ranks] == [0, 0]
    one, other = (torch.load(tmp_path / f"found-{n}.pt", weights_only=True) for n in range(2))
    for name in ("keys", "texts", "broken"):
        assert one[name] == other[name]
    assert torch.equal(one["image_ID"], other["image_ID"])
    assert torch.equal(one["text_TD"], other["text_TD"])
    alone = encoded(encoder_of(root, tmp_path / "alone"))
    assert one["keys"] == [image.key for image in alone.images]
    assert_allclose(one["image_ID"].numpy(), alone.image_ID, atol=1e-6)
    assert_allclose(one["text_TD"].numpy(), alone.text_TD, atol=1e-6)
    assert one["broken"] == list(BROKEN)
    assert sorted(one["read"] + other["read"]) == sorted(FILES | BROKEN)  # each has its share
    assert min(len(one["read"]), len(other["read"])) == 3
    assert {*one["calls"]} == {*other["calls"]} == {"image", "text"}
    assert one["problem"] == other["problem"]
    assert "name a shared one with --cache" in one["problem"]
