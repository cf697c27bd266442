"""Files of parses between the passes of a build: a block of captions with their parses.

A token's (pos, tag, dep) is an index into a list stored in the file; token texts are cut from the
caption. A parse takes about 0.3 kB.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path

from data.columns import read_columns, write_columns
from data.edits import text_at
from data.records import Caption
from data.storage import AnyPath
from negatives.parse import Chunk, Parse, Token


def write_parses(path: Path, captions: Sequence[Caption], parses: Sequence[Parse]) -> None:
    """Write captions and their parses, in order."""
    kinds: dict[tuple[str, str, str], int] = {}
    kind_lists = [
        [kinds.setdefault(token[3:6], len(kinds)) for token in parse.tokens] for parse in parses
    ]
    write_columns(
        path,
        strings={
            "id": [caption.id for caption in captions],
            "image": [caption.image for caption in captions],
            "text": [caption.text for caption in captions],
        },
        ragged={
            "start": [[token.start for token in parse.tokens] for parse in parses],
            "end": [[token.end for token in parse.tokens] for parse in parses],
            "kind": kind_lists,
            "head": [[token.head for token in parse.tokens] for parse in parses],
            "chunk": [list(chain.from_iterable(parse.chunks)) for parse in parses],
        },
        note=json.dumps(list(kinds)),
    )


def read_parses(path: AnyPath) -> Iterator[tuple[Caption, Parse]]:
    """Yield the captions of a file with their parses, in order."""
    strings, ragged, note = read_columns(path)
    kinds = [tuple(kind) for kind in json.loads(note)]
    for *caption, starts, ends, kind_list, heads, chunk in zip(
        strings["id"],
        strings["image"],
        strings["text"],
        ragged["start"],
        ragged["end"],
        ragged["kind"],
        ragged["head"],
        ragged["chunk"],
        strict=True,
    ):
        text = caption[2]
        tokens = tuple(
            Token(start, end, word, pos, tag, dep, head)
            for start, end, word, (pos, tag, dep), head in zip(
                starts,
                ends,
                map(text_at, repeat(text), starts, ends),
                map(kinds.__getitem__, kind_list),
                heads,
                strict=True,
            )
        )
        bounds = iter(chunk)
        chunks = tuple(map(Chunk, bounds, bounds, bounds))
        yield Caption(*caption), Parse(text, tokens, chunks)
