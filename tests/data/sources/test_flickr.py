from pathlib import Path

import pytest

from data.sources import source_class
from data.sources.flickr import Flickr8k, Flickr30k
from tests.data.sources.reading import captions, complaint, everything, skips

FORMS = {
    "token": (
        "Flickr8k.token.txt",
        ['a.jpg#0\tA dog , "red" .', "a.jpg#1\tTwo dogs", "b.jpg.1#0\tC"],
    ),
    "kaggle": (
        "captions.txt",
        ["image,caption", 'a.jpg,"A dog , ""red"" ."', "a.jpg,Two dogs", "b.jpg.1,C"],
    ),
    "pipes": (
        "results.csv",
        [
            "image_name| comment_number| comment",
            'a.jpg| 0| A dog , "red" .',
            "a.jpg| 1| Two dogs",
            "b.jpg.1| 0| C",
        ],
    ),
    "numbered": (
        "captions.txt",
        [
            "image_name,comment_number,comment",
            'a.jpg,0," A dog , ""red"" ."',
            "a.jpg,1,Two dogs",
            "b.jpg.1,0,C",
        ],
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["flickr8k", "flickr30k"])
def test_published_forms(tmp_path: Path, name: str, form: str) -> None:
    file_name, lines = FORMS[form]
    file = tmp_path / file_name
    file.write_text("\n".join(lines))
    assert [tuple(caption) for caption in captions(source_class(name)(root=file))] == [
        (f"{name}:a.jpg:0", "a.jpg", 'A dog , "red" .'),
        (f"{name}:a.jpg:1", "a.jpg", "Two dogs"),
        (f"{name}:b.jpg.1:0", "b.jpg.1", "C"),
    ]


def test_files_are_found_by_their_published_names(tmp_path: Path) -> None:
    (tmp_path / "results_20130124.token").write_text("a.jpg#0\tA dog\n")
    assert len(captions(Flickr30k(root=tmp_path))) == 1
    message = complaint(Flickr8k(root=tmp_path))
    assert "expected Flickr8k.token.txt or captions.txt" in message
    assert message.endswith("found results_20130124.token")


def test_the_row_without_its_delimiter(tmp_path: Path) -> None:
    """One row of the published results.csv lacks the second bar."""
    file = tmp_path / "results.csv"
    file.write_text(
        "image_name| comment_number| comment\n2.jpg| 3| A dog\n2.jpg| 4   A dog runs .\n"
    )
    assert skips(Flickr30k(root=file)) == [
        ("row does not fit the columns", "results.csv, line 3"),
    ]
    assert len(everything(Flickr30k(root=file))) == 2


@pytest.mark.parametrize("content", ["", "picture;text\n", "a.jpg\tA dog\n", "{}"])
def test_other_forms_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "captions.txt").write_text(content)
    assert "line 1: expected img.jpg#0<tab>caption" in complaint(Flickr8k(root=tmp_path))


def test_the_split_has_the_name_given(tmp_path: Path) -> None:
    (tmp_path / "captions.txt").write_text("image,caption\na,b\n")
    source = Flickr8k(root=tmp_path, split="test")
    assert source.splits() == ("test",)
    assert len(captions(source)) == 1
