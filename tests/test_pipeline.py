"""What the documents promise: pipeline.yaml, the commands and their flags, README and docs/."""

import dataclasses
import json
import re
import resource
import shlex
import subprocess
import sys
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from data.config import plain, read_yaml
from data.errors import UsageError
from data.sources import SOURCES
from negatives.cli import cli
from negatives.config import DataConfig, NegativesConfig, build_config
from negatives.llm.asking import asks
from negatives.llm.config import LlmConfig
from negatives.models import model_name
from negatives.pipeline.plan import stages_of
from negatives.policy import POLICIES, SCORERS
from negatives.presets import PRESETS
from negatives.rules import RULES, example_of, make_rule
from negatives.rules.replace_learned import learns
from negatives.spacy_parse import parse_texts
from negatives.words import lexicon
from tests.documents import PAGES, ROOT, blocks, commands, everything, page, section_of
from tests.s3_server import Bucket
from tests.training.runs import world
from training.cli import evaluate
from training.cli import train as trainer
from training.config import (
    LoraOptions,
    OptimizerOptions,
    RunOptions,
    TeacherOptions,
    TrainingConfig,
    settings_of,
)
from training.evaluation.config import EvaluationOptions
from training.objective.losses import LOSSES
from training.presets import PRESETS as TRAINING_PRESETS

NEGATIVES = Path(sys.executable).with_name("negatives")
TRAIN = NEGATIVES.with_name("train")


def fields(cls: type) -> set[str]:
    return {field.name for field in dataclasses.fields(cls)}


def test_pipeline_yaml_has_every_option_and_its_default() -> None:
    sections = read_yaml(ROOT / "pipeline.yaml")
    assert set(sections) == {"data", "negatives", "training"}
    assert set(sections["data"]) == fields(DataConfig)
    assert set(sections["negatives"]) == fields(NegativesConfig)
    assert set(sections["negatives"]["choice"]) == {"draw"}.union(*map(fields, POLICIES.values()))
    assert sections["negatives"]["llm"] == plain(LlmConfig())
    assert build_config(sections) == build_config({})
    for section, cls in (("data", DataConfig), ("negatives", NegativesConfig)):
        defaults = plain(cls()) | {"choice": sections["negatives"]["choice"]}
        defaults |= {"llm": plain(LlmConfig())}
        assert all(defaults[name] == value for name, value in sections[section].items())


def test_the_section_of_the_trainer_has_every_option_and_its_default() -> None:
    section = read_yaml(ROOT / "pipeline.yaml")["training"]
    nested = {
        "lora": LoraOptions, "optimizer": OptimizerOptions, "run": RunOptions,
        "teacher": TeacherOptions,
        "evaluation": EvaluationOptions,
    }  # fmt: skip
    assert set(section) == fields(TrainingConfig)
    assert {name: set(section[name]) for name in nested} == {
        name: fields(cls) for name, cls in nested.items()
    }
    assert section["run"] == plain(RunOptions())
    assert section["evaluation"] == plain(EvaluationOptions())
    assert all(
        value is None
        for name in ("lora", "optimizer", "teacher")
        for value in section[name].values()
    )
    defaults = plain(TrainingConfig())
    assert all(defaults[name] == value for name, value in section.items() if name not in nested)
    assert settings_of({"training": section}).content() == settings_of({}).content()


def commented(option: str) -> object:
    """Return the YAML in the comment below an option of pipeline.yaml."""
    lines = iter((ROOT / "pipeline.yaml").read_text().splitlines())
    next(line for line in lines if line.strip().startswith(f"{option}:"))
    below = takewhile(lambda line: line.startswith("    # "), lines)
    told = [line.removeprefix("    # ") for line in below if re.match(r"    # (- |  )", line)]
    assert all("  # " in line for line in told)
    return yaml.safe_load("\n".join(told))


def test_the_comment_of_scorers_names_every_option_and_its_default() -> None:
    assert commented("scorers") == [plain(cls()) for cls in SCORERS.values()]


def test_the_comment_of_losses_names_every_loss_and_its_options() -> None:
    expected = [
        {"loss": name, "weight": row.weight, **plain(row.options())} for name, row in LOSSES.items()
    ]
    assert commented("losses") == expected


def test_every_option_of_pipeline_yaml_has_a_comment() -> None:
    for line in (ROOT / "pipeline.yaml").read_text().splitlines():
        if re.match(r"  +\w+:", line):
            assert "  # " in line, line


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"negative": {}}, "unknown section 'negative'; did you mean 'negatives'"),
        ({"negatives": {"sede": 1}}, "unknown option 'sede'; did you mean 'seed'"),
        ({"negatives": {"preset": "natral"}}, "unknown 'natral'; did you mean 'natural'"),
        ({"negatives": {"shard_captions": 0}}, r"negatives\.shard_captions"),
        (
            {"negatives": {"preset": "svlc", "choice": {"variants": 0}}},
            r"choice\.variants: expected 1",
        ),
        ({"negatives": {"choice": {"keep": {"swap/obj": 2}}}}, "expected 0 to 1, found 2"),
        ({"negatives": {"choice": {"keep": {"swap/ob": 1}}}}, "'swap/ob'; did you mean 'swap/obj'"),
        ({"data": 3}, "data: expected options, found 3"),
        ({"negatives": {"rules": []}}, "at least one rule"),
        ({"negatives": {"rules": [{"name": "swap"}]}}, "expected {rule: NAME"),
        ({"data": {"language": "fr"}}, r"data\.language"),
    ],
)
def test_a_wrong_configuration_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build_config(sections)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_names_rules_that_exist(name: str) -> None:
    config = build_config({"negatives": {"preset": name}})
    assert {spec["rule"] for spec in config.rules} <= set(RULES)
    assert config.policy == PRESETS[name].policy


def test_options_of_the_command_win_over_the_preset() -> None:
    config = build_config({"negatives": {"preset": "fsc-clip", "choice": {"variants": 2}}})
    assert config.policy == dataclasses.replace(PRESETS["fsc-clip"].policy, variants=2)


TRAIN_FLAGS = {
    "train": "config dry-run help images json limit-steps model on-missing-image out preset "
    "pretrained quiet resume set shards",
    "export": "alpha checkpoint help json output quiet to",
    "publish": "alpha checkpoint dry-run help json private",
}


def flags_of(command: click.Command) -> set[str]:
    return {
        option.removeprefix("--")
        for parameter in command.get_params(click.Context(command))
        for option in parameter.opts
        if option.startswith("--")
    }


def test_the_trainers_commands_and_flags() -> None:
    found = {
        name: flags_of(command) for name, command in (("train", trainer), *trainer.commands.items())
    }
    assert found == {name: set(flags.split()) for name, flags in TRAIN_FLAGS.items()}


EVALUATE_FLAGS = {
    "evaluate": "against base batch-size benchmark cache check-golden checkpoint config device "
    "examples "
    "help images json language-model model out precision pretrained quiet trained-on which wise-ft "
    "workers",
    "benchmarks": "help json",
    "compare": "help json",
    "plot": "against help out",
}


def test_the_commands_and_flags_of_evaluation() -> None:
    commands = (("evaluate", evaluate), *evaluate.commands.items())
    found = {name: flags_of(command) for name, command in commands}
    assert found == {name: set(flags.split()) for name, flags in EVALUATE_FLAGS.items()}


FLAGS = {
    "annotate": "controls help json key output quiet sample seed summary terminal",
    "audit": "against fail-outside held-out help html images json out quiet reference-model "
    "reference-pairs sample seed",
    "build": "config dry-run executor fluency-from help hold-out json language limit max-cost "
    "max-requests max-share out positives preset quiet ray-address resume root "
    "seed set source workers",
    "compose": "fluency-from help json layout model per-caption quiet seed set workers",
    "export": "help images json output quiet split tar-samples to",
    "filter": "drop-empty help json max-negatives min-score no-positives quiet rule "
    "sample-captions seed type",
    "import": "format help json licence quiet source-name split subtype type",
    "inspect": "help html images json positives rule sample seed type",
    "merge": "help json quiet",
    "presets": "help json",
    "preview": "config fluency-from help json llm positives preset rule seed variants",
    "publish": "allow-failing-audit allow-unknown-licence audit dry-run help json private "
    "reference-model "
    "quiet revision to usefulness",
    "pull": "help json quiet revision",
    "render": "help joined json output quiet size",
    "repair": "drop-empty help json quiet reference-model scores seed tolerance",
    "rules": "help json",
    "run": "dry-run help jobs json out quiet reference-model set workers",
    "sources": "help json",
    "stats": "help json",
    "verify": "help json",
}


def test_the_set_of_commands_and_flags() -> None:
    found = {name: flags_of(command) for name, command in cli.commands.items()}
    assert found == {name: set(flags.split()) for name, flags in FLAGS.items()}


def run(*arguments: str, code: int = 0) -> str:
    done = subprocess.run([NEGATIVES, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_help_answers_at_once() -> None:
    for command in FLAGS:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert "Usage: negatives" in run(command, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        assert taken_s < 0.3, command  # of the processor: other work may run beside the tests


def test_errors_are_one_line_and_no_traceback(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out")]
    for arguments, message in (
        (["build", "--source", "coko"], "did you mean 'coco'"),
        (["build", "--source", "coco", "--root", str(tmp_path / "none"), *out], "none"),
        (["build", "--preset", "natrual"], "did you mean 'natural'"),
        (["build", "--set", "negatives.seed"], "expected section.key=value"),
        (["stats", str(tmp_path)], "no manifest.json"),
        (["build", "--workers", "0", *out], "expected 1 or more"),
    ):
        output = run(*arguments, code=2)
        assert message in output
        assert len(output.strip().splitlines()) == 1


def test_preview_ignores_no_option() -> None:
    text = "A red car next to a blue bus on a wide street."

    def refusal(*arguments: str) -> str:
        found = CliRunner().invoke(cli, ["preview", text, *arguments]).exception
        assert isinstance(found, UsageError)
        return str(found)

    excluding = refusal("--preset", "fsc-clip", "--rule", "swap")
    assert "use either --rule or --preset" in excluding
    found = json.loads(run("preview", text, "--preset", "fsc-clip", "--variants", "2", "--json"))
    by_rule = Counter(negative["rule"] for negative in found["negatives"])
    assert set(by_rule.values()) == {2}
    for flag in ("--seed", "--variants"):
        assert f"{flag} has no effect" in refusal("--llm", flag, "0")


def test_preview_lists_without_a_model_and_says_so() -> None:
    text = "A red car next to a blue bus on a wide street."

    def preview(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["preview", text, *arguments])

    listed = json.loads(preview("--rule", "swap", "--variants", "2", "--json").stdout)["negatives"]
    assert [(negative["rule"], negative["score"]) for negative in listed] == [("swap", None)] * 2
    for arguments in ((), ("--preset", "natural")):
        assert "--fluency-from OUT" in preview(*arguments).stdout.splitlines()[-1]
        (line,) = preview(*arguments, "--json").stderr.splitlines()
        assert "without a score" in line
    for name in ("svlc", "negation"):
        assert "--fluency-from" not in preview("--preset", name).output
    wrong = preview("--preset", "natural", "--variants", "2").exception
    assert isinstance(wrong, UsageError)
    assert "variants: has no effect with draw: pairs" in str(wrong)


USERS_RULE = '''
from dataclasses import dataclass

from data.edits import Edit, Replacement
from negatives.slots import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Blur:
    """ "a red car" -> "blurred red car" """

    def __call__(self, parse):
        first = parse.tokens[0]
        edit = Edit((Replacement(first.start, first.end, "blurred"),))
        yield Slot("blur", "replace", "att", [edit])
'''


def test_a_rule_in_the_working_directory_is_found_by_workers_too(tmp_path: Path) -> None:
    (tmp_path / "my_pkg").mkdir()
    (tmp_path / "my_pkg/rules.py").write_text(USERS_RULE)
    rules = "negatives.rules=[{rule: my_pkg.rules:Blur}]"
    command = [NEGATIVES, "build", "--source", "scenes", "--limit", "40", "--out", "out"]
    command += ["--workers", "2", "--set", rules, "--set", "negatives.shard_captions=20"]
    command += ["--set", "negatives.choice.scorers=[]"]  # no caption says "blurred"
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["tallies"]["negatives_by_rule"]["my_pkg.rules:Blur"] > 0


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"rule": "shuffle", "n": 0}, "expected 1 or more, found 0"),
        ({"rule": "word_lists", "lists": ["nope"]}, "unknown list 'nope'"),
        ({"rule": ":Blur"}, "expected package.module:Class"),
        ({"rule": "no_such_module:Blur"}, "cannot import no_such_module"),
    ],
)
def test_a_wrong_rule_is_refused_at_once(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_rule(spec, lexicon=lexicon.load())


def test_the_pages_list_every_rule_source_and_preset() -> None:
    for name in (*RULES, *SOURCES, *PRESETS):
        assert f"`{name}`" in everything(), name


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_the_pages_exist(name: str) -> None:
    for block in blocks(page(name), "sh"):
        for program, *words in commands(block):
            given = {word.removeprefix("--") for word in words if word.startswith("--")}
            if program == "negatives":
                assert given <= set(FLAGS[words[0]].split()), words
            elif program in ("train", "evaluate"):
                known = TRAIN_FLAGS if program == "train" else EVALUATE_FLAGS
                command = words[0] if words[0] in known else program
                assert given <= set(known[command].split()), words


def test_the_commands_on_folders_run(tmp_path: Path) -> None:
    line = {"caption": "A red car.", "negatives": [{"text": "A blue car."}]}
    (tmp_path / "negatives.jsonl").write_text(json.dumps(line) + "\n")
    (block,) = blocks(section_of("docs/shards.md", "Working with folders"), "sh")
    small = shlex.split("negatives build --source scenes --out out --set data.source.num_images=60")
    for name, *arguments in (small, *commands(block)):
        assert name == "negatives"
        done = subprocess.run(
            [NEGATIVES, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (arguments, done.stderr)
    assert (tmp_path / "out.parquet").is_file()
    assert (tmp_path / "images/train/000000.png").is_file()
    assert (tmp_path / "both/manifest.json").is_file()


def test_the_trainers_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    training = page("docs/training.md")
    assert all(f"| `{name}` |" in training for name in (*TRAINING_PRESETS, *LOSSES))
    (block,) = (b for b in blocks(training, "sh") if "train export" in b)
    world(tmp_path / "small")
    places = {"out": "small/shards", "images": "small/images"}
    for line in block.splitlines():
        name, *arguments = shlex.split(line, comments=True)
        assert name == "train"
        own = [] if arguments[0] in trainer.commands else [
            "--model", "local-dir:small/model", "--pretrained", "none",
            "--set", "training.batch_size=8", "--set", "training.epochs=1",
        ]  # fmt: skip
        given = [places.get(word, word) for word in arguments]
        done = CliRunner().invoke(trainer, [*given, *own])
        assert done.exit_code == 0, (arguments, done.exception, done.stderr)
    assert (tmp_path / "clip.pt").is_file()
    assert "user/name" in (tmp_path / "run/publish/README.md").read_text()


def test_the_commands_by_url_run(s3: Bucket, tmp_path: Path) -> None:
    (block,) = blocks(section_of("docs/clusters.md", "Storage by URL"), "sh")
    root = world(tmp_path / "small")
    s3.put_folder(root / "images", "images")
    texts = ("a dog on a red sofa", "two men next to a blue car", "a cat under the old table")
    rows = [
        {"image": path.relative_to(root / "images").as_posix(), "caption": texts[number % 3]}
        for number, path in enumerate(sorted((root / "images").rglob("*.jpg")))
    ]
    s3.put("captions/train.jsonl", "\n".join(map(json.dumps, rows)).encode())
    for line in block.replace("s3://bucket", s3.url).splitlines():
        name, *arguments = shlex.split(line, comments=True)
        own = [] if name == "negatives" else [
            "--model", "local-dir:small/model", "--pretrained", "none",
            "--set", "training.batch_size=8", "--set", "training.epochs=1",
        ]  # fmt: skip
        command = [NEGATIVES if name == "negatives" else TRAIN, *arguments, *own]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (arguments, done.stderr)
    assert "out/manifest.json" in s3.keys()  # noqa: SIM118
    assert (tmp_path / "out.parquet").is_file()
    assert (tmp_path / "run/log.jsonl").is_file()


@pytest.mark.parametrize("name", RULES)
def test_every_rule_can_be_made_from_its_name(name: str) -> None:
    rule = make_rule({"rule": name}, lexicon=lexicon.load())
    assert asks(rule) or callable(rule)
    with pytest.raises(UsageError, match="unknown option 'zzz'"):
        make_rule({"rule": name, "zzz": 1}, lexicon=lexicon.load())


@pytest.mark.parametrize("name", RULES)
def test_the_example_of_a_rule_is_what_it_does(name: str) -> None:
    before, after = re.findall(r'"(.+?)"', example_of(RULES[name]))
    words = lexicon.load()
    (parse,) = parse_texts([before], model=model_name(), batch_size=1)
    rule = make_rule({"rule": name}, lexicon=words)
    if not asks(rule) and not learns(rule):  # these depend on a language model or a corpus
        made = {edit.apply(before) for slot in rule(parse) for edit in slot.alternatives}
        assert after in made
    assert f"| `{name}` | *{before}* → *{after}* |" in page("docs/choosing.md")


@pytest.mark.parametrize("path", sorted(Path("recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_recipe_is_a_whole_line(path: Path, tmp_path: Path) -> None:
    sections = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings_of(sections)
    names = [stage.name for stage in stages_of(sections, tmp_path)]
    assert names == ["build", "compose", "merge", "audit", "train", "evaluate"]
