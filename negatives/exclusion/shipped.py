"""Makes `tables/one_thing.txt`: pairs of words that sibling captions use for one thing.

    python -m negatives.exclusion.shipped OUT [OUT ...]

Each OUT is a finished build whose corpus has several captions per image. A pair is included if both
words belong to one class of interchangeable words, and it holds whichever fifth of the corpus is
left out. The table is used for corpora with one caption per image, and without a corpus.
"""

import sys
from collections.abc import Iterator, Sequence
from operator import itemgetter

import numpy as np

from data.manifest import FLUENCY, Manifest, read_manifest
from data.storage import AnyPath, path_of
from negatives.exclusion.model import POS, hashes_of, pair_keys
from negatives.fluency.corpus import read_model
from negatives.fluency.counts import NUM_FOLDS
from negatives.guards.tables import name_of_pos
from negatives.words.lexicon import TABLES, FrozenLexicon, load

FILE = TABLES / "one_thing.txt"
_ALL_FOLDS = (1 << NUM_FOLDS) - 1
_HEADER = """\
# Pairs of words that captions of one image use for one thing: neither is false where the other is
# true. Made by python -m negatives.exclusion.shipped from counts of these captions; a pair is a
# fact about words, and no caption is copied.
"""


def table_from(folders: Sequence[AnyPath]) -> str:
    """Return the text of the table made from finished builds.

    Raises:
        UsageError: a folder is not a finished build with a corpus model.
    """
    lexicon = load()
    manifests = [read_manifest(folder) for folder in folders]
    lines = {line for folder in folders for line in _lines_of(folder, lexicon)}
    sources = sorted({f"# {_source_of(manifest)}\n" for manifest in manifests})
    return _HEADER + "".join(sources) + "".join(f"{line}\n" for line in sorted(lines))


def _source_of(manifest: Manifest) -> str:
    source = manifest.source
    captions = manifest.tallies["captions"]["all"]
    return f"{source['name']}: {captions:,} captions, licence {source['licence']}"


def _lines_of(folder: AnyPath, lexicon: FrozenLexicon) -> Iterator[str]:
    exclusion = read_model(folder / FLUENCY).exclusion
    certain = exclusion.keys[exclusion.one_thing == _ALL_FOLDS]
    for pos in POS:
        for words in sorted(set(map(itemgetter(1), lexicon.classes[pos].values()))):
            hashes = hashes_of({pos: words})[pos]
            left, right = np.triu_indices(len(words), 1)
            found = np.isin(pair_keys(pos, hashes[left], hashes[right]), certain)
            for here, there in zip(left[found].tolist(), right[found].tolist(), strict=True):
                yield f"{name_of_pos(pos)}: {words[here]} / {words[there]}"


if __name__ == "__main__":
    FILE.write_text(table_from([path_of(folder) for folder in sys.argv[1:]]), encoding="utf-8")
