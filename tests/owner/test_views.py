"""Commands as they are kept and searched for."""

from __future__ import annotations

from unisono.owner.views import audit_row, refusals, wanted
from unisono.twin.command import REFUSED, Audit, Command, State
from unisono.twin.record import Asked
from unisono.twin.talk import CommandsFind

#: What a scene asks for that somebody ran by hand, and what it asks for of itself.
BY_HAND = Asked("c1", "lamp", 1, {"kind": "person", "id": "wei", "scene": "evening", "run": "evening-1"}, {"on": True})
BY_ITSELF = Asked("c2", "lamp", 2, {"kind": "scene", "id": "evening", "run": "evening-2"}, {"on": True})


def test_what_a_scene_did_is_found_by_its_id_whoever_ran_it() -> None:
    for who in ("evening", "wei", "person"):
        assert wanted(Command(BY_HAND), CommandsFind(who=who)), who
    assert wanted(Command(BY_ITSELF), CommandsFind(who="evening"))
    assert not wanted(Command(BY_ITSELF), CommandsFind(who="wei"))
    assert not wanted(Command(BY_HAND), CommandsFind(who="morning"))


def test_it_is_kept_with_the_scene_that_was_run_by_hand() -> None:
    row = audit_row(Audit(BY_HAND, "home", State.CONFIRMED, 5), "0")
    assert (row.kind, row.who, row.scene) == ("person", "wei", "evening")
    row = audit_row(Audit(BY_ITSELF, "home", State.CONFIRMED, 5), "0")
    assert (row.kind, row.who, row.scene) == ("scene", "evening", None)


def test_what_was_refused_is_found_before_it_is_written() -> None:
    refused = audit_row(Audit(BY_HAND, "home", REFUSED, 5, "no", "not_allowed"), "0")
    again = audit_row(Audit(BY_HAND, "home", REFUSED, 7, "no", "not_allowed"), "0")
    ended = audit_row(Audit(BY_ITSELF, "home", State.CONFIRMED, 6), "0")
    lines = [refused, ended, again]
    for asked in (
        {},
        {"things": ["lamp"]},
        {"who": "wei"},
        {"who": "evening"},
        {"states": ["refused"]},
        {"start": 1, "end": 2},
    ):
        found = refusals(lines, CommandsFind(**asked))
        assert [(view.id, view.state, view.ended) for view in found] == [("c1", "refused", 5), ("c1", "refused", 7)], (
            asked
        )
    for asked in ({"things": ["tv"]}, {"who": "anna"}, {"states": ["confirmed"]}, {"start": 2}, {"end": 1}):
        assert refusals(lines, CommandsFind(**asked)) == [], asked
    assert refusals(lines, CommandsFind(before=(1, again.id)))[0].ended == 5
    assert len(refusals(lines, CommandsFind(before=(1, again.id)))) == 1
