"""The compiled tables against WordNet itself, read by NLTK; skipped where WordNet is absent."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from negatives.words.lexicon import TABLES, load

WORDNET = Path("/usr/share/wordnet")  # where Debian's wordnet-base puts it
# Skipped one by one, not as a module: `pytest -m slow` fails where it collects no test at all.
pytestmark = pytest.mark.skipif(
    not (WORDNET / "index.sense").exists(), reason=f"WordNet 3.0 is not in {WORDNET}"
)
pytest.importorskip("nltk", reason="needs the extra `lexicon`")

from nltk.corpus.reader.wordnet import Lemma, Synset, WordNetCorpusReader  # noqa: E402

from negatives.words.wordnet import open_wordnet  # noqa: E402

LETTER = {"NOUN": "n", "VERB": "v", "ADJ": "a", "ADV": "r"}


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WordNetCorpusReader]:
    reader = open_wordnet(WORDNET, tmp_path_factory.mktemp("nltk"))
    yield reader
    for file in (*reader._data_file_map.values(), reader._key_count_file):
        file.close()


def cousins(synset: Synset) -> Iterator[Lemma]:
    """Give what FSC-CLIP's recipe describes, in NLTK's terms."""
    for parent in synset.hypernyms():
        for grandparent in parent.hypernyms():
            for uncle in grandparent.hyponyms():
                for cousin in uncle.hyponyms():
                    if cousin != synset:
                        yield from cousin.lemmas()


def adjective_cousins(synset: Synset) -> Iterator[Lemma]:
    related = (r for lemma in synset.lemmas() for r in lemma.derivationally_related_forms())
    for noun in {r.synset() for r in related if r.synset().pos() == "n"}:
        for lemma in cousins(noun):
            for other in lemma.derivationally_related_forms():
                if other.synset().pos() in {"a", "s"} and other.synset() != synset:
                    yield other


def replacements(wordnet: WordNetCorpusReader, form: str, pos: str) -> dict[str, int]:
    synsets = wordnet.synsets(form, LETTER[pos])
    own = {lemma.name() for synset in synsets for lemma in synset.lemmas()}
    weights: Counter[str] = Counter()
    for synset in synsets:
        found = [a for lemma in synset.lemmas() for a in lemma.antonyms()]
        found += adjective_cousins(synset) if pos == "ADJ" else cousins(synset)
        for lemma in found:
            if lemma.name() not in own:
                weights[lemma.name().replace("_", " ")] += max(lemma.count(), 1)
    return weights


@pytest.mark.parametrize(
    ("pos", "forms"),
    [
        ("NOUN", "dog geese frisbee it trunk shelves batter Men"),
        ("VERB", "riding stood surfing lies"),
        ("ADJ", "red larger open wooden young"),
        ("ADV", "quickly slowly indoors"),
    ],
)
def test_neighbours_are_those_of_the_recipe(
    wordnet: WordNetCorpusReader, pos: str, forms: str
) -> None:
    for form in forms.split():
        assert dict(load().neighbours(form, pos)) == replacements(wordnet, form, pos), form


def test_the_zip_holds_the_senses_in_order(wordnet: WordNetCorpusReader) -> None:
    senses = load().senses
    for lemma in ("dog", "bank", "fire hydrant"):
        found = [
            (name.replace("_", " "), count)
            for synset in wordnet.synsets(lemma.replace(" ", "_"), "n")
            for name, count in ((m.name(), m.count()) for m in synset.lemmas())
            if name.lower().replace("_", " ") == lemma
        ]
        assert senses.uses(lemma, "NOUN") == found


def test_the_notice_is_shipped() -> None:
    assert "Princeton University" in (TABLES / "LICENSE.wordnet").read_text()
    assert "Carnegie Mellon" in (TABLES / "LICENSE.cmudict").read_text()


@pytest.mark.slow
def test_compiling_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("irregular.txt", "anchors.txt"):
        (tmp_path / name).write_bytes((TABLES / name).read_bytes())
    command = [sys.executable, "-m", "negatives.words.wordnet", "--wordnet", str(WORDNET)]
    subprocess.run([*command, "--tables", str(tmp_path)], check=True, timeout=280)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (TABLES / path.name).read_bytes(), path.name
