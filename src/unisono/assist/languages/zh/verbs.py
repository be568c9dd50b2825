"""Which senses of Chinese words say what is to be done."""

__all__ = ["MOVES", "VERBS", "VERBS_SET"]

#: Of several things that a clause may want, the one named first here is it.
VERBS = (
    "undo", "reset", "unmute", "mute", "disarm", "arm", "unlock", "lock", "dock", "honk", "next", "previous", "resume", "pause", "swing",
    "brew", "clean", "record", "charge", "defrost", "brighter", "dimmer", "warmer", "cooler", "louder", "quieter", "faster", "slower",
    "raise", "lower", "retract", "extend", "stop", "off", "close", "on", "open", "start", "play", "up", "down", "toggle", "set", "change",
)  # fmt: skip
VERBS_SET = frozenset(VERBS)
#: More and less, and which way that is.
MOVES = {
    "up": 1,
    "down": -1,
    "brighter": 1,
    "dimmer": -1,
    "warmer": 1,
    "cooler": -1,
    "louder": 1,
    "quieter": -1,
    "faster": 1,
    "slower": -1,
}
