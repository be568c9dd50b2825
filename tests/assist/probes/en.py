# ruff: noqa: E501 - a case is one line
"""English probes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.assist.probes.grammar import NOT_NOW, Probe, Wish, fill, lines

WISHES = (
    Wish("turn on", "the globe lamp", "turned on"), Wish("switch off", "the desk lamp", "switched off"),
    Wish("unlock", "the iron gate", "unlocked"), Wish("start", "the band saw", "started"),
    Wish("turn off", "the study air conditioner", "turned off"), Wish("stop", "the lathe", "stopped"),
    Wish("open", "the awning", "opened"), Wish("lock", "the cellar door", "locked"), Wish("turn on", "the rice cooker", "turned on"),
    Wish("close", "the velvet curtains", "closed"), Wish("start", "the glue press", "started"), Wish("turn off", "the moon lamp", "turned off"),
    Wish("stop", "the chip belt", "stopped"), Wish("open", "the skylight", "opened"), Wish("turn on", "the kettle", "turned on"),
)  # fmt: skip

NEGATED = """
don't {verb} {thing}
do not {verb} {thing}
never {verb} {thing}
please don't {verb} {thing}
you must not {verb} {thing}
nobody should {verb} {thing}
there is no need to {verb} {thing}
I don't want you to {verb} {thing}
whatever you do, don't {verb} {thing}
under no circumstances {verb} {thing}
I'd rather you didn't {verb} {thing}
you shouldn't {verb} {thing}
no one is allowed to {verb} {thing}
stop anyone who tries to {verb} {thing}
{thing} must never be {done}
{thing} should not be {done}
I said don't {verb} {thing}
hold off, don't {verb} {thing} yet
please refrain from asking to {verb} {thing}
not now, don't {verb} {thing}
we don't need to {verb} {thing}
avoid having {thing} {done}
can you please not {verb} {thing}
I never asked you to {verb} {thing}
it is forbidden to {verb} {thing}
"""

SUPPOSED = """
what happens if I {verb} {thing}?
what would happen if we were to {verb} {thing}?
suppose I {verb} {thing}
imagine somebody wanted to {verb} {thing}
should I {verb} {thing}?
I was going to {verb} {thing}
I almost had {thing} {done}
if I {verb} {thing}, will it cost much?
in theory one could {verb} {thing}
I wonder whether to {verb} {thing}
how do I {verb} {thing}?
would it be safe to {verb} {thing}?
I would have {done} {thing} if I had known
maybe we could {verb} {thing} some day
is it possible to {verb} {thing} from outside?
I might {verb} {thing} later
"""

REPORTED = """
he said to {verb} {thing}
my wife told me to {verb} {thing}
the manual says to {verb} {thing} first
somebody asked him to {verb} {thing}
the boss wants me to {verb} {thing}
she claims that {thing} was {done}
they say you should {verb} {thing}
according to the guide you {verb} {thing}
the neighbour complained that I {verb} {thing}
Bo shouted to {verb} {thing}
I heard that someone {done} {thing}
Bo asked whether he may {verb} {thing}
the sign says {verb} {thing}
"""

QUOTED = """
how do you say "{verb} {thing}" in German?
translate "{verb} {thing}" into French
what does "{verb} {thing}" mean?
he wrote "{verb} {thing}" on the wall
the note reads "{verb} {thing}"
spell the words "{verb} {thing}"
"""

PAST = """
I already {done} {thing}
yesterday I {done} {thing}
{thing} was {done} an hour ago
we {done} {thing} last week
somebody {done} {thing} this morning
{thing} has been {done}
I have {done} {thing} before
who {done} {thing}?
why was {thing} {done}?
when was {thing} {done}?
has {thing} been {done}?
did you {verb} {thing}?
"""

TIMED = """
{verb} {thing} tomorrow at eight
in ten minutes {verb} {thing}
{verb} {thing} every day at 10 pm
at sunset {verb} {thing}
on weekdays at half past seven {verb} {thing}
{verb} {thing} in an hour
when Bo comes home {verb} {thing}
{verb} {thing} tonight at eleven
"""

BY_HAND = """
turn on the sauna
open the safe
start milling machine four
switch off the pool lights
unlock the attic
turn up the chandelier
turn on the air conditioner
turn off the wall lamp
what a lovely lamp
tell me a joke about a lighthouse
I left the light on in my old car
book a flight to Rome
close the browser window
open my mail
thanks a lot
how much is a new kettle
the light at the end of the tunnel
he opened the door and left
good night
do something
set it to fifty
change it
"""

EXCEPTED = (
    ("turn off all the lights except the moon lamp", "night"),
    ("all lights off but not the moon lamp", "night"),
    ("turn everything in the study off apart from the desk lamp", "desk"),
    ("switch all lights on, but leave the arc lamp off", "arc"),
    ("stop all the machines in the workshop except the lathe", "lathe"),
    ("turn off the lights, just not the globe lamp", "globe"),
    ("turn off every light other than the desk lamp", "desk"),
)


def probes() -> Iterator[Probe]:
    """All of them."""
    yield from fill("en", "negation", NEGATED, WISHES, each=5)
    yield from fill("en", "hypothesis", SUPPOSED, WISHES, each=5)
    yield from fill("en", "report", REPORTED, WISHES, each=5)
    yield from fill("en", "quotation", QUOTED, WISHES, each=5)
    yield from fill("en", "past", PAST, WISHES, each=5)
    yield from fill("en", "schedule", TIMED, WISHES, each=5, allowed=NOT_NOW, timed=True)
    yield from (probe._replace(category="absence") for probe in lines("en", "by hand", BY_HAND))
    yield from (
        probe._replace(category="ambiguity")
        for probe in lines("en", "by hand", "turn off the wall lamp\nopen the door\nmake it nice")
    )
    for text, spared in EXCEPTED:
        yield Probe("en", "exception", text, NOT_NOW | {"act"}, frozenset({spared}))
