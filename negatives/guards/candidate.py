"""What a guard looks at: the caption, the drawn edit, and what the image's other captions say."""

from collections.abc import Iterable
from typing import NamedTuple

from data.edits import Edit, text_at
from data.texts import normalised
from negatives.lexicon import Lexicon
from negatives.parse import Parse, Token
from negatives.slots import Slot

NOUN, VERB, ADJECTIVE, NUMBER = "NOUN", "VERB", "ADJ", "NUM"
KIND = {
    "NN": NOUN, "NNS": NOUN, "NNP": NOUN, "NNPS": NOUN,
    "JJ": ADJECTIVE, "JJR": ADJECTIVE, "JJS": ADJECTIVE,
    "VB": VERB, "VBD": VERB, "VBG": VERB, "VBN": VERB, "VBP": VERB, "VBZ": VERB,
    "CD": NUMBER,
}  # fmt: skip
"""The part of speech that a tag belongs to, for the tags of content words."""

_ARTICLES = frozenset({"a", "an"})
_JOINS_NOUN = frozenset({"NN", "NNS", "NNP", "JJ", "VBG", "VBN"})
_NUMBERS = (
    "zero", "one", "two", "three", "four", "five", "six",
    "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_NUMBER_OF = {str(number): word for number, word in enumerate(_NUMBERS)}


class Siblings(NamedTuple):
    """What the other captions of an image say.

    `texts`: normalised. `lemmas`: of nouns, verbs, adjectives and numbers (2 as "two"), and of
    nouns with the word or two before them ("fire hydrant", "red car"). `nouns`, `verbs` and
    `adjectives`: the single lemmas of each.
    """

    texts: frozenset[str] = frozenset()
    lemmas: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    adjectives: frozenset[str] = frozenset()


def siblings_of(parses: Iterable[Parse], lexicon: Lexicon) -> Siblings:
    """Return what these captions say."""
    texts: set[str] = set()
    compounds: set[str] = set()
    said: dict[str, set[str]] = {NOUN: set(), VERB: set(), ADJECTIVE: set(), NUMBER: set()}
    for parse in parses:
        texts.add(normalised(parse.text))
        before = earlier = ""
        for token in parse.tokens:
            tag = token.tag
            kind = KIND.get(tag)
            if kind is None:
                before = earlier = ""
                continue
            lemma = lemma_of(token.text, tag, lexicon)
            said[kind].add(lemma)
            if kind == NOUN and before:
                compounds.add(f"{before} {lemma}")
                if earlier:
                    compounds.add(f"{earlier} {before} {lemma}")
            earlier, before = before, token.text.lower() if tag in _JOINS_NOUN else ""
    lemmas = frozenset(compounds.union(*said.values()))
    nouns, verbs, adjectives = (frozenset(said[kind]) for kind in (NOUN, VERB, ADJECTIVE))
    return Siblings(frozenset(texts), lemmas, nouns, verbs, adjectives)


def lemma_of(words: str, tag: str, lexicon: Lexicon) -> str:
    """Return the lower-case lemma of a word or a compound, of which the last word has the tag."""
    lower = words.lower()
    before, space, last = lower.rpartition(" ")
    if tag == "CD":
        return _NUMBER_OF.get(lower, lower)
    return f"{before}{space}{lexicon.lemma(last, tag)}"


class Change(NamedTuple):
    """One replacement but for mended articles and capitals.

    It takes the place of tokens `first` to `last` (inclusive; `last` = `first` - 1 where it only
    inserts); `old` and `new` are lower-case.
    """

    first: int
    last: int
    old: str
    new: str


class Pair(NamedTuple):
    """Two lemmas of one part of speech of which one takes the other's place."""

    old: str
    new: str
    pos: str


class Candidate(NamedTuple):
    """A drawn alternative: `edit` is worded, `text` is the caption after it."""

    parse: Parse
    slot: Slot
    edit: Edit
    text: str
    siblings: Siblings


class View(NamedTuple):
    """A candidate as the guards look at it.

    `text`: the negative. `words`: the caption's tokens in lower case. `changes`: in
    order; `changed`: the tokens in them; `heads`: for each the token whose own head lies outside.
    `is_swap`: two words or phrases change places. `pairs`: the content words that take each
    other's place, in a swap or a replacement.
    """

    parse: Parse
    slot: Slot
    siblings: Siblings
    text: str
    words: tuple[str, ...]
    changes: tuple[Change, ...]
    changed: frozenset[int]
    heads: tuple[int, ...]
    is_swap: bool
    pairs: tuple[Pair, ...]


def view_of(candidate: Candidate, lexicon: Lexicon) -> View:
    """Return what the guards ask about a candidate, worked out once for all of them."""
    parse, slot, edit, text, siblings = candidate
    tokens = parse.tokens
    changes = _changes(parse, edit)
    heads = tuple([_head_of(tokens, first, last) for first, last, _, _ in changes])
    is_swap = slot.type == "swap" and len(changes) == 2
    if slot.type == "replace":
        pairs = _replaced(tokens, changes, lexicon)
    elif is_swap:
        is_phrase = slot.subtype == "np"
        pairs = _swapped(tokens, changes, heads, lexicon, is_phrase=is_phrase)
    else:
        pairs = ()
    return View(
        parse,
        slot,
        siblings,
        text,
        tuple([token.text.lower() for token in tokens]),
        changes,
        frozenset([i for first, last, _, _ in changes for i in range(first, last + 1)]),
        heads,
        is_swap,
        pairs,
    )


def _changes(parse: Parse, edit: Edit) -> tuple[Change, ...]:
    """Return what changes, a/an and capitals aside."""
    tokens, text = parse.tokens, parse.text
    changes: list[Change] = []
    first = 0
    for start, end, replacement in edit.replacements:
        old, new = text_at(text, start, end).lower(), replacement.lower()
        if old == new or (old in _ARTICLES and new in _ARTICLES):
            continue
        while first < len(tokens) and tokens[first].end <= start:
            first += 1
        last = first
        while last < len(tokens) and tokens[last].start < end:
            last += 1
        changes.append(Change(first, last - 1, old, new))
    return tuple(changes)


def _replaced(
    tokens: tuple[Token, ...], changes: tuple[Change, ...], lexicon: Lexicon
) -> tuple[Pair, ...]:
    """Return the content words of a replacement, each with the one in its place."""
    return tuple(
        [
            Pair(lemma_of(old, tag, lexicon), lemma_of(new, tag, lexicon), KIND[tag])
            for first, last, old, new in changes
            if last >= first and (tag := tokens[last].tag) in KIND
        ]
    )


def _swapped(
    tokens: tuple[Token, ...],
    changes: tuple[Change, ...],
    heads: tuple[int, ...],
    lexicon: Lexicon,
    *,
    is_phrase: bool,
) -> tuple[Pair, ...]:
    """Return the two words of a swap, compounds whole, or the heads of its two phrases."""
    tags = [tokens[head].tag for head in heads]
    kind = KIND.get(tags[0])
    if kind is None or kind != KIND.get(tags[1]):
        return ()
    lemmas: list[str] = []
    for (first, _, old, _), head, tag in zip(changes, heads, tags, strict=True):
        is_word = not is_phrase and all(tokens[i].tag in _JOINS_NOUN for i in range(first, head))
        lemmas.append(lemma_of(old if is_word else tokens[head].text, tag, lexicon))
    return (Pair(lemmas[0], lemmas[1], kind),)


def _head_of(tokens: tuple[Token, ...], first: int, last: int) -> int:
    """Return the last of the tokens whose head is not among them; `first` if none has."""
    for index in range(last, first - 1, -1):
        head = tokens[index].head
        if (head < first or head > last or head == index) and tokens[index].tag in KIND:
            return index
    return min(max(last, first), len(tokens) - 1)
