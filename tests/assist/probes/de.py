# ruff: noqa: E501 - a case is one line
"""German probes: fewer than of the first two languages, of the same kinds."""

from __future__ import annotations

from collections.abc import Iterator

from tests.assist.probes.grammar import NOT_NOW, Probe, Wish, fill, lines

WISHES = (
    Wish("einschalten", "die Kugelleuchte", "eingeschaltet"), Wish("ausschalten", "die Schreibtischlampe", "ausgeschaltet"),
    Wish("aufschließen", "das Eisentor", "aufgeschlossen"), Wish("starten", "die Bandsäge", "gestartet"),
    Wish("stoppen", "die Drehbank", "gestoppt"), Wish("öffnen", "das Dachfenster", "geöffnet"),
    Wish("abschließen", "die Kellertür", "abgeschlossen"),
)  # fmt: skip

NEGATED = """
{thing} nicht {verb}
bitte {thing} nicht {verb}
{thing} auf keinen Fall {verb}
niemals {thing} {verb}
du sollst {thing} nicht {verb}
niemand darf {thing} {verb}
bloß nicht {thing} {verb}
{thing} darf man nicht {verb}
du brauchst {thing} nicht zu {verb}
ich will {thing} nicht {verb}
"""

SUPPOSED = """
soll ich {thing} {verb}?
was passiert, wenn wir {thing} {verb}?
stell dir vor, wir {verb} {thing}
theoretisch könnte man {thing} {verb}
wie kann ich {thing} {verb}?
ich überlege, {thing} zu {verb}
ich hätte fast {thing} {done}
was wäre, wenn jemand {thing} {done} hätte?
darf ich {thing} {verb}?
vielleicht {verb} wir {thing}
"""

REPORTED = """
er sagte, wir sollen {thing} {verb}
meine Frau sagt, ich soll {thing} {verb}
laut Anleitung muss man {thing} {verb}
der Nachbar behauptet, {thing} sei {done}
angeblich hat jemand {thing} {done}
sie schrieb, man solle {thing} {verb}
"""

PAST = """
ich habe {thing} schon {done}
{thing} wurde gestern {done}
gestern haben wir {thing} {done}
hast du {thing} {done}?
wer hat {thing} {done}?
warum wurde {thing} {done}?
wann wurde {thing} {done}?
"""

QUOTED = """
was heißt "{thing} {verb}" auf Englisch
übersetze "{thing} {verb}" ins Französische
auf dem Zettel steht "{thing} {verb}"
"""

TIMED = """
morgen um acht Uhr {thing} {verb}
in zehn Minuten {thing} {verb}
jeden Tag um 22 Uhr {thing} {verb}
bei Sonnenuntergang {thing} {verb}
werktags um sieben Uhr {thing} {verb}
"""

BY_HAND = """
schalte die Sauna ein
mach das Licht im Schwimmbad an
öffne den Tresor
starte die Fräsmaschine
mach die Lampe im Flur an
wie wird das Wetter morgen?
erzähl mir einen Witz
ich mag deine Lampe
guten Morgen
danke schön
wie viel kostet eine neue Lampe?
das Licht am Ende des Tunnels
er machte die Tür auf und ging
buche einen Flug nach Rom
"""


def probes() -> Iterator[Probe]:
    """All of them."""
    yield from fill("de", "negation", NEGATED, WISHES, each=4)
    yield from fill("de", "hypothesis", SUPPOSED, WISHES, each=4)
    yield from fill("de", "report", REPORTED, WISHES, each=4)
    yield from fill("de", "past", PAST, WISHES, each=4)
    yield from fill("de", "quotation", QUOTED, WISHES, each=4)
    yield from fill("de", "schedule", TIMED, WISHES, each=4, allowed=NOT_NOW, timed=True)
    yield from lines("de", "by hand", BY_HAND)
