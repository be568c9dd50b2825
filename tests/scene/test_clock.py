"""Time in the engine: two years of daylight saving in five zones, clocks that jump, the sun at 70 degrees north.

Schedules alone are in ``test_schedule``; here whole scenes run by them.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.scene.stage import NOON, SECOND, Stage
from tests.scene.test_schedule import ZONES, expected

HOUR = 3600
DAY = 86_400
TELL = "then: [{notify: {text: x}}]\n"
JUMPS = [pytest.param(by, id=name) for name, by in (("+1 h", HOUR), ("-1 h", -HOUR), ("+10 years", 3652 * DAY))]


def starts(stage: Stage, id: str = "s") -> list[datetime]:
    """When effects of a scene were begun; runs that have ended are kept only for a while."""
    ats = [effect.at for effect in stage.engine.effects.values() if effect.run.startswith(f"{id}-")]
    return [datetime.fromtimestamp(at / SECOND, UTC) for at in ats]


@pytest.mark.parametrize("zone", ZONES)
def test_two_years_of_daylight_saving(zone: str) -> None:
    """A scene at 02:30 local time and one at midnight run once on each of 731 days, whatever the clocks do."""
    place = ZoneInfo(zone)
    begin = datetime(2026, 12, 31, 12, tzinfo=place)
    stage = Stage(wall=int(begin.timestamp()) * SECOND)
    stage.place("home", zone=zone)
    stage.scene('id: half\nwhen: [{time: {at: "02:30"}}]\n' + TELL)
    stage.scene('id: midnight\nwhen: [{time: {at: "00:00"}}]\n' + TELL)
    stage.tick(732 * DAY)
    days = [date(2027, 1, 1) + timedelta(days=n) for n in range(731)]
    assert starts(stage, "half")[:731] == [expected(day, 2, 30, place) for day in days]
    assert starts(stage, "midnight")[:731] == [expected(day, 0, 0, place) for day in days]


def test_leap_day() -> None:
    stage = Stage(wall=int(datetime(2027, 3, 1, tzinfo=UTC).timestamp()) * SECOND)
    stage.scene('when: [{time: {cron: "0 12 29 2 *"}}]\n' + TELL)
    stage.scene('id: daily\nwhen: [{time: {at: "12:00"}}]\n' + TELL)
    stage.tick(2 * 366 * DAY)
    assert [moment.date() for moment in starts(stage)] == [date(2028, 2, 29)]
    days = [moment.date() for moment in starts(stage, "daily")]
    assert all(after - before == timedelta(days=1) for before, after in itertools.pairwise(days))


@pytest.mark.parametrize("by", JUMPS)
class TestJumps:
    """Durations count elapsed time, which no jump of the wall clock moves."""

    def stage(self, scene: str) -> Stage:
        stage = Stage()
        stage.thing("lamp", "light", on_off=False, brightness=50)
        stage.thing("probe", "sensor.temperature", temperature=20.0)
        stage.scene(scene + TELL)
        return stage

    def test_holding_for_so_long(self, by: float) -> None:
        stage = self.stage("when: [{change: {things: [probe], property: temperature, above: 25, for_s: 600}}]\n")
        stage.report("probe", temperature=30.0)
        stage.tick(300)
        stage.tick(1, clock=1 + by)
        stage.tick(298.9)
        assert stage.runs == 0
        stage.tick(0.1)
        assert stage.runs == 1

    def test_a_wait(self, by: float) -> None:
        stage = Stage()
        stage.scene("then: [{wait: {for_s: 600}}, {stop: {}}]")
        stage.run()
        stage.tick(300)
        stage.tick(1, clock=1 + by)
        stage.tick(298.9)
        assert stage.open
        stage.tick(0.1)
        assert not stage.open

    def test_a_timeout(self, by: float) -> None:
        stage = self.stage("")
        until = "{state: {things: [lamp], property: on_off, is: true}}"
        stage.scene(f"then: [{{wait: {{until: [{until}], timeout_s: 600}}}}]", version=2)
        stage.run()
        stage.tick(1, clock=1 + by)
        stage.tick(598.9)
        assert stage.open
        stage.tick(0.1)
        assert not stage.open

    def test_silence(self, by: float) -> None:
        stage = self.stage("when: [{silence: {things: [probe], for_s: 600}}]\n")
        stage.tick(300)
        stage.report("probe", temperature=20.0)
        stage.tick(1, clock=1 + by)
        stage.report("probe", temperature=20.0)
        stage.tick(599)
        assert stage.runs == 0
        stage.tick(2)
        assert stage.runs == 1

    def test_a_window(self, by: float) -> None:
        stage = self.stage(
            "when: [{window: {things: [probe], property: temperature, over_s: 600, agg: mean, above: 25}}]\n"
        )
        stage.report("probe", temperature=40.0)
        assert stage.runs == 1
        stage.tick(1, clock=1 + by)
        stage.report("probe", temperature=20.0)  # 30 on average: still above
        stage.report("probe", temperature=41.0)
        assert stage.runs == 1
        stage.tick(620)
        stage.report("probe", temperature=40.0)
        assert stage.runs == 2


class TestSchedulesThroughJumps:
    def stage(self, missed: str) -> Stage:
        """It is noon; the scene is at half past twelve every day."""
        stage = Stage()
        stage.scene(f'when: [{{time: {{at: "12:30", missed: {missed}}}}}]\nmode: parallel\n' + TELL)
        return stage

    @pytest.mark.parametrize(("missed", "runs"), [("skip", 0), ("once", 1), ("all", 1)])
    def test_an_hour_forward(self, missed: str, runs: int) -> None:
        stage = self.stage(missed)
        stage.tick(1, clock=HOUR)
        assert stage.runs == runs
        stage.tick(DAY)
        assert stage.runs == runs + 1

    def test_a_missed_moment_is_told_as_people_read_it(self) -> None:
        stage = Stage()
        stage.place("home", zone="Asia/Shanghai")
        stage.scene('when: [{time: {at: "19:30", missed: skip}}]\n' + TELL)
        stage.tick(1, clock=HOUR)
        refusals = [(each.why, each.path, each.seen) for each in stage.engine.scenes["s"].refusals]
        assert len(refusals) == 1 and refusals[0][:2] == ("its moment was missed", "when.0.time")
        assert refusals[0][2].endswith("T19:30:00+08:00")

    @pytest.mark.parametrize("missed", ["skip", "once", "all"])
    def test_an_hour_back(self, missed: str) -> None:
        stage = self.stage(missed)
        stage.tick(1900)
        assert stage.runs == 1
        stage.tick(1, clock=1 - HOUR)
        stage.tick(2 * HOUR)
        assert stage.runs == 1  # half past twelve has been
        stage.tick(DAY)
        assert stage.runs == 2

    @pytest.mark.parametrize(("missed", "runs"), [("skip", 0), ("once", 1), ("all", 100)])
    def test_ten_years_forward(self, missed: str, runs: int) -> None:
        stage = self.stage(missed)
        stage.tick(1, clock=3652 * DAY)
        assert len(starts(stage)) == runs
        stage.tick(DAY)
        assert len(starts(stage)) == runs + 1

    @pytest.mark.parametrize("missed", ["skip", "once"])
    def test_ten_years_forward_and_back(self, missed: str) -> None:
        """A clock that was wrong for a moment: afterwards every day is as before."""
        stage = self.stage(missed)
        stage.tick(1, clock=3652 * DAY)
        stage.tick(1, clock=-3652 * DAY)
        before = len(starts(stage))
        stage.tick(3 * DAY)
        assert len(starts(stage)) == before + 3

    def test_every_so_many_seconds(self) -> None:
        stage = Stage()
        stage.scene("when: [{time: {every_s: 600}}]\nmode: parallel\n" + TELL)
        stage.tick(1, clock=HOUR)
        stage.tick(3600)
        assert len(starts(stage)) == 7  # it jumped onto a full ten minutes
        stage.tick(1, clock=1 - HOUR)
        stage.tick(2 * HOUR)
        assert len(starts(stage)) == 13


class TestFarNorth:
    """70 degrees north, 25 east: the sun stays up from May to July, and away from November to January."""

    def test_two_years_of_sunsets(self) -> None:
        stage = Stage(wall=int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()) * SECOND)
        stage.place("home", zone="Europe/Oslo", latitude=70.0, longitude=25.0)
        stage.scene("id: rises\nwhen: [{time: {at: sunrise}}]\n" + TELL)
        stage.scene("id: sets\nwhen: [{time: {at: sunset, offset_s: -600}}]\n" + TELL)
        stage.tick(731 * DAY)
        for id in ("rises", "sets"):
            moments = starts(stage, id)
            gaps = [after - before for before, after in itertools.pairwise(moments)]
            assert min(gaps) > timedelta(hours=20)
            away = sorted(gaps)[-3:]  # two summers and the winter between
            assert all(timedelta(days=40) < gap < timedelta(days=90) for gap in away)
            assert all(gap < timedelta(days=2) for gap in sorted(gaps)[:-3])
            months = {moment.month for moment in moments}
            assert not months & {6, 12}

    @pytest.mark.parametrize(
        ("day", "up"), [((2027, 6, 21, 0), True), ((2027, 12, 21, 12), False), ((2027, 3, 21, 11), True)]
    )
    def test_whether_it_is_up(self, day: tuple[int, int, int, int], up: bool) -> None:
        stage = Stage(wall=int(datetime(*day, tzinfo=UTC).timestamp()) * SECOND)
        stage.place("home", zone="Europe/Oslo", latitude=70.0, longitude=25.0)
        stage.scene("if: [{sun: {is: up}}]\n" + TELL)
        stage.run()
        assert stage.runs == up


def test_noon_is_noon() -> None:
    assert datetime.fromtimestamp(NOON / SECOND, UTC).astimezone(ZoneInfo("Europe/Berlin")).hour == 12
