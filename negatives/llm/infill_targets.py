"""Which words of a caption are worth asking about, and which answers exclude them. Pure.

Rules know classes of words that exclude each other. A model may propose any word, so its place has
to make it false: what somebody rides or sits on is one thing and not another, while a table with a
vase may well have a book on it too. Adjectives, prepositions and verbs still have to be in the
classes of our rules, nouns in a class or a wider family. Where anything may be proposed
(`is_open`), nouns and verbs with an object only must not be known to overlap. A small model fills
these badly ("catch" -> "eat a baseball"), so use a better one, or `verify`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from negatives.grammar.trees import Tree, has, tree_of
from negatives.parse import Parse
from negatives.slots import Rule
from negatives.words.kinds import kind_of
from negatives.words.lexicon import Lexicon
from negatives.words.word_sets import word_sets

Kind = Literal["obj", "att", "act", "rel"]
KINDS: tuple[Kind, ...] = ("obj", "att", "act", "rel")

_NOUNS = frozenset(("NN", "NNS"))
_VERBS = frozenset(("VB", "VBG", "VBZ", "VBP", "VBD", "VBN"))
_OBJECTS = frozenset(("dobj", "obj"))
_SUBJECTS = frozenset(("nsubj", "nsubjpass", "ROOT"))
_BINDERS = frozenset(("-", "/", "'"))
_JOINED = frozenset(("compound", "conj", "cc"))
_NO_FAMILIES = frozenset(("adding", "light_verbs", "light_nouns", "holding", "relations"))


def relations() -> frozenset[str]:
    """Return the prepositions of place that are asked about."""
    return word_sets("llm")["relations"]


class InfillTarget(NamedTuple):
    """One word of a caption: token `at`, asked for as `kind`.

    `apart`: the words, formed as they would stand there, that exclude it: those that a rule offers,
    or, for a noun, those of its class and families. `is_open`: whether others may too.
    """

    at: int
    kind: Kind
    apart: frozenset[str]
    is_open: bool


def infill_targets(
    parse: Parse, lexicon: Lexicon, kinds: tuple[Kind, ...], *, is_open: bool = False
) -> Iterator[InfillTarget]:
    """Yield the words that another may take the place of; the caption's first word is none."""
    if not parse.tokens:
        return
    tree = tree_of(parse)
    offered = {kind: _offered_words(parse, lexicon, kind) for kind in kinds}
    for at, token in enumerate(parse.tokens):
        kind = _kind_at(tree, at, lexicon)
        if kind is None or kind not in kinds or not at or not token.text.islower():
            continue
        apart = (
            _relatives(lexicon, token.text, token.tag)
            if kind == "obj"
            else offered[kind].get(token.start, frozenset())
        )
        takes_any = is_open and (kind == "obj" or (kind == "act" and has(tree, at, _OBJECTS)))
        if apart or takes_any:
            yield InfillTarget(at, kind, apart, takes_any)


def excludes(parse: Parse, target: InfillTarget, word: str, lexicon: Lexicon) -> bool:
    """Tell whether the caption is false with the word at the target, as far as words tell."""
    if word in target.apart or not target.is_open:
        return word in target.apart
    token = parse.tokens[target.at]
    pos = "NOUN" if target.kind == "obj" else "VERB"
    old, new = lexicon.lemma(token.text, token.tag), lexicon.lemma(word, token.tag)
    if not _differ(lexicon, old, new, pos):
        return False
    if target.kind == "act":
        return new not in word_sets("llm")["light_verbs"]
    return _is_other_thing(parse, target.at, new, lexicon)


def _differ(lexicon: Lexicon, old: str, new: str, pos: str) -> bool:
    """Tell whether a known lemma is one that is not known to overlap another."""
    return old != new and lexicon.knows(new, pos) and not lexicon.compatible(old, new, pos)


def _relatives(lexicon: Lexicon, word: str, tag: str) -> frozenset[str]:
    """Return the nouns of a noun's class and of its families, in its number; none may overlap it.

    A noun without a singular of its own ("sheep") is one as it is.
    """
    lemma = lexicon.lemma(word, tag)
    families = [
        members
        for name, members in word_sets("llm").items()
        if name not in _NO_FAMILIES and lemma in members
    ]
    related = frozenset(lexicon.word_class(lemma, "NOUN")).union(*families)
    forms = {
        lexicon.inflect(each, tag) or (each if tag == "NN" else None)
        for each in related
        if _differ(lexicon, lemma, each, "NOUN")
    }
    return frozenset(form for form in forms if form is not None)


def _offered_words(parse: Parse, lexicon: Lexicon, kind: Kind) -> dict[int, frozenset[str]]:
    """Return the words that the rule of a kind offers for single words, by where these start."""
    if kind == "obj":
        return {}
    rule = _rule(kind, lexicon)
    ends = {token.start: token.end for token in parse.tokens}
    found: dict[int, frozenset[str]] = {}
    for slot in rule(parse):
        edits = [edit.replacements[0] for edit in slot.alternatives]
        if edits and ends.get(edits[0].start) == edits[0].end:
            found[edits[0].start] = frozenset([edit.text.lower() for edit in edits])
    return found


def _rule(kind: Kind, lexicon: Lexicon) -> Rule:
    """Return the rule of a kind. RULES imports this module, so rules are imported when needed."""
    from negatives.rules.replace_action import ReplaceAction  # noqa: PLC0415
    from negatives.rules.replace_attribute import ReplaceAttribute  # noqa: PLC0415
    from negatives.rules.replace_relation import ReplaceRelation  # noqa: PLC0415

    rules: Mapping[str, Callable[[], Rule]] = {
        "att": lambda: ReplaceAttribute(lexicon=lexicon),
        "act": lambda: ReplaceAction(lexicon=lexicon),
        "rel": ReplaceRelation,
    }
    return rules[kind]()


def _is_other_thing(parse: Parse, index: int, new: str, lexicon: Lexicon) -> bool:
    """Tell whether a noun of another class is another thing: people only for other kinds."""
    token = parse.tokens[index]
    if new in word_sets("llm")["light_nouns"]:
        return False
    old_kind = kind_of(lexicon, token.text.lower(), token.tag)
    new_kind = kind_of(lexicon, lexicon.inflect(new, token.tag) or new, token.tag)
    if old_kind == new_kind == "person":  # a skier may be a man
        return False
    return old_kind == new_kind or token.dep not in _SUBJECTS


def _kind_at(tree: Tree, index: int, lexicon: Lexicon) -> Kind | None:
    tag, word = tree.tags[index], tree.words[index]
    if tag == "IN" or (tag == "RP" and word in relations()):
        return "rel" if word in relations() and _has_noun(tree, index) else None
    if tag == "JJ":
        is_named = index > 0 and tree.tags[index - 1] in _NOUNS  # "mustard yellow"
        is_free = _is_free(tree, index) and not is_named
        return "att" if tree.deps[index] == "amod" and is_free else None
    if tag in _NOUNS and tree.pos[index] == "NOUN":
        return "obj" if _is_placed(tree, index, lexicon) else None
    if tag in _VERBS and tree.pos[index] == "VERB" and tree.deps[index] not in {"aux", "amod"}:
        return (
            "act"
            if lexicon.lemma(word, tag) not in word_sets("llm")["light_verbs"]
            and _is_free(tree, index)
            else None
        )
    return None


def _has_noun(tree: Tree, index: int) -> bool:
    return has(tree, index, frozenset(("pobj",)))


def _is_free(tree: Tree, index: int) -> bool:
    """Tell whether nothing is written onto the word, and no particle follows."""
    tokens = tree.parse.tokens
    if index and tokens[index - 1].text in _BINDERS:
        return False
    if index + 1 == len(tokens):
        return True
    after = tokens[index + 1]
    is_glued = after.start == tokens[index].end and (after.text in _BINDERS or after.pos != "PUNCT")
    return not is_glued and after.dep != "prt"


def _is_placed(tree: Tree, index: int, lexicon: Lexicon) -> bool:
    """Tell whether the noun names the one thing of its place: neither added nor half of a name."""
    dep, above = tree.deps[index], tree.heads[index]
    if (
        lexicon.lemma(tree.words[index], tree.tags[index]) in word_sets("llm")["light_nouns"]
        or not _is_free(tree, index)
        or has(tree, index, _JOINED)
        or tree.words[index + 1 : index + 2] == ["of"]
    ):
        return False
    if dep == "pobj":
        return tree.words[above] not in word_sets("llm")["adding"]
    if dep == "dobj":
        return lexicon.lemma(tree.words[above], tree.tags[above]) not in word_sets("llm")["holding"]
    return dep in _SUBJECTS
