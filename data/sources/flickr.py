"""Flickr30k and Flickr8k: the published token files and their copies as csv."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from data.errors import UsageError
from data.records import Caption, Skip
from data.sources.files import choose_splits, contents, excerpt, existing, find_named
from data.sources.licences import LICENCES
from data.sources.listing import SAME_SPLIT
from data.sources.table import Columns, table_captions
from data.sources.table_files import Form, Records, delimited_records, first_line
from data.storage import AnyPath

FILES: Final = {
    "flickr30k": ("results_20130124.token", "results.csv", "captions.txt", "captions.csv"),
    "flickr8k": ("Flickr8k.token.txt", "captions.txt", "captions.csv"),
}


class _Form(NamedTuple):
    """The format of a published file; `header` names the columns if the file does not."""

    table: Form
    image: str
    caption: str
    header: tuple[str, ...] | None = None


_COMMAS = Form(",", quoted=True)
_TOKENS = _Form(Form("\t", quoted=False), "image", "caption", header=("image", "caption"))
_FORMS = {
    "image,caption": _Form(_COMMAS, "image", "caption"),
    "image_name,comment_number,comment": _Form(_COMMAS, "image_name", "comment"),
    "image_name|comment_number|comment": _Form(Form("|", quoted=False), "image_name", "comment"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Flickr30k:
    """Flickr30k: results_20130124.token, results.csv or captions.txt.

    1000092795.jpg#0<tab>Two young guys with shaggy hair look at their hands.
    image_name| comment_number| comment          (results.csv, a line each)

    One split, "train"; for the customary three use `karpathy`.
    """

    root: AnyPath
    split: str = "train"

    @property
    def licence(self) -> str:
        """Return the captions' licence."""
        return LICENCES["flickr30k"]

    def splits(self) -> tuple[str, ...]:
        """Return the only split, after checking that the file exists."""
        _file(self.root, "flickr30k")
        return (self.split,)

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files with a published name that are not read."""
        return _others(self.root, "flickr30k")

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the file."""
        return _captions(_file(self.root, "flickr30k"), split, self.split, source="flickr30k")


@dataclass(frozen=True, kw_only=True, slots=True)
class Flickr8k:
    """Flickr8k: Flickr8k.token.txt or captions.txt.

    1000268201_693b08cb0e.jpg#0<tab>A child in a pink dress climbs the stairs.
    image,caption                                (captions.txt, a line each)

    One split, "train"; for the customary three use `karpathy`.
    """

    root: AnyPath
    split: str = "train"

    @property
    def licence(self) -> str:
        """Return the captions' licence."""
        return LICENCES["flickr8k"]

    def splits(self) -> tuple[str, ...]:
        """Return the only split, after checking that the file exists."""
        _file(self.root, "flickr8k")
        return (self.split,)

    def left_out(self) -> tuple[Skip, ...]:
        """Return the files with a published name that are not read."""
        return _others(self.root, "flickr8k")

    def read(self, split: str) -> Iterator[Caption | Skip]:
        """Yield the captions in the order of the file."""
        return _captions(_file(self.root, "flickr8k"), split, self.split, source="flickr8k")


def _file(root: AnyPath, source: str) -> AnyPath:
    """Return the file of captions.

    Raises:
        UsageError: there is none under one of its published names.
    """
    if existing(root).is_file():
        return root
    names = FILES[source]
    path = find_named(root, names)
    if path is None:
        raise UsageError(f"{root}: expected {' or '.join(names)} in it, found {contents(root)}")
    return path


def _others(root: AnyPath, source: str) -> tuple[Skip, ...]:
    """Return the other files with a published name: the same captions in other formats."""
    if existing(root).is_file():
        return ()
    found = [path for name in FILES[source] if (path := find_named(root, (name,)))]
    return tuple(Skip(SAME_SPLIT, path.name) for path in found[1:])


def _captions(path: AnyPath, split: str, only: str, *, source: str) -> Iterator[Caption | Skip]:
    choose_splits({only: (path,)}, (split,))
    form = _form_of(path)
    columns = Columns((form.caption,), form.image, None)
    return table_captions(partial(_records, path, form), columns, source=source, split=split)


def _records(path: AnyPath, form: _Form) -> Records:
    """Yield the records; `img.jpg#2` becomes the image's name."""
    for record in delimited_records(path, form.table, header=form.header):
        if form is _TOKENS and not isinstance(record, Skip):
            where, cells = record
            image = str(cells["image"]).rpartition("#")[0]
            yield where, {**cells, "image": image}
        else:
            yield record


def _form_of(path: AnyPath) -> _Form:
    """Return the file's format, judged by its first line.

    Raises:
        UsageError: it is not a published format.
    """
    line = first_line(path)
    image, tab, _ = line.partition("\t")
    if tab and "#" in image:
        return _TOKENS
    form = _FORMS.get(line.replace(" ", ""))
    if form is None:
        raise UsageError(
            f"{path}, line 1: expected img.jpg#0<tab>caption, or one of the headers "
            f"{'; '.join(_FORMS)}; found {excerpt(line, 0)}; for another table use the source csv"
        )
    return form
