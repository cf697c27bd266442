"""Positives: which are drawn, as which ids, and that the model sees them as it would alone."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from data.edits import Edit, Replacement
from data.records import Positive, Row
from tests.training.folders import (
    TOKENIZER,
    WORDS,
    by_word,
    finished,
    picture_folder,
    pictures_of,
    row_of,
)
from tests.training.tiny import batch_of, clip_model
from training.batches.batch import NO_TOKEN, collate
from training.batches.dataset import DataOptions, HardNegativeDataset
from training.batches.rows import RowPlace
from training.batches.tokens import with_positive

NONE = "a picture of 3 dogs"


def positive(text: str, type_: str = "rewrite") -> Positive:
    return Positive(text, type_, "np", "rule", "rule", Edit((Replacement(0, 0, text),)), None, 0)


def row(number: int, image: str, *positives: Positive) -> Row:
    return row_of(number, image=image)._replace(positives=positives)


ROWS = [
    row(
        0,
        "a.jpg",
        positive("one more of 0 dogs"),
        positive("dogs 0 there", "reorder"),
        positive("0 dogs"),
    ),
    row(1, "a.jpg", positive("a picture of 1 dogs")),  # which is the caption: cannot be used
    row(2, "a.jpg"),
    row(3, "b.jpg"),
    row(4, "c.jpg", positive("of 4 dogs"), positive("a sibling", "sibling")),
    row(5, "c.jpg"),
    row(6, "d.jpg")._replace(images=("d.jpg", "e.jpg"), layout="left-right"),
]  # fmt: skip
CAPTIONS = [each.caption for each in ROWS]
OWN = [["one more of 0 dogs", "dogs 0 there", "0 dogs"], [], [], [], ["of 4 dogs"], [], []]
SIBLINGS = [CAPTIONS[1:3], [CAPTIONS[0], CAPTIONS[2]], CAPTIONS[:2], [], ["a sibling"],
            [CAPTIONS[4]], []]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("positives")
    finished(root / "out", {"train": ROWS})
    shown = [r._replace(images=(image,)) for r in ROWS for image in r.images]
    picture_folder(root / "images", pictures_of(shown))
    return root


def samples(root: Path, *, targets: bool = False, **draw: int) -> HardNegativeDataset:
    options = DataOptions(size=8, draw={"any": 3} | draw)
    return HardNegativeDataset(
        root / "out", root / "images", tokenizer=TOKENIZER, options=options,
        target_tokenizer=replace(TOKENIZER, name="another") if targets else None,
    )  # fmt: skip


@pytest.mark.parametrize("siblings", [False, True])
def test_a_rows_positives_are_its_own_and_with_siblings_the_images_other_captions(
    root: Path, *, siblings: bool
) -> None:
    tokens = samples(root).tokens
    for number in range(len(ROWS)):
        texts = OWN[number] + (SIBLINGS[number] if siblings else [])
        found = tokens.positives_of(RowPlace(0, number), siblings=siblings)
        ids = [tokens.positive(0, place).tolist() for place in found]
        assert ids == by_word(texts), number
    has = [bool(OWN[n] or (siblings and SIBLINGS[n])) for n in range(len(ROWS))]
    assert with_positive(tokens, siblings=siblings).tolist() == has


def test_positives_are_drawn_by_seed_epoch_and_row_and_never_twice(root: Path) -> None:
    data, without = samples(root, positives=2, siblings=True), samples(root)
    assert without[0].positives == ()
    assert [n.tolist() for n in data[0].negatives if n is not None] == [
        n.tolist() for n in without[0].negatives if n is not None
    ]  # negatives stay what they were
    drawn = Counter[tuple[int, ...]]()
    for epoch in range(40):
        chosen = [ids for ids in data.at_epoch(epoch)[0].positives if ids is not None]
        assert [x.tolist() for x in chosen] == [
            x.tolist() for x in data.at_epoch(epoch)[0].positives if x is not None
        ]
        assert len({tuple(ids.tolist()) for ids in chosen}) == 2
        drawn.update(tuple(ids.tolist()) for ids in chosen)
    assert set(drawn) == set(map(tuple, by_word(OWN[0] + SIBLINGS[0])))
    assert data[3].positives == (None, None)
    only = data[5].positives
    assert only[0] is not None
    assert only[0].tolist() == by_word([CAPTIONS[4]])[0]
    assert only[1] is None


def test_a_reordered_positive_comes_first_where_there_is_one(root: Path) -> None:
    data = samples(root, positives=2, reordered=True, siblings=True)
    first = [data.at_epoch(epoch)[0].positives[0] for epoch in range(20)]
    (own,) = by_word(["dogs 0 there"])
    assert all(ids is not None and ids.tolist() == own for ids in first)
    others = {tuple(ids.tolist()) for e in range(20)
              if (ids := data.at_epoch(e)[0].positives[1]) is not None}  # fmt: skip
    assert len(others) > 1
    plain = samples(root, positives=2, siblings=True)
    assert data[4].positives[0] is not None
    assert [str(ids) for ids in data[4].positives] == [str(ids) for ids in plain[4].positives]


def test_a_decoder_is_to_write_the_positives_that_are_drawn(root: Path) -> None:
    data = samples(root, targets=True, positives=2, siblings=True)
    for number in range(len(ROWS)):
        sample = data[number]
        assert [str(ids) for ids in sample.targets] == [str(ids) for ids in sample.positives]
    batch = collate([data[number] for number in (3, 4, 0)])
    assert batch.targets is not None
    assert batch.targets.caption_N.tolist() == [1, 1, 2, 2]
    assert batch.positives is not None
    written = batch.targets.token_NL.clamp_min(0)
    assert torch.equal(written, batch.positives.token_NL)
    assert (batch.targets.token_NL == NO_TOKEN).any()
    assert batch.to("meta").targets.token_NL.device.type == "meta"
    assert samples(root, positives=2)[0].targets == ()


UNITS = [
    row_of(0, types=["replace"] * 3, image="a.jpg")._replace(
        positives=tuple(positive(f"{word} dogs") for word in WORDS[:4])
    ),
    row_of(1, types=["replace"] * 3, image="b.jpg")._replace(
        # the second is the caption: neither it nor its foil may stand beside another one
        positives=(positive("red 1"), positive("a picture of 1 dogs"), positive("green 1"))
    ),
    row_of(2, types=["replace"], image="c.jpg"),
]


def test_pairs_keep_each_positive_beside_the_negative_of_its_place(tmp_path: Path) -> None:
    finished(tmp_path / "out", {"train": UNITS})
    picture_folder(tmp_path / "images", pictures_of(UNITS))
    options = DataOptions(size=8, draw={"pairs": 2})
    data = HardNegativeDataset(
        tmp_path / "out", tmp_path / "images", tokenizer=TOKENIZER, options=options
    )
    places = [
        dict(zip(*(map(tuple, by_word([e.text for e in edited])) for edited in both), strict=False))
        for both in ((each.negatives, each.positives) for each in UNITS)
    ]
    seen = set()
    for epoch in range(12):
        batch = collate([data.at_epoch(epoch)[number] for number in range(3)])
        assert batch.positives is not None
        assert batch.num_negatives == batch.positives.num_places == 2
        negatives = dict(zip(batch.place_N.tolist(), batch.negative_NL.tolist(), strict=True))
        true = batch.positives
        positives = dict(zip(true.place_N.tolist(), true.token_NL.tolist(), strict=True))
        assert set(positives) <= set(negatives)
        assert not {4, 5} & set(negatives)
        for place, unit in positives.items():
            foil = tuple(id_ for id_ in negatives[place] if id_)
            assert places[place // 2][foil] == tuple(id_ for id_ in unit if id_)
            seen.add(foil)
    assert len(seen) == 5  # all but the one whose unit is the caption


def test_a_file_of_ids_without_positives_is_made_anew(root: Path, tmp_path: Path) -> None:
    def files(form: int | None) -> list[bytes]:
        options = DataOptions(size=8, draw={"any": 3}, cache=tmp_path)
        data = HardNegativeDataset(
            root / "out", root / "images", tokenizer=TOKENIZER, options=options
        )
        (path,) = data.tokens.files
        before = path.read_bytes()
        if form is not None:
            path.write_bytes(before.replace(b'"form": 2', b'"form": %d' % form))
        return [before]

    first = files(form=1)
    assert files(form=None) == first


def test_a_batch_holds_positives_by_place(root: Path) -> None:
    data = samples(root, positives=2, siblings=True)
    batch = collate([data[number] for number in (0, 3, 5)])
    assert batch.positives is not None
    assert batch.positives.place_N.tolist() == [0, 1, 4]
    assert batch.positives.num_places == 2
    assert batch.positives.lengths == tuple(
        len(ids) for n in (0, 5) for ids in data[n].positives if ids is not None
    )
    assert collate([samples(root)[0]]).positives is None
    moved = batch.to("meta").positives
    assert moved is not None
    assert moved.token_NL.device.type == "meta"


def test_the_model_sees_a_positive_as_it_would_alone() -> None:
    for model in (clip_model(), clip_model(custom=True, pool_type="last")):
        batch = batch_of(model, [3, 0, 1], positives=[2, 0, 1])
        features, bare = model(batch), model(batch_of(model, [3, 0, 1]))
        assert torch.allclose(features.text_TD, bare.text_TD, atol=1e-10)
        assert batch.positives is not None
        texts = zip(batch.positives.token_NL.tolist(), batch.positives.lengths, strict=True)
        alone_ND = model.encode_texts([ids[:length] for ids, length in texts])
        positive_BQD, there_BQ = features.positives
        assert there_BQ.tolist() == [[True, True], [False, False], [True, False]]
        assert torch.allclose(positive_BQD[there_BQ], alone_ND, atol=1e-10)
        assert not positive_BQD[~there_BQ].any()
