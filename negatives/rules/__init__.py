"""RULES lists all rules. Nothing registers itself; the configuration names user-defined rules."""

import dataclasses
import hashlib
import inspect
from collections.abc import Mapping
from typing import cast

from data.class_loading import load_class
from data.config import parse_options, plain
from data.errors import UsageError
from data.texts import nearest
from negatives.llm.asking import AnyRule, asks
from negatives.rules.count import Count
from negatives.rules.llm_infill import LlmInfill
from negatives.rules.llm_rewrite import LlmRewrite
from negatives.rules.negate import Negate
from negatives.rules.negclip_swap import NegclipSwap
from negatives.rules.replace_action import ReplaceAction
from negatives.rules.replace_attribute import ReplaceAttribute
from negatives.rules.replace_learned import ReplaceLearned
from negatives.rules.replace_object import ReplaceObject
from negatives.rules.replace_relation import ReplaceRelation
from negatives.rules.shuffle import Shuffle
from negatives.rules.swap import Swap
from negatives.rules.word_lists import WordLists
from negatives.rules.wordnet_replace import WordnetReplace
from negatives.words.lexicon import Lexicon

RULES: Mapping[str, type[AnyRule]] = {
    "swap": Swap,
    "replace_object": ReplaceObject,
    "replace_attribute": ReplaceAttribute,
    "replace_action": ReplaceAction,
    "replace_relation": ReplaceRelation,
    "count": Count,
    "replace_learned": ReplaceLearned,
    "negate": Negate,
    "shuffle": Shuffle,
    "word_lists": WordLists,
    "negclip_swap": NegclipSwap,
    "wordnet_replace": WordnetReplace,
    "llm_infill": LlmInfill,
    "llm_rewrite": LlmRewrite,
}


def rule_class(
    name: str, rules: Mapping[str, type[AnyRule]] = RULES, *, what: str = "rule"
) -> type[AnyRule]:
    """Return the class of a rule in a table, or a user-defined one, `package.module:Class`.

    Raises:
        UsageError: there is no rule of that name.
    """
    if ":" not in name:
        if name not in rules:
            raise UsageError(f"no {what} is named {name!r}; {nearest(name, rules)}")
        return rules[name]
    found, module_name = load_class(name, what="rule")
    if not (isinstance(found, type) and dataclasses.is_dataclass(found) and callable(found)):
        raise UsageError(f"rule {name}: {module_name} has no dataclass {name.partition(':')[2]}")
    return cast("type[AnyRule]", found)


_RENAMED: Mapping[str, str] = {"llm_infill.judge": "verify", "llm_rewrite.judge": "verify"}
"""Options of rules renamed in 2026-12, and their new names."""


def make_rule(
    spec: Mapping[str, object],
    *,
    lexicon: Lexicon,
    rules: Mapping[str, type[AnyRule]] = RULES,
    what: str = "rule",
) -> AnyRule:
    """Return the rule of a config entry `{rule: NAME, option: value ...}`.

    `rules`: the table to look it up in; `what`: the name of its entries in errors.

    Raises:
        UsageError: the rule or one of its options is unknown or of a wrong type.
    """
    options = dict(spec)
    name = str(options.pop("rule", ""))
    cls = rule_class(name, rules, what=what)
    for key, value in options.items():
        if now := _RENAMED.get(f"{name}.{key}"):
            raise UsageError(f"rule {name}.{key}: was renamed (found {value!r}); use {now}")
    given = {"lexicon": lexicon} if needs_lexicon(cls) else {}
    return parse_options(cls, options, where=f"{what} {name}", given=given)


def producer_of(spec: Mapping[str, object], rule: AnyRule) -> dict[str, object]:
    """Return a rule's entry in the manifest: all options, and a user-defined rule's source hash."""
    options = {
        field.name: plain(getattr(rule, field.name))
        for field in dataclasses.fields(rule)  # type: ignore[arg-type]
        if field.name != "lexicon"
    }
    name = str(spec["rule"])
    method = "llm" if asks(rule) else "rule"
    if ":" not in name:
        return {"rule": name, "method": method, "options": options}
    source = inspect.getsource(inspect.getmodule(type(rule)) or type(rule))
    sha256 = hashlib.sha256(source.encode()).hexdigest()
    return {"rule": name, "method": method, "options": options, "source_sha256": sha256}


def is_asking(spec: Mapping[str, object], rules: Mapping[str, type[AnyRule]] = RULES) -> bool:
    """Tell whether a config entry `{rule: NAME, ...}` names a rule that asks a language model.

    `rules`: the table in which it is looked up.

    Raises:
        UsageError: there is none of that name.
    """
    return asks(rule_class(str(spec["rule"]), rules))


def needs_lexicon(cls: type[AnyRule]) -> bool:
    """Tell whether this rule needs the lexicon."""
    return any(field.name == "lexicon" for field in dataclasses.fields(cls))  # type: ignore[arg-type]


def example_of(cls: type[AnyRule]) -> str:
    """Return the example in the first line of a rule's docstring."""
    return (cls.__doc__ or "").strip().partition("\n")[0]
