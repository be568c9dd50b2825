"""The tagger: at each point of a text the longest phrase that somebody knows - the language, or this home.

Knows that a name and a phrase of the same length are both meant until the sentence decides, that a longer one wins, and
which misspelled words to read as known ones. Names are data of strangers: they give things, never senses.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest

import msgspec
from rapidfuzz.distance import OSA

from unisono.assist.language import GRAVE, Language, Phrase, Trie, language
from unisono.assist.names import SHORTEST_REPAIRED, Match, by_letter
from unisono.assist.nouns import NOMINAL
from unisono.assist.text import Piece, Token
from unisono.assist.world import World

__all__ = ["tag"]

#: After these a noun follows, not a verb.
DETERMINING = frozenset({"det", "all", "both", "any", "which", "how_many", "no", "indefinite"})
#: Senses that say how something is, or is left.
STATES = frozenset({"p_on", "p_off", "open", "close", "lock", "unlock"})
#: So many are both.
PAIR = 2
#: Words that say which, how many or how much.
SETTING = frozenset(
    {"it", "them", "other", "rest", "all", "both", "only", "left", "right", "same", "here", "there", "idle", "marked",
     "max", "min", "bit", "much", "more", "less", "indoor", "outdoor", "upstairs", "downstairs", "home_word", "det",
     "coffee"}
)  # fmt: skip
#: A word of so many letters may be off by two.
TWO_OFF = 9
#: Words of a name before its number.
LONGEST_HEAD = 3
#: A letter that is drawn out.
_DRAWN = re.compile(r"(.)\1{2,}")
#: More unknown words than this are no typing mistakes but another matter.
MAX_REPAIRS = 4


def tag(tokens: Sequence[Token], spoken: Language, world: World) -> list[Piece]:
    """The pieces of a text in order; every token is in exactly one."""
    tokens = _counted(_renamed(tokens, world), spoken, world)
    tokens, repaired = _repair(_uncompounded(_united(tokens, spoken), spoken, world), spoken, world)
    pieces: list[Piece] = []
    at = 0
    while at < len(tokens):
        name = world.names.longest(tokens, at) if tokens[at].kind not in ("mark", "time") else None
        led = bool(pieces) and bool(DETERMINING & set(pieces[-1].senses)) and not pieces[-1].named
        noun = led or (name is not None and bool(name.bearers.things))
        phrase, words = _longest(tokens, at, spoken.phrases, bent=not noun)
        if words > 1 and phrase is not None and "never_mind" in phrase.senses and _so(tokens, at + words, spoken):
            phrase, words = _longest(tokens[: at + words - 1], at, spoken.phrases, bent=not noun)  # "leave it on"
        if words > 1 and phrase is not None and "included" in phrase.senses and _goes_on(tokens, at + words, spoken):
            phrase, words = _longest(tokens[: at + 1], at, spoken.phrases, bent=False)  # "and all the blinds"
        if words > 1 and _cuts(tokens, at, words, world):
            phrase, words = _longest(tokens[: at + 1], at, spoken.phrases, bent=not noun)
        if led and words > 1 and _with_particle(tokens, at, words, spoken, world):
            phrase, words = _longest(tokens[: at + 1], at, spoken.phrases, bent=False)
        piece = _piece(tokens, at, name, phrase, words, repaired)
        if piece.things and all(world.things[thing].kind == "person" for thing in piece.things):
            piece = msgspec.structs.replace(piece, senses=(*piece.senses, "somebody"))
        pieces.append(piece)
        at += len(piece.tokens)
    return _addressed(_called(_within(_supposed(pieces)), world))


def _so(tokens: Sequence[Token], at: int, spoken: Language) -> bool:
    """Does a state or a value stand here: on, shut, half?"""
    if at >= len(tokens) or tokens[at].kind == "number":
        return at < len(tokens)
    found = spoken.phrases.phrase(tokens[at].text)
    return found is not None and not STATES.isdisjoint(found.senses)


def _goes_on(tokens: Sequence[Token], at: int, spoken: Language) -> bool:
    """Does an article stand here, and what it is of after it?"""
    found = spoken.phrases.phrase(tokens[at].text) if at + 1 < len(tokens) else None
    return found is not None and "det" in found.senses


def _with_particle(tokens: Sequence[Token], at: int, words: int, spoken: Language, world: World) -> bool:
    """Is what stands after an article a noun and the particle of the verb before: "turn the heat up", not "heat up"?"""
    first, last = spoken.phrases.phrase(tokens[at].text), spoken.phrases.phrase(tokens[at + words - 1].text)
    whole = _longest(tokens, at, spoken.phrases, bent=False)[0]
    verb = whole is not None and whole.forms == ("base",) and words == PAIR
    side = last is not None and not {"p_up", "p_down"}.isdisjoint(last.senses)
    noun = first is not None and any(s.startswith(NOMINAL) for s in first.senses)
    return verb and side and (noun or tokens[at].key in world.names.words)


def _supposed(pieces: Sequence[Piece]) -> list[Piece]:
    """ "Say 22" proposes a value; nobody says anything. "Turn it on, actually" takes nothing back."""
    ends = next((at for at in range(len(pieces) - 1, 0, -1) if pieces[at].kind != "mark"), 0)
    if ends and "hedge" in pieces[ends].senses:
        hedge = Piece(tokens=pieces[ends].tokens, senses=("filler",))
        pieces = [*pieces[:ends], hedge, *pieces[ends + 1 :]]
    return [
        Piece(tokens=piece.tokens, senses=("filler",))
        if "said" in piece.senses and "base_say" in piece.senses and after is not None and after.kind == "number"
        else piece
        for piece, after in zip_longest(_urged(pieces), pieces[1:])
    ]


def _urged(pieces: Sequence[Piece]) -> list[Piece]:
    """ "Better lock the gate", "and best shut the blind": before a verb it only urges; "the gate wants shutting"."""
    return [_urging(pieces, at) if {"urges", "lacks"} & set(piece.senses) else piece for at, piece in enumerate(pieces)]


def _urging(pieces: Sequence[Piece], at: int) -> Piece:
    piece, after = pieces[at], pieces[at + 1] if at + 1 < len(pieces) else None
    if piece.named or after is None or after.named:
        return piece
    begins = not at or pieces[at - 1].kind == "mark" or bool({"filler", "and", "then"} & set(pieces[at - 1].senses))
    if "urges" in piece.senses and begins and "base" in after.forms:
        return Piece(tokens=piece.tokens, senses=("please",))
    owned = at > 0 and _noun(pieces[at - 1]) and "somebody" not in pieces[at - 1].senses
    if "lacks" in piece.senses and owned and "ing" in after.forms:
        return Piece(tokens=piece.tokens, senses=("want",))
    return piece


def _within(pieces: Sequence[Piece]) -> list[Piece]:
    """ "Inside the car" is in it, and not indoors."""
    return [
        msgspec.structs.replace(piece, senses=tuple(sense for sense in piece.senses if sense != "indoor"))
        if {"indoor", "in"} <= set(piece.senses) and after is not None and (after.things or "det" in after.senses)
        else piece
        for piece, after in zip_longest(pieces, pieces[1:])
    ]


def _called(pieces: Sequence[Piece], world: World) -> list[Piece]:
    """A word of the language that is a word of names here, where a noun stands: "the store", "spots to twenty". It is
    what it is called then: "spots" of beam spots, and nothing that is spotted."""
    found: list[Piece] = []
    for at, piece in enumerate(pieces):
        after = pieces[at + 1] if at + 1 < len(pieces) else None
        own = piece.kind == "word" and piece.senses and not piece.named and len(piece.tokens) == 1
        own = own and not set(piece.senses) & (GRAVE - {"elsewhere"})
        if own and piece.tokens[0].key in world.names.words and not _keeps(piece):
            led = at > 0 and "det" in pieces[at - 1].senses and not pieces[at - 1].named
            ends = (
                after is None
                or "ing" in after.forms
                or not (after.named or (after.kind == "word" and (not after.senses or _keeps(after))))
            )
            plural = piece.tokens[0].text != piece.tokens[0].key and "base" not in piece.forms
            begins = at == 0 or pieces[at - 1].kind == "mark" or "and" in pieces[at - 1].senses
            valued = after is not None and bool({"to", "p_on", "p_off"} & set(after.senses))
            if (led and ends) or (begins and plural and valued):
                found.append(Piece(tokens=piece.tokens, forms=("plural",) if plural else ()))
                continue
        if piece.kind == "number" and piece.tokens[0].value == PAIR and _pair(pieces, at):
            token = piece.tokens[0]
            both = Token(text="two", key="2", start=token.start, end=token.end)
            found.append(Piece(tokens=(both,), senses=("both",)))
            continue
        found.append(piece)
    return found


def _pair(pieces: Sequence[Piece], at: int) -> bool:
    """ "The two hall lamps": a bare number between an article and a noun in the plural counts its things."""
    token, after = pieces[at].tokens[0], pieces[at + 1 :]
    bare = token.unit is None and not token.relative and not pieces[at].named
    led = at > 0 and "det" in pieces[at - 1].senses and not pieces[at - 1].named
    noun = next((i for i, piece in enumerate(after) if not _noun(piece)), len(after))
    last = after[noun - 1].tokens[-1] if noun else None
    return bare and led and last is not None and last.text != last.key


def _noun(piece: Piece) -> bool:
    return piece.named or any(sense.startswith(NOMINAL) for sense in piece.senses)


def _keeps(piece: Piece) -> bool:
    """Is it a noun of the language already, or a word that sets, counts or colours whatever it is said of?"""
    families = (*NOMINAL, "level:", "color:", "mode:", "complaint:", "agg:")
    return any(sense.startswith(families) for sense in piece.senses) or bool(SETTING & set(piece.senses))


def _cuts(tokens: Sequence[Token], at: int, words: int, world: World) -> bool:
    """Does a phrase end within somebody's name: "the line" of "the line beacon"?"""
    for begin in range(at + 1, at + words):
        name = world.names.longest(tokens, begin) if tokens[begin].kind != "time" else None
        if name is not None and begin + name.tokens > at + words:
            return True
    return False


def _renamed(tokens: Sequence[Token], world: World) -> Sequence[Token]:
    """A time that is somebody's name is that name: a speaker called Sunday. "On Sunday" stays a day."""
    if not any(token.kind == "time" for token in tokens):
        return tokens
    found: list[Token] = []
    for token in tokens:
        words = token.text.split()
        bearers = world.names.find([_key(word) for word in words]) if token.kind == "time" else None
        if bearers is None:
            found.append(token)
            continue
        found.extend(Token(text=word, key=_key(word), start=token.start, end=token.end) for word in words)
    return found


def _counted(tokens: Sequence[Token], spoken: Language, world: World) -> Sequence[Token]:
    """Of "lamps 3 and 4" both are names, where there are both."""
    found: list[Token] = []
    base: Sequence[Token] = ()
    for at, token in enumerate(tokens):
        if token.kind == "number" and token.unit is None:
            corrected = at > 1 and tokens[at - 2].kind in ("mark", "number")  # "to 50, no 60"
            if found and found[-1].text in spoken.numbers.get("marks", ()) and at > 1 and not corrected:
                mark = found.pop()
                if _counts(tokens[at - 2], spoken) and not _known(tokens[: at - 1], token, world):
                    # "light number two", where none has a number
                    found.extend((mark, msgspec.structs.replace(token, kind="word", value=None)))
                    continue
                tokens = [*tokens[: at - 1], *tokens[at:]]
                return _counted(tokens, spoken, world)
            heads = _heads(tokens, at)
            own = next((head for head in heads if _names(head, token, world)), ())
            if not own and base and _names(base, token, world):
                found.extend(base)
            base = own or base
            if not own and any(_absent(head, world) for head in heads):
                # "lamp 5", where the lamps are 3 and 4, is a lamp that is not there, not a value
                found.append(msgspec.structs.replace(token, kind="word", value=None))
                continue
        elif token.text in spoken.numbers.get("pronouns", ()):
            base = next((h for h in _heads(tokens, at) if _names(h, token, world)), ())  # "fermenters one and two"
        elif not _closes(token, spoken):
            base = ()
        found.append(token)
    return found


def _heads(tokens: Sequence[Token], at: int) -> list[Sequence[Token]]:
    """The words before a number that may be the rest of a name."""
    return [tokens[begin:at] for begin in range(max(0, at - LONGEST_HEAD), at)]


def _known(before: Sequence[Token], number: Token, world: World) -> bool:
    """Is there one of that name and number, or numbered ones of that name?"""
    heads = [before[begin:] for begin in range(max(0, len(before) - LONGEST_HEAD), len(before))]
    return any(_names(head, number, world) or _absent(head, world) for head in heads)


def _counts(token: Token, spoken: Language) -> bool:
    """Is it a thing's word, which a number may count? Channels and levels have numbers for values."""
    found = spoken.phrases.phrase(token.text)
    return found is None or any(s.startswith("kind:") for s in found.senses)


def _absent(head: Sequence[Token], world: World) -> bool:
    plural = head[-1].kind == "word" and head[-1].text != head[-1].key
    return not plural and world.names.numbered([token.key for token in head])


def _names(head: Sequence[Token], number: Token, world: World) -> bool:
    return bool(head) and world.names.find([*(token.key for token in head), number.key]) is not None


@lru_cache(maxsize=8)
def _separable(code: str) -> dict[str, dict[str, str]]:
    table = language(code).rules.get("separable", {})
    return {stem: ends for stems, ends in table.items() for stem in stems.split()}


def _united(tokens: Sequence[Token], spoken: Language) -> Sequence[Token]:
    """Schließ die Tür ab: a verb and what it left at the end of its clause become one word, where the verb stood."""
    verbs = _separable(spoken.code)
    found = list(tokens)
    at = 0
    while verbs and at < len(found):
        ends = verbs.get(found[at].text)
        if ends is not None:
            stop = next((i for i in range(at + 1, len(found)) if _closes(found[i], spoken)), len(found))
            last = next((i for i in range(stop - 1, at, -1) if found[i].kind == "word"), at)
            whole = ends.get(found[last].text)
            if whole is not None and last > at:
                verb = found[at]
                found[at] = Token(text=whole, key=whole, start=verb.start, end=verb.end)
                del found[last]
        at += 1
    return found


def _closes(token: Token, spoken: Language) -> bool:
    """Where a clause ends: a mark, an "and"."""
    found = spoken.phrases.phrase(token.text)
    return token.kind == "mark" or (found is not None and "and" in found.senses)


def _uncompounded(tokens: Sequence[Token], spoken: Language, world: World) -> Sequence[Token]:
    """Küchenlicht is Küche and Licht, where a language joins words and nobody bears the whole."""
    ends, links = spoken.rules.get("compounds", ()), spoken.rules.get("links", {})
    found: list[Token] = []
    for token in tokens:
        end = next((end for end in ends if token.text.endswith(end) and len(token.text) > len(end) + 2), None)
        if end is None or token.kind != "word" or token.text in spoken.vocabulary or token.key in world.names.words:
            found.append(token)
            continue
        head = token.text[: -len(end)]
        head = links.get(head, head)
        cut = token.end - len(end)
        found.append(Token(text=head, key=_key(head), start=token.start, end=cut))
        found.append(Token(text=end, key=_key(end), start=cut, end=token.end))
    return found


def _addressed(pieces: list[Piece]) -> list[Piece]:
    """A wake word that is also a thing's name is a wake word where a sentence begins with it and goes on."""
    if len(pieces) > 1 and pieces[0].named and "filler" in pieces[0].senses:
        return [Piece(tokens=pieces[0].tokens, senses=("filler",)), *pieces[1:]]
    if len(pieces) > 2 and pieces[1].named and "filler" in pieces[1].senses and "filler" in pieces[0].senses:
        return [pieces[0], Piece(tokens=pieces[1].tokens, senses=("filler",)), *pieces[2:]]
    return pieces


def _piece(
    tokens: Sequence[Token], at: int, name: Match | None, phrase: Phrase | None, words: int, repaired: frozenset[int]
) -> Piece:
    length = max(name.tokens if name else 0, words, 1)
    taken = tuple(tokens[at : at + length])
    found = phrase if phrase is not None and words == length else None
    if found is not None and "except" in found.senses and taken[-1].text != taken[-1].key:
        found = None  # "bars" are no "bar"
    bearers = name.bearers if name is not None and name.tokens == length else None
    senses, forms = (found.senses, found.forms) if found is not None else ((), ())
    if found is not None and taken[-1].kind == "word" and taken[-1].text != taken[-1].key and "past" not in forms:
        forms = (*forms, "plural")
    fuzzy = any(token.start in repaired for token in taken)
    if bearers is None:
        return Piece(tokens=taken, senses=senses, forms=forms, fuzzy=fuzzy)
    return Piece(
        tokens=taken,
        senses=senses,
        forms=forms,
        fuzzy=fuzzy,
        things=bearers.things,
        places=bearers.places,
        scenes=bearers.scenes,
    )


def _longest(tokens: Sequence[Token], at: int, phrases: Trie, *, bent: bool) -> tuple[Phrase | None, int]:
    """The longest phrase at a point; a plural is also looked up in the singular. Not ``bent``: "the lights up" is
    no "he lights up", and "the heating up" no warming."""
    best, length = None, 0
    node = phrases
    for end in range(at, len(tokens)):
        token = tokens[end]
        if token.kind == "time":
            break
        step = node.step(token.text) or (node.step(token.key) if token.kind == "word" else None)
        if step is None:
            break
        node = step
        if node.found is not None and (bent or end == at or node.found.forms not in (("third",), ("ing",))):
            best, length = node.found, end + 1 - at
    return best, length


@lru_cache(maxsize=8)
def _words(code: str) -> Mapping[str, tuple[str, ...]]:
    return by_letter(language(code).repairable)


def _repair(tokens: Sequence[Token], spoken: Language, world: World) -> tuple[Sequence[Token], frozenset[int]]:
    """Unknown words that are one letter off a known one are read as that, where only one is so near."""
    typos = spoken.rules.get("typos", {})
    known = spoken.vocabulary
    unknown = [
        i
        for i, token in enumerate(tokens)
        if token.kind == "word"
        and token.text.isalpha()  # lamp1 is one of them, and not "lamps"
        and token.text not in known
        and token.key not in known
        and token.key not in world.names.words
    ]
    if not unknown or len(unknown) > MAX_REPAIRS:
        return tokens, frozenset()
    plain = spoken.rules.get("plain", ())
    found, repaired = list(tokens), set()
    for i in unknown:
        token = tokens[i]
        if token.text in plain:
            continue
        right = (
            typos.get(token.text)
            or _short(token.text, known)
            or _near(token.text, world.names.by_letter)
            or _near(token.key, world.names.by_letter)
            or _near(token.text, _words(spoken.code))
        )
        if right is None or (
            token.text not in typos and not _short(token.text, known) and _other(tokens, i, right, spoken, world)
        ):
            continue
        found[i] = Token(
            text=right, key=right if right in world.names.words else _key(right), start=token.start, end=token.end
        )
        if token.text not in typos and not _short(token.text, known):
            repaired.add(token.start)
    return found, frozenset(repaired)


def _short(word: str, known: Container[str]) -> str | None:
    """ "Errr", "pleeease": a word that is drawn out, as it is written."""
    return next(
        (short for most in (2, 1) if (short := _DRAWN.sub(r"\1" * most, word)) != word and short in known), None
    )


def _other(tokens: Sequence[Token], at: int, right: str, spoken: Language, world: World) -> bool:
    """Is it no slip, but another word: with a letter of its own ("Küche" is not "koche"), or a noun, after an article
    or a preposition, that would become a verb?"""
    own = {letter for letter in tokens[at].text if not letter.isascii()}
    plain = {unicodedata.normalize("NFD", letter)[0] for letter in own}
    if own and not (own <= set(right) or plain <= set(right)):
        return True
    found, led = spoken.phrases.phrase(right), spoken.phrases.phrase(tokens[at - 1].text) if at else None
    if right in world.names.words or found is None or led is None:
        return False
    article = "det" in led.senses or ("in" in led.senses and "p_on" not in led.senses)
    verb = bool(found.forms) or "notify" in found.senses  # "the stout recipe" is no shout
    return article and verb and not any(sense.startswith(NOMINAL) for sense in found.senses)


def _key(word: str) -> str:
    from unisono.assist.normaliser import key_of

    return key_of(word)


def _near(word: str, words: Mapping[str, tuple[str, ...]]) -> str | None:
    """The one known word so near. Nobody misses the first letter, or only by swapping it with the second."""
    if len(word) < SHORTEST_REPAIRED:
        return None
    most = 2 if len(word) >= TWO_OFF else 1
    found: list[tuple[int, str]] = []
    for letter in dict.fromkeys(word[:2]):
        for other in words.get(letter, ()):
            if abs(len(other) - len(word)) <= most:
                distance = OSA.distance(word, other, score_cutoff=most)
                if distance <= most:
                    found.append((distance, other))
    found.sort()
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    return found[0][1]
