"""`negatives rules`: rules of negatives and of positives, and what is told of one of them."""

import json

import pytest
from click.testing import CliRunner

from data.errors import UsageError
from negatives.cli import cli
from negatives.positives import POSITIVE_RULES
from negatives.rules import RULES, example_of


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["rules", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_both_kinds_are_listed_with_their_examples() -> None:
    listed = json.loads(run("--json"))
    for kind, known in (("negatives", RULES), ("positives", POSITIVE_RULES)):
        assert listed[kind] == {name: example_of(cls) for name, cls in known.items()}
    lines = run().splitlines()
    assert {line.split(" ")[0] for line in lines if " -> " in line} == {*RULES, *POSITIVE_RULES}
    assert RULES.keys().isdisjoint(POSITIVE_RULES)


@pytest.mark.parametrize("name", [*RULES, *POSITIVE_RULES])
def test_one_rule_is_described(name: str) -> None:
    told = json.loads(run(name, "--json"))
    assert told["kind"] == ("positives" if name in POSITIVE_RULES else "negatives")
    assert "lexicon" not in told["options"]
    assert run(name).startswith(f"{name}, a rule of {told['kind']}: ")


def test_options_have_their_defaults_and_a_wrong_name_the_nearest() -> None:
    assert "articles  false" in run("count")
    with pytest.raises(UsageError, match="no rule 'sinonym'; did you mean 'synonym'"):
        run("sinonym")
