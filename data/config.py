"""Configuration: YAML and mappings -> frozen dataclasses, checked by pydantic.

The only module that imports pydantic and yaml.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_type_hints

import pydantic
import pydantic_core
import yaml

from data.commit import Json
from data.errors import UsageError
from data.remote import Remote
from data.storage import AnyPath, is_remote, path_of
from data.texts import nearest, one_line

T = TypeVar("T")

SECTIONS = ("data", "negatives", "training")

Positive = Annotated[int, pydantic.Field(ge=1)]
NonNegative = Annotated[int, pydantic.Field(ge=0)]


def _any_path(value: object) -> AnyPath:
    if isinstance(value, str | Path | Remote):
        return path_of(value)
    raise pydantic_core.PydanticCustomError("path_type", "Input is not a valid path")


def _path(value: object) -> Path:
    path = _any_path(value)
    if is_remote(path):
        raise pydantic_core.PydanticCustomError("path_type", "Expected a path on this machine")
    return path


_AnyPath = Annotated[AnyPath, pydantic.PlainValidator(_any_path)]
_Path = Annotated[Path, pydantic.PlainValidator(_path)]


def parse_options(
    cls: type[T],
    options: Mapping[str, object],
    *,
    where: str,
    given: Mapping[str, object] | None = None,
) -> T:
    """Return a dataclass made from the user's options.

    `given` holds fields that are not options (the lexicon); `where` names the section in messages.

    Raises:
        UsageError: an option is unknown (the message suggests a name), missing or of a wrong type.
    """
    given = given or {}
    hints = get_type_hints(cls, include_extras=True)
    fields = [f for f in dataclasses.fields(cls) if f.init and f.name not in given]  # type: ignore[arg-type]
    names = [field.name for field in fields]
    for name in options:
        if name not in names:
            raise UsageError(f"{where}: unknown option {name!r}; {nearest(name, names)}")
    shape: dict[str, Any] = {
        field.name: (_with_urls(hints[field.name]), _default(field)) for field in fields
    }
    config = pydantic.ConfigDict(frozen=True, arbitrary_types_allowed=True)
    try:
        model = pydantic.create_model(cls.__name__, __config__=config, **shape)(**options)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        option = ".".join([where, *map(str, first["loc"])])
        if first["type"] == "missing":
            raise UsageError(f"{option}: expected a value, found none") from error
        is_list = first["type"] == "tuple_type"  # pydantic's term; in YAML it is a list
        expected = "expected a list such as [NAME]" if is_list else first["msg"].lower()
        raise UsageError(f"{option}: {expected}, found {first['input']!r}") from error
    return cls(**{name: getattr(model, name) for name in names}, **given)


def _with_urls(hint: Any) -> Any:  # noqa: ANN401 - a type is of any type
    """Return a field's type with our own parsing of paths, and of URLs where they are allowed."""
    if not isinstance(hint, UnionType):
        return _Path if hint is Path else hint
    members = get_args(hint)
    if Remote in members:
        members = (_AnyPath, *(member for member in members if member not in (Path, Remote)))
    return Union[tuple(map(_with_urls, members))]  # noqa: UP007  (of so many as there are)


def _default(field: dataclasses.Field[Any]) -> object:
    if field.default_factory is not dataclasses.MISSING:
        return pydantic.Field(default_factory=field.default_factory)
    return ... if field.default is dataclasses.MISSING else field.default


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file.

    Raises:
        UsageError: it cannot be read, is not YAML, or is not a mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read as YAML: {one_line(error)}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{path}: expected sections with options, found {type(content).__name__}")
    return content


def to_yaml(content: Mapping[str, Any]) -> str:
    """Return plain values as YAML, keeping their order."""
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=100)


def check_sections(sections: Mapping[str, Any]) -> None:
    """Check that a pipeline.yaml has only our sections, with options in them.

    Raises:
        UsageError: a section is unknown, or not a mapping.
    """
    for name in sections:
        if name not in SECTIONS:
            raise UsageError(f"unknown section {name!r}; {nearest(name, SECTIONS)}")
        if not isinstance(sections[name] or {}, Mapping):
            raise UsageError(f"{name}: expected options, found {sections[name]!r}")


def with_setting(config: Mapping[str, Any], setting: str) -> dict[str, Any]:
    """Return the sections with one `section.key=value` applied; the value is parsed as YAML.

    Raises:
        UsageError: the setting does not have that form.
    """
    path, equals, value = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or len(keys) < 2 or not all(keys):
        raise UsageError(f"--set {setting}: expected section.key=value")
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise UsageError(
            f"--set {setting}: the value is not YAML; quote it:  "
            f"--set '{path.strip()}={json.dumps(value)}'"
        ) from error
    return _put(config, keys, parsed)


def _put(config: Mapping[str, Any], keys: list[str], value: object) -> dict[str, Any]:
    key, *rest = keys
    if not rest:
        return {**config, key: value}
    below = config.get(key) or {}
    return {**config, key: _put(below if isinstance(below, Mapping) else {}, rest, value)}


def plain(value: object) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return a value as JSON would hold it: dataclasses as mappings, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(item) for item in value)
    return str(value) if isinstance(value, Path | Remote) else value


def base_name(where: str | AnyPath) -> str:
    """Return the last part of a path or URL; a name that is not an existing path stays as it is.

    So no manifest reveals where a machine keeps its files.
    """
    path = path_of(where)
    is_path = not isinstance(where, str) or is_remote(path) or path.exists()
    return path.resolve().name if is_path else str(where)


def fingerprint(content: Json) -> str:
    """Return a hash of JSON content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: object, after: object, where: str = "") -> list[str]:
    """Return one line for each value that differs between two JSON contents."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for key in sorted({*before, *after})
            for line in differences(
                before.get(key), after.get(key), f"{where}.{key}" if where else key
            )
        ]
    return [] if before == after else [f"{where}: {json.dumps(before)} -> {json.dumps(after)}"]
