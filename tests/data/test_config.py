from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from data.config import (
    Positive,
    base_name,
    differences,
    fingerprint,
    parse_options,
    plain,
    read_yaml,
    with_setting,
)
from data.errors import UsageError
from data.storage import AnyPath, path_of


@dataclass(frozen=True, kw_only=True)
class Options:
    root: AnyPath
    own: AnyPath | None = None
    size: Positive = 3
    mode: Literal["a", "b"] = "a"
    names: tuple[str, ...] = ()
    extra: dict[str, float] = field(default_factory=dict)


def test_options_become_a_dataclass_of_the_right_types() -> None:
    options = parse_options(Options, {"root": "x", "names": ["y"], "size": 4}, where="data")
    assert options == Options(root=Path("x"), names=("y",), size=4)


def test_a_path_may_be_a_url() -> None:
    options = parse_options(
        Options, {"root": "s3://bucket/x", "own": "gs://bucket/y"}, where="data"
    )
    assert (options.root, options.own) == (path_of("s3://bucket/x"), path_of("gs://bucket/y"))
    assert parse_options(Options, plain(options), where="data") == options
    assert parse_options(Options, {"root": Path("x"), "own": None}, where="data").own is None


@dataclass(frozen=True, kw_only=True)
class Local:
    out: Path
    cache: Path | None = None


def test_a_path_of_this_machine_is_no_url() -> None:
    options = parse_options(Local, {"out": "x", "cache": "file:///y"}, where="run")
    assert options == Local(out=Path("x"), cache=Path("/y"))
    for name in ("out", "cache"):
        expected = f"run.{name}: expected a path on this machine, found 's3://bucket/y'"
        with pytest.raises(UsageError, match=expected):
            parse_options(Local, {"out": "x", name: "s3://bucket/y"}, where="run")


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("s3://bucket/some/coco", "coco"),
        (path_of("s3://bucket/some/coco"), "coco"),
        ("s3://bucket", "bucket"),
        (Path("no/such/coco"), "coco"),
        ("company/no-such-model", "company/no-such-model"),
    ],
)
def test_places_are_named_by_their_last_part(where: str | Path, expected: str) -> None:
    assert base_name(where) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"root": "x", "sise": 1}, r"data: unknown option 'sise'; did you mean 'size'\?"),
        (
            {"root": "x", "zzz": 1},
            r"data: unknown option 'zzz'; choose from: extra, mode, ",
        ),
        ({"size": 1}, r"data\.root: expected a value, found none"),
        ({"root": 5}, r"data\.root: input is not a valid path, found 5"),
        ({"root": "x", "size": 0}, r"data\.size: .* greater than or equal to 1, found 0"),
        ({"root": "x", "size": "many"}, r"data\.size: .*integer.*found 'many'"),
        ({"root": "x", "mode": "c"}, r"data\.mode: .*'a' or 'b', found 'c'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_options(Options, options, where="data")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["[1, 2", "- a\n- b", "\x00", "just words"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"pipeline\.yaml"):
        read_yaml(path)


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert read_yaml(tmp_path / "empty.yaml") == {}


def test_a_setting_is_put_where_it_belongs() -> None:
    before = {"data": {"limit": 3}}
    assert with_setting(before, "data.source.name=coco") == {
        "data": {"limit": 3, "source": {"name": "coco"}}
    }
    assert with_setting(before, "negatives.choice.keep={swap/obj: 0.5}") == {
        "data": {"limit": 3},
        "negatives": {"choice": {"keep": {"swap/obj": 0.5}}},
    }
    assert before == {"data": {"limit": 3}}


@pytest.mark.parametrize("setting", ["data", "data=3", "data.=3", "=3", "data.limit=[1"])
def test_a_setting_of_another_form_is_refused(setting: str) -> None:
    with pytest.raises(UsageError, match="--set"):
        with_setting({}, setting)


def test_plain_and_fingerprint() -> None:
    content = plain(Options(root=Path("x")))
    assert content == {"root": "x", "own": None, "size": 3, "mode": "a", "names": [], "extra": {}}
    assert fingerprint(content) == fingerprint(dict(reversed(content.items())))
    assert fingerprint(content) != fingerprint({**content, "size": 4})


def test_differences_are_told_by_place() -> None:
    before = {"seed": 1, "config": {"rules": [1, 2], "same": 0}}
    after = {"seed": 1, "config": {"rules": [1], "same": 0, "new": True}}
    assert differences(before, after) == ["config.new: null -> true", "config.rules: [1, 2] -> [1]"]
    assert differences(before, before) == []
