"""Where sentences end, in the languages the product speaks, and how to cut a long script. Pure."""

from __future__ import annotations

import re

_ABBREVIATIONS = {
    "en": "mr mrs ms dr prof sr jr st vs etc e.g i.e a.m p.m no vol fig approx inc ltd co corp dept est jan feb mar apr jun jul aug sep sept oct nov dec gen col sgt capt rev hon u.s u.k",
    "de": "z.b d.h u.a o.ä bzw usw ca nr dr prof hr fr str abs bd inkl exkl evtl ggf sog vgl st tel mio mrd jan feb mär apr jun jul aug sep okt nov dez s.o s.u u.u",
    "fr": "m mm mme mlle dr pr etc cf p.ex av bd env éd n° st ste vol chap janv févr avr juil sept oct nov déc",
    "es": "sr sra srta dr dra ud uds etc p.ej pág núm art cap av avda vol aprox ee.uu",
    "it": "sig sig.ra dott dott.ssa prof ecc es p.es pag art cap vol n ca",
    "pt": "sr sra dr dra prof etc p.ex pág núm art cap av vol",
    "nl": "dhr mevr dr prof bijv d.w.z enz nr blz ca m.b.t o.a",
    "pl": "p dr prof inż mgr np itd itp tzn tj ul al ok",
}
# "3. Mai": there a number with a stop is an ordinal.
_ORDINALS = frozenset({"de", "da", "nb", "fi", "pl", "cs", "sk", "hu", "tr"})
_EVERYWHERE = frozenset(" ".join(_ABBREVIATIONS[code] for code in ("en",)).split())
# Also what closes a quotation behind the stop. The full-width ones need no space after them.
_STOP = re.compile(
    r"(?:[.!?…؟۔]+|[\u0964\u0965])(?:[\"'”’»)\]]|[ \u00a0\u202f]»)*(?=\s|$)|[。！？｡]+[」』”’）]*|\n{2,}"
)
_LAST_WORD = re.compile(r"([^\s(\[\"'„“«]+)$")
_NEXT = re.compile(r"\s*(\S?)")
LONGEST_WORD = 64
_CLAUSE = re.compile(r"[,;:،、，；：–—]\s*")


def sentences(text: str, language: str = "en") -> list[str]:
    """The sentences in order; joined with spaces they are the text again but for its white space."""
    code = language.split("-")[0].lower()
    known = frozenset(_ABBREVIATIONS.get(code, "").split()) | _EVERYWHERE
    found, begin = [], 0
    for stop in _STOP.finditer(text):
        if _is_end(text, begin, stop, known, code in _ORDINALS):
            found.append(text[begin : stop.end()])
            begin = stop.end()
    found.append(text[begin:])
    return [" ".join(each.split()) for each in found if each.strip()]


def _is_end(text: str, begin: int, stop: re.Match[str], known: frozenset[str], ordinals: bool) -> bool:
    after = _NEXT.match(text, stop.end())[1]  # type: ignore[index]
    if stop[0][0] != ".":
        # "Why not?" she said.
        return not (stop[0][-1] in "\"'”’»" and after.islower())
    if stop[0].startswith(".") and not stop[0].startswith("..") and len(stop[0]) == 1:
        # No longer a look back than the longest word that matters: a text may be all abbreviations.
        word = _LAST_WORD.search(text[max(begin, stop.start() - LONGEST_WORD) : stop.start()])
        if word and _goes_on(word[1], after, known, ordinals):
            return False
    # "..." and abbreviations at a sentence's end: the next one begins with a capital.
    return not after.islower()


def _goes_on(word: str, after: str, known: frozenset[str], ordinals: bool) -> bool:
    """Whether the stop behind ``word`` belongs to it: an abbreviation, an initial or an ordinal number."""
    bare = word.lower()
    if bare in known:
        return after != ""
    if len(word) == 1 and word.isalpha() and word.isupper():
        return word != "I"
    return bool(re.fullmatch(r"\d{1,2}", word)) and (after.islower() or (ordinals and after.isalpha()))


def parts(text: str, most: int, language: str = "en") -> list[str]:
    """The text in pieces of at most ``most`` characters: whole sentences where they fit, else clauses, else
    words, and in the last resort letters."""
    made: list[str] = []
    for sentence in sentences(text, language):
        if made and len(made[-1]) + 1 + len(sentence) <= most:
            made[-1] += f" {sentence}"
        elif len(sentence) <= most:
            made.append(sentence)
        else:
            made.extend(_cut(sentence, most))
    return made


def _cut(sentence: str, most: int) -> list[str]:
    pieces: list[str] = []
    while len(sentence) > most:
        at = max((m.end() for m in _CLAUSE.finditer(sentence, 0, most) if m.end() > most // 3), default=0)
        at = at or sentence.rfind(" ", 0, most + 1)
        at = at if at > 0 else most
        pieces.append(sentence[:at].strip())
        sentence = sentence[at:].strip()
    return [*pieces, sentence] if sentence else pieces
