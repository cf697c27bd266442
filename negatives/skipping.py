"""Messages about skipped rows, unread files and doubtful captions of a build, with advice.

Reasons come from the sources (`data/sources/raw_captions.py`, `listing.py`) and of `blocks.py`.
"""

import json
from collections.abc import Mapping
from typing import Final

from data.commit import Json
from data.manifest import Manifest
from data.records import Caption
from data.sources.caption_cells import LINES, LIST, doubt
from data.sources.raw_captions import MISSING, NO_ID, NO_IMAGE, NOT_A_ROW, NOT_TEXT
from data.storage import AnyPath

RUN_FILE: Final = "run.json"
FIRST: Final = "first_of_each_reason"
NOT_ENGLISH: Final = "not English"
HELD_OUT: Final = "held out"
NO_WORDS: Final = "no words"
REPEATED: Final = "caption repeats another of its image"

_MANY_REPEATED: Final = 0.01  # of all captions; COCO has some duplicates

_TITLES: Final = {
    "skipped": "skipped",
    "files_left_out": "files left out",
    "doubtful": "kept, but doubtful",
}
_OTHER_COLUMNS: Final = (
    ("caption_columns", "--set data.source.caption_columns=[NAME] chooses other columns"),
    ("json_keys", "--set data.source.json_keys=[NAME] chooses other keys"),
)
_ADVICE: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    # by reason: advice, and the option that a source must have for it
    NOT_ENGLISH: (("", "--language any keeps them"),),
    NO_WORDS: (("", "--language any keeps them"),),
    HELD_OUT: (("", "negatives audit --held-out NAME=ROOT checks truth with them"),),
    MISSING: _OTHER_COLUMNS,
    NOT_TEXT: _OTHER_COLUMNS,
    NO_IMAGE: (("id_column", "--set data.source.image_column=null makes each row an image"),),
    NO_ID: (("id_column", "--set data.source.id_column=null makes ids"),),
    NOT_A_ROW: (("quoted", "quote fields that contain the delimiter"),),
    LINES: (
        (
            "several",
            "if each line is a caption: --set data.source.several=lines, and another --out",
        ),
    ),
    LIST: (("several", "a list must be complete, in JSON's or Python's notation"),),
    REPEATED: (("", "check for a duplicated file"),),
}

Tallied = Mapping[str, Mapping[str, int]]


class Doubts:
    """Finds what is doubtful about captions, one after another."""

    def __init__(self, several: object) -> None:
        """Take the source's option `several`, None if it has none."""
        self._asks = several != "never"
        self._image = ""
        self._texts: set[str] = set()

    def of(self, caption: Caption) -> str | None:
        """Return LINES, LIST or REPEATED, or None."""
        if caption.image != self._image:
            self._image = caption.image
            self._texts = set()
        is_repeated = caption.image != "" and caption.text in self._texts
        self._texts.add(caption.text)
        if is_repeated:
            return REPEATED
        return doubt(caption.text) if self._asks else None


def nothing_usable(tallies: Tallied, first: Mapping[str, str], source: Json) -> str:
    """Return the message of a build without captions, with every reason."""
    reasons = "; ".join(_lines(tallies, first, source))
    return f"no caption of the source could be used; {reasons or 'it has none'}"


def lines_of(manifest: Manifest, folder: AnyPath) -> list[str]:
    """Return one line on what a build skipped and one on files it left out, if any."""
    counts = {name: counts for name, counts in manifest.tallies.items() if name != "doubtful"}
    return _lines(counts, first_of_each(folder), source_in(manifest.config))


def doubts_of(manifest: Manifest, folder: AnyPath) -> list[str]:
    """Return one line on a build's doubtful captions, [] if there are none."""
    counts = dict(manifest.tallies.get("doubtful", {}))
    if counts.get(REPEATED, 0) < _MANY_REPEATED * manifest.tallies["captions"]["all"]:
        counts.pop(REPEATED, None)
    return _lines({"doubtful": counts}, first_of_each(folder), source_in(manifest.config))


def first_of_each(folder: AnyPath) -> dict[str, str]:
    """Return the first place of each reason in the build of a folder; {} if unknown."""
    try:
        found = json.loads((folder / RUN_FILE).read_text(encoding="utf-8")).get(FIRST)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def source_in(config: Json) -> Json:
    """Return the options of a build's source in its configuration."""
    section = config.get("data")
    source = section.get("source") if isinstance(section, dict) else None
    return source if isinstance(source, dict) else {}


def _lines(tallies: Tallied, first: Mapping[str, str], source: Json) -> list[str]:
    lines = []
    for field, title in _TITLES.items():
        shown = [
            f"{reason} ({_notes(reason, count, first, source)})"
            for reason, count in tallies.get(field, {}).items()
        ]
        if shown:
            lines.append(f"{title}: {', '.join(shown)}")
    return lines


def _notes(reason: str, count: int, first: Mapping[str, str], source: Json) -> str:
    where = [f"first: {first[reason]}"] if reason in first else []
    return "; ".join([f"{count:,}", *where, *advice_on(reason, source)])


def advice_on(reason: str, source: Json) -> list[str]:
    """Return the advice on a reason for a source with these options."""
    known = _ADVICE.get(reason, ())
    return [advice for option, advice in known if not option or option in source]
