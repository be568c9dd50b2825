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
I don't think you should {verb} {thing}
it's not like I want you to {verb} {thing}
nothing could make me {verb} {thing}
I never want to {verb} {thing} again
let's not {verb} {thing}
let's not {verb} {thing} just yet
how about we don't {verb} {thing}
you are not to {verb} {thing} under any circumstances
without my say-so nobody may {verb} {thing}
no, you may not {verb} {thing}
I'm not asking you to {verb} {thing}
anything but {verb} {thing}
the last thing I want is to {verb} {thing}
it makes no sense to {verb} {thing}
I changed my mind, don't {verb} {thing}
forget about having to {verb} {thing}
I'd hate for you to {verb} {thing}
neither Bo nor I want to {verb} {thing}
do anything except {verb} {thing}
please, for once, do not {verb} {thing}
there's no point in trying to {verb} {thing}
I can't have you {verb} {thing} now
it wouldn't do to {verb} {thing}
nope, not going to {verb} {thing}
I refuse to {verb} {thing}
quit asking me to {verb} {thing}
don't ever let Bo {verb} {thing}
make sure nobody can {verb} {thing}
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
if only I could {verb} {thing}
if only somebody would {verb} {thing}
I nearly forgot to {verb} {thing}
I was just about to {verb} {thing}
I am tempted to {verb} {thing}
what's stopping me from deciding to {verb} {thing}
why would anyone {verb} {thing}
why didn't you {verb} {thing}
who in their right mind would {verb} {thing}
wouldn't it be funny to {verb} {thing}
let's say you {verb} {thing}, then what
assuming I {verb} {thing}, what follows
am I allowed to {verb} {thing}
do I have to {verb} {thing}
is it time to {verb} {thing} yet
are you going to {verb} {thing}
would you ever {verb} {thing} on your own
what does it take to {verb} {thing}
can anyone {verb} {thing} from the street
had I wanted to {verb} {thing} I would have said so
oh sure, {verb} {thing}, what could go wrong
to {verb} {thing} press the red button
would you rather {verb} {thing} or not
do you want to {verb} {thing}
do you want me to {verb} {thing}
it's impossible to {verb} {thing}
I'm unable to {verb} {thing}
{verb} {thing}, as if
{verb} {thing}, never mind
I would {verb} {thing} if you paid me
you could always {verb} {thing}, I suppose
next time I will {verb} {thing} myself
I have to remember to {verb} {thing} some day
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
my mother keeps telling me to {verb} {thing}
it's Bo who wants to {verb} {thing}
Bo is going to {verb} {thing}
Bo will {verb} {thing} in a minute
the other assistant would {verb} {thing} for me
in the film the robot is told to {verb} {thing}
the doctor recommended that we {verb} {thing}
there was a message: {verb} {thing}
someone on the phone ordered me to {verb} {thing}
rumour has it they {verb} {thing} at night
people often {verb} {thing} by mistake
Bo, {verb} {thing}, he yelled
everyone at work would {verb} {thing}
ask Bo to {verb} {thing}
tell Bo to {verb} {thing}
Bo can {verb} {thing}
Bo may {verb} {thing}
Bo should {verb} {thing}
let Bo {verb} {thing}
I need Bo to {verb} {thing}
I want Bo to {verb} {thing} at nine
Bo likes to {verb} {thing} every evening
"""

QUOTED = """
how do you say "{verb} {thing}" in German?
translate "{verb} {thing}" into French
what does "{verb} {thing}" mean?
he wrote "{verb} {thing}" on the wall
the note reads "{verb} {thing}"
spell the words "{verb} {thing}"
the password is "{verb} {thing}"
write "{verb} {thing}" on the shopping list
my favourite song is called "{verb} {thing}"
add "{verb} {thing}" to my notes
say "{verb} {thing}" three times
type {verb} {thing}
call my playlist {verb} {thing}
name this scene {verb} {thing}
rename {thing} to something else
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
{verb} {thing} yesterday
{verb} {thing} last night at nine
I have just {done} {thing}
I should have {done} {thing} yesterday
you {done} {thing} without asking
thanks for having {done} {thing}
who told you to {verb} {thing}
how often was {thing} {done} last week
last night somebody {done} {thing}
{thing} got {done} by accident
I remember that we {done} {thing}
Bo had {thing} {done} in March
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
on Friday at noon {verb} {thing}
every other thing aside, {verb} {thing} at six in the morning
{verb} {thing} once Bo is back
as soon as it gets dark {verb} {thing}
{verb} {thing} the day after tomorrow at nine
half an hour from now {verb} {thing}
when the cellar leak sensor gets wet {verb} {thing}
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
when hell freezes over unlock the iron gate
lock and load
the band saw could do with a new blade
turn the corner
switch schools
open a bank account
I need to open up to somebody
shut the front door, really?
close but no cigar
kill two birds with one stone
the lights in Paris are lovely
is there a lamp for sale
the moon is bright tonight
a desk lamp costs forty euros
put the book on the desk
Bo turned on me
the press conference starts at three
dust off the old records
turn on the charm
start a new chapter
stop kidding me
turn off the pool light
switch the jacuzzi on
close the barn door
dim the lights in the ballroom
lock the wine cabinet
start the lawn mower
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
    ("turn off everything but the moon lamp", "night"),
    ("all lights out bar the moon lamp", "night"),
    ("lights off everywhere save in the nursery", "night"),
    ("with the exception of the desk lamp turn off all the lights", "desk"),
    ("turn off the lights but keep the moon lamp on", "night"),
    ("turn all the lights off, the moon lamp excepted", "night"),
    ("not the desk lamp, but turn off all the other lights", "desk"),
    ("leave the moon lamp on and switch off the rest of the lights", "night"),
    ("kill the lights, though not the globe lamp", "globe"),
    ("stop everything in the workshop but leave the lathe running", "lathe"),
    ("all machines off, only the lathe keeps going", "lathe"),
    ("turn off the study lights but for the desk lamp", "desk"),
    ("all the lights except for those in the nursery off", "night"),
    ("every lamp but the moon lamp can go off", "night"),
    ("turn off all lights, don't touch the moon lamp", "night"),
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
