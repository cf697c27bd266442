"""The grammar of captions: text -> statements about a scene. Pure.

A statement is a noun phrase: the number of things that match its noun, adjectives and modifiers.
"Two red balls are on the grass.", "two red balls on the grass" and "There are two red balls on the
grass." are the same statement: exactly two things are red balls on the grass. A modifier belongs to
the nearest noun before it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from data.scenes import words
from data.scenes.statements import Phrase, Quantity, Statement, Unparsed, none_of, say


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Phrase, ...]:
    """Return the statements of a caption, which asserts all of them.

    Raises:
        Unparsed: the text is outside the grammar.
    """
    statements: list[Phrase] = []
    for sentence in words.sentences(text):
        statements += _Reader(sentence).sentence()
    if not statements:
        raise Unparsed(text)
    return tuple(statements)


class _Reader:
    """Reads one sentence from left to right."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self, offset: int = 0) -> str:
        """Return the token at the position, "" past the end."""
        index = self.position + offset
        return self.tokens[index] if index < len(self.tokens) else ""

    def take(self, *options: str) -> bool:
        """Consume the next token if it is one of the options."""
        if self.peek() and self.peek() in options:
            self.position += 1
            return True
        return False

    def sentence(self) -> list[Phrase]:
        """Parse clauses up to the end."""
        statements = self.clause()
        while self.peek():
            if not self.take(",", "and", "while", "but", "as", "when"):
                raise Unparsed(" ".join(self.tokens))
            while self.take(",", "and", "while", "but", "as", "when"):
                pass
            statements += self.clause()
        return statements

    def clause(self) -> list[Phrase]:
        """Parse a clause or a list of noun phrases."""
        fronted: list[Statement] = []
        while words.relation_at(self.tokens, self.position):
            fronted.append(self.relation())
            self.take(",")
        if self.peek() == "there" and words.is_copula(self.peek(1)):
            self.position += 2
            return self.existential(fronted)
        if fronted and words.is_copula(self.peek()):
            self.position += 1
            return self.existential(fronted)
        if fronted and words.is_finite(self.peek(), self.peek()):
            fronted.append(Statement("verb", self.peek()))
            self.position += 1
            return self.existential(fronted)
        subjects = [say(phrase, fronted) for phrase in self.phrases()]
        statements = self.predicate()
        return [say(phrase, statements) for phrase in subjects]

    def existential(self, fronted: list[Statement]) -> list[Phrase]:
        """Parse what follows "there is"."""
        negated = self.take("not")
        phrases = [say(phrase, fronted) for phrase in self.phrases()]
        phrases[-1] = say(phrases[-1], self.predicate())
        return [none_of(phrase) for phrase in phrases] if negated else phrases

    def phrases(self) -> list[Phrase]:
        """Parse a list of noun phrases."""
        phrases = [self.phrase()]
        while self.peek() in {",", "and", "but", "or", "plus"}:
            before = self.position
            while self.take(",", "and", "but", "or", "plus"):
                pass
            if not self.opens_phrase():
                self.position = before
                break
            phrases.append(self.phrase())
        return phrases

    def opens_phrase(self) -> bool:
        """Tell whether a noun phrase may start here."""
        word = self.peek()
        return bool(word) and not (
            words.is_boundary(word)
            or words.relation_at(self.tokens, self.position)
            or (words.is_participle(word) and not words.is_noun(self.peek(1)))
            or (word == "there" and words.is_copula(self.peek(1)))
        )

    def phrase(self, *, worn: bool = False) -> Phrase:
        """Parse a noun phrase with the modifiers after the noun.

        What follows something `worn` modifies the wearer ("in a hat on the beach").
        """
        if self.peek() in words.PRONOUNS:
            self.position += 1
            return Phrase(Quantity(1, math.inf), "it", ())
        low, high, bare, used = words.quantity_at(self.tokens, self.position)
        self.position += used
        nouns: list[str] = []
        while self.continues_noun(nouns):
            if not self.take("and"):
                nouns.append(self.peek())
                self.position += 1
        if not nouns:
            raise Unparsed(" ".join(self.tokens))
        if not used:
            low, bare = (2, True) if words.is_plural(nouns[-1]) else (1, False)
        elif bare and words.is_plural(nouns[-1]):
            low = 2
        phrase = Phrase(Quantity(low, high, bare), nouns[-1], tuple(nouns[:-1]))
        if worn and words.is_clothing(phrase.head) and not self.points_back():
            return phrase
        return say(phrase, self.postmodifiers())

    def points_back(self) -> bool:
        """Tell whether a preposition with a pronoun comes next ("under it")."""
        found = words.relation_at(self.tokens, self.position)
        return found is not None and self.peek(found[1]) in words.PRONOUNS

    def continues_noun(self, nouns: list[str]) -> bool:
        """Tell whether the next word belongs to the adjectives and nouns read so far."""
        word = self.peek()
        if not word or words.is_boundary(word):
            return self.joins_adjectives(nouns)
        if words.relation_at(self.tokens, self.position):
            return False
        return not nouns or self.continues(word, nouns)

    def continues(self, word: str, nouns: list[str]) -> bool:
        """Tell whether a word continues a list of nouns; it must not be a preposition."""
        if words.is_determiner(word):
            return False
        if words.is_participle(word):
            return not words.is_noun(nouns[-1]) and words.is_noun(self.peek(1))
        if words.is_passive(word) and words.is_noun(nouns[-1]):
            return False
        return not words.is_finite(word, nouns[-1])

    def joins_adjectives(self, nouns: list[str]) -> bool:
        """Tell whether an "and" stands between two adjectives ("black and white")."""
        return (
            self.peek() == "and"
            and bool(nouns)
            and words.is_colour(nouns[-1])
            and words.is_colour(self.peek(1))
        )

    def postmodifiers(self) -> list[Statement]:
        """Parse all modifiers that follow a noun."""
        statements: list[Statement] = []
        while True:
            before = self.position
            if statements:
                self.take("and")
            one = self.postmodifier()
            if one is None:
                self.position = before
                return statements
            statements += one

    def postmodifier(self) -> list[Statement] | None:
        """Parse one modifier: a prepositional phrase, a participle or a relative clause."""
        word = self.peek()
        if words.relation_at(self.tokens, self.position):
            return [self.relation()]
        being = word == "being" and words.is_passive(self.peek(1))
        if being or words.is_passive(word):
            return self.passive()
        if words.is_participle(word):
            return self.action()
        if word in {"that", "which", "who"} and words.is_verb_like(self.peek(1)):
            self.position += 1
            return self.predicate()
        if word == "not":
            self.position += 1
            inner = self.postmodifier()
            if inner is None:
                raise Unparsed(" ".join(self.tokens))
            return [inner[0]._replace(negated=not inner[0].negated), *inner[1:]]
        return None

    def relation(self) -> Statement:
        """Parse a preposition with its object or objects."""
        name, used = words.relation_at(self.tokens, self.position) or ("", 0)
        self.position += used
        negated = name.startswith("!")
        objects = [self.phrase(worn=name in {"in", "with", "!with"})]
        if name == "between" and self.take("and"):
            objects.append(self.phrase())
        return Statement("relation", name.removeprefix("!"), tuple(objects), negated)

    def action(self) -> list[Statement]:
        """Parse a verb and its object, if it has one."""
        verb = self.peek()
        self.position += 1
        if verb in words.HAVING:
            return [Statement("relation", "with", (self.phrase(),))]
        worn = "wear" in words.lemmas(verb)
        objects = (self.phrase(worn=worn),) if self.opens_phrase() else ()
        return [Statement("verb", verb, objects)]

    def passive(self) -> list[Statement]:
        """Parse "held by a man", "being held by a man", or a participle alone."""
        self.take("being")
        verb = self.peek()
        self.position += 1
        if self.take("by"):
            return [Statement("passive", verb, (self.phrase(),))]
        return [Statement("verb", verb)]

    def predicate(self) -> list[Statement]:
        """Parse "is red", "is not on the grass", "runs and is holding a kite", or nothing."""
        statements: list[Statement] = []
        while True:
            before = self.position
            if statements:
                self.take("and")
            one = self.one_predicate()
            if one is None:
                self.position = before
                return statements
            statements += one

    def one_predicate(self) -> list[Statement] | None:
        """Parse one predicate, None if there is none."""
        word = self.peek()
        if word in words.DOING and self.peek(1) == "not":
            self.position += 2
            first, *others = self.action()
            return [first._replace(negated=True), *others, *self.postmodifiers()]
        if not words.is_copula(word):
            if words.is_verb_like(word) or self.ends_noun(word):
                return [*self.action(), *self.postmodifiers()]
            return None
        self.position += 1
        negated = self.take("not")
        self.take("being")
        statements = self.complement()
        return [statements[0]._replace(negated=negated != statements[0].negated), *statements[1:]]

    def ends_noun(self, word: str) -> bool:
        """Tell whether this word must be a verb, which ends the noun phrase."""
        known = words.is_boundary(word) or words.relation_at(self.tokens, self.position)
        return word.isalpha() and not known and not words.is_determiner(word)

    def complement(self) -> list[Statement]:
        """Parse what follows "is"."""
        word = self.peek()
        if not words.is_adjective(word) and (postmodifiers := self.postmodifiers()):
            return postmodifiers
        statements: list[Statement] = []
        while words.is_adjective(self.peek()) or (statements and self.peek() == "and"):
            if self.take("and"):
                if words.is_adjective(self.peek()):
                    continue
                self.position -= 1
                break
            statements.append(Statement("quality", self.peek()))
            self.position += 1
        if statements:
            return [*statements, *self.postmodifiers()]
        if not self.opens_phrase():
            raise Unparsed(" ".join(self.tokens))
        return [Statement("quality", "", (self.phrase(),))]
