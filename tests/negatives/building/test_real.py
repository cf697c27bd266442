"""The build on real captions, where they lie beside the checkout."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from data.manifest import FLUENCY, Manifest, read_all_rows
from data.records import Caption, Row
from data.texts import normalise
from negatives.building import build
from negatives.config import build_config
from negatives.fluency.corpus import CorpusModel, read_model
from negatives.generator import chooser_of, offers_of
from negatives.models import model_name
from negatives.spacy_parse import parse_texts
from negatives.wording import glue, wording_of
from negatives.words import lexicon

DATA = Path(__file__).parents[4] / "shared/data"
LIMIT = 4_000
TYPES = {
    "swap/np",
    "swap/obj",
    "swap/att",
    "swap/act",
    "replace/obj",
    "replace/att",
    "replace/act",
    "replace/rel",
    "count/num",
}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DATA.exists(), reason="no real captions at ../shared/data"),
]


class Built(NamedTuple):
    """A finished build, its rows, and what it learned of the corpus."""

    manifest: Manifest
    rows: list[Row]
    model: CorpusModel


@pytest.fixture(scope="module", params=["coco", "flickr8k"])
def real_build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    source = {"name": request.param, "root": str(DATA / request.param)}
    config = build_config({"data": {"source": source, "limit": LIMIT}})
    out = tmp_path_factory.mktemp("real") / "out"
    manifest = build(config, out=out, workers=2)
    return Built(manifest, list(read_all_rows(out, manifest)), read_model(out / FLUENCY))


def test_nearly_every_caption_has_a_candidate(real_build: Built) -> None:
    captions = real_build.manifest.tallies["captions"]
    assert captions["with_candidate"] >= 0.95 * captions["all"]
    empty = real_build.manifest.tallies["empty_because"]
    assert sum(empty.values()) == captions["all"] - captions["with_negative"]


def test_every_type_is_there_and_none_is_most(real_build: Built) -> None:
    by_type = real_build.manifest.tallies["negatives_by_type"]
    assert {*by_type, "swap/act"} == TYPES  # of 4,000 captions hardly one has two verbs to swap
    assert max(by_type.values()) < 0.7 * sum(by_type.values())


def test_no_negative_repeats_anything(real_build: Built) -> None:
    said: dict[str, set[str]] = {}
    for row in real_build.rows:
        said.setdefault(row.image, set()).add(normalise(row.caption))
    for row in real_build.rows:
        texts = [normalise(negative.text) for negative in row.negatives]
        assert len(set(texts)) == len(texts)
        assert not said[row.image] & set(texts)


def test_form_stays_as_it_was(real_build: Built) -> None:
    """No a/an error that the caption does not have; spacing, case and final mark as they were."""
    for row in real_build.rows:
        for negative in row.negatives:
            assert article_errors(negative.text) <= article_errors(row.caption), negative.text
            assert spacing(negative.text) == spacing(row.caption), negative.text
            assert final_mark(negative.text) == final_mark(row.caption), negative.text
            assert case_of_first(negative.text) == case_of_first(row.caption), negative.text


def article_errors(text: str) -> int:
    words = lexicon.load()
    pairs = re.findall(r"\b(an?)\s+([\w'-]+)", text, re.IGNORECASE)
    return sum((article.lower() == "an") != words.vowel_sound(word) for article, word in pairs)


def spacing(text: str) -> Counter[str]:
    """Count the runs of white space that are not one space, and the spaces before marks."""
    runs = re.findall(r"\s{2,}|[^\S ]|\s+(?=[.,;:!?])|^\s+|\s+$", text)
    return Counter(runs)


def final_mark(text: str) -> str:
    return re.sub(r".*\w", "", text, flags=re.DOTALL)


def case_of_first(text: str) -> bool:
    return next((letter.isupper() for letter in text if letter.isalpha()), False)


def test_a_negative_offers_its_caption_back(real_build: Built) -> None:
    """Of 500 drawn negatives, parsed anew, at least .95 still have the slot with the caption."""
    drawn = list(islice(_every(real_build.rows, step=7), 500))
    chooser = chooser_of(build_config({}).rules, build_config({}).policy, 0)
    places = {producer.name: place for place, producer in enumerate(chooser.producers)}
    texts = [text for _, _, text in drawn]
    parses = parse_texts(texts, model=model_name(), batch_size=256)
    block = [
        (caption._replace(text=text), parse)
        for (caption, _, text), parse in zip(drawn, parses, strict=True)
    ]
    rivals = real_build.model.rivals_of([caption for caption, _, _ in drawn])
    survived: Counter[str] = Counter()
    for (caption, rule, text), (_, parse), (offers, _) in zip(
        drawn, block, offers_of(block, chooser, rivals=rivals), strict=True
    ):
        back = normalise(caption.text)
        wording = wording_of(parse, chooser.lexicon)
        survived[rule] += any(
            (worded := glue(wording, edit)) and normalise(worded.apply(text)) == back
            for slot, _ in offers[places[rule]]
            for edit in slot.alternatives
        )
    assert survived.total() >= 0.95 * len(drawn)


def _every(rows: list[Row], *, step: int) -> Iterator[tuple[Caption, str, str]]:
    pairs = [(row, negative) for row in rows for negative in row.negatives]
    for row, negative in pairs[::step]:
        yield Caption(row.id, row.image, row.caption), negative.rule, negative.text
