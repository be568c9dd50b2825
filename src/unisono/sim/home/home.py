"""The simulated home: six rooms, a garden, and about two dozen things.

Knows which things there are, where, and by which names; their behaviour is in the neighbouring files.
"""

from __future__ import annotations

from unisono.sim.device import Device, Label
from unisono.sim.home.air import Room, Weather
from unisono.sim.home.appliances import Fridge, Kettle, Washer
from unisono.sim.home.climate import AirPurifier, Climate
from unisono.sim.home.doors import Cover, GarageDoor, Lock
from unisono.sim.home.energy import Meter, Plug, television_w
from unisono.sim.home.household import Household
from unisono.sim.home.lights import Light
from unisono.sim.home.sensors import Measuring, Scale, Watching, contact_of, motion_in, presence_in
from unisono.sim.home.vacuum import Vacuum
from unisono.sim.world import Place, World

__all__ = ["ROOMS", "build_home"]

ROOMS = {
    "hallway": ("Hallway", "玄关"),
    "living_room": ("Living room", "客厅"),
    "kitchen": ("Kitchen", "厨房"),
    "bedroom": ("Bedroom", "卧室"),
    "bathroom": ("Bathroom", "卫生间"),
    "garage": ("Garage", "车库"),
}
ZONE, POSITION = "Asia/Shanghai", (39.98, 116.3)  # where the simulated car's road begins
BASE_LOAD_W = 60.0  # router, clocks, chargers
SMOKE_PM25 = 400.0  # ug/m3 at which an optical alarm sounds
METER_KWH = 4182.0  # it was there before us


def places(parent: str | None) -> list[Place]:
    """The places, roots first."""
    rooms = [Place(room, name, zh, "room", "home") for room, (name, zh) in ROOMS.items()]
    home = Place("home", "Home", "家", "home", parent, ZONE, POSITION)
    return [home, *rooms, Place("garden", "Garden", "花园", "outdoor", "home")]


def build_home(parent: str | None = None) -> World:
    """A home below ``parent``, or as a root place of its own."""
    weather = Weather()
    rooms = {name: Room(weather, temperature=20.0 + index * 0.4) for index, name in enumerate(ROOMS)}
    people = Household({name: room for name, room in rooms.items() if name != "garage"}, bed="bedroom")
    devices = [*_lights(rooms), *_machines(rooms, people), *_sensors(rooms, people, weather)]
    draws = [lambda device=device: device.power_w for device in devices if hasattr(device, "power_w")]
    meter = Meter(
        Label("home_meter", "home", "Electricity meter", "电表"), [lambda: BASE_LOAD_W, *draws], energy_kwh=METER_KWH
    )
    return World(places(parent), [*devices, meter], [weather, people, *rooms.values()])


def _lights(rooms: dict[str, Room]) -> list[Device]:
    return [
        Light(Label("living_light", "living_room", "Living room light", "客厅灯"), rooms["living_room"]),
        Light(Label("kitchen_light", "kitchen", "Kitchen light", "厨房灯"), rooms["kitchen"]),
        Light(Label("bedroom_light", "bedroom", "Bedroom light", "卧室灯"), rooms["bedroom"]),
        Light(Label("hallway_light", "hallway", "Hallway light", "玄关灯"), rooms["hallway"]),
    ]


def _machines(rooms: dict[str, Room], people: Household) -> list[Device]:
    living, kitchen = rooms["living_room"], rooms["kitchen"]
    return [
        Climate(Label("living_climate", "living_room", "Air conditioner", "空调"), living),
        AirPurifier(Label("bedroom_purifier", "bedroom", "Air purifier", "空气净化器"), rooms["bedroom"]),
        Cover(Label("living_blinds", "living_room", "Blinds", "窗帘"), living),
        Lock(Label("front_door_lock", "hallway", "Front door lock", "入户门锁"), people),
        GarageDoor(Label("garage_door", "garage", "Garage door", "车库门")),
        Plug(Label("tv_plug", "living_room", "TV plug", "电视插座"), television_w(people, "living_room"), 61.5),
        Vacuum(Label("vacuum", "living_room", "Robot vacuum", "扫地机器人")),
        Washer(Label("washer", "bathroom", "Washing machine", "洗衣机")),
        Fridge(Label("fridge", "kitchen", "Fridge", "冰箱"), kitchen, people, "kitchen"),
        Kettle(Label("kettle", "kitchen", "Kettle", "电水壶"), kitchen, people, "kitchen"),
    ]


def _sensors(rooms: dict[str, Room], people: Household, weather: Weather) -> list[Device]:
    living, bedroom, kitchen = rooms["living_room"], rooms["bedroom"], rooms["kitchen"]
    warmth, damp = Scale("temperature", 0.03, 1), Scale("humidity", 0.2, 0)
    carbon, light = Scale("co2", 2.0, 0), Scale("illuminance", 2.0, 0)
    here, there = "living_room", "bedroom"
    hall = "hallway"
    return [
        Measuring(
            Label("living_temperature", here, "Living room temperature", "客厅温度"), warmth, lambda: living.temperature
        ),
        Measuring(Label("living_co2", here, "Living room CO2", "客厅二氧化碳"), carbon, lambda: living.co2),
        Measuring(
            Label("living_illuminance", here, "Living room brightness", "客厅光照"), light, lambda: living.illuminance
        ),
        Measuring(
            Label("bedroom_temperature", there, "Bedroom temperature", "卧室温度"), warmth, lambda: bedroom.temperature
        ),
        Measuring(Label("bedroom_humidity", there, "Bedroom humidity", "卧室湿度"), damp, lambda: bedroom.humidity),
        Measuring(
            Label("outdoor_temperature", "garden", "Outdoor temperature", "室外温度"),
            warmth,
            lambda: weather.temperature,
        ),
        Watching(Label("front_door", hall, "Front door", "入户门"), "contact", contact_of(people)),
        Watching(Label("hallway_motion", hall, "Hallway motion", "玄关人体感应"), "motion", motion_in(people, hall)),
        Watching(
            Label("living_occupancy", here, "Living room presence", "客厅有人"), "occupancy", presence_in(people, here)
        ),
        Watching(Label("kitchen_leak", "kitchen", "Kitchen leak sensor", "厨房漏水"), "leak", lambda dt_s: False),
        Watching(
            Label("kitchen_smoke", "kitchen", "Smoke alarm", "厨房烟雾"),
            "smoke",
            lambda dt_s: kitchen.pm25 > SMOKE_PM25,
        ),
    ]
