"""What a kind of thing can be and do: models, schemas, units, traits. Pure: no sockets, no clocks, no storage."""

from unisono.thing.builtin import PlaceKind, builtin_model, builtin_models, kind_by_telling, kinds_of_place
from unisono.thing.document import dump_model, hash_model, load_model
from unisono.thing.model import (
    OWN,
    PRESENCE,
    Action,
    Arg,
    Event,
    Model,
    Module,
    Property,
    Service,
    Source,
    find_action,
    find_event,
    find_property,
)
from unisono.thing.schema import Choice, Field, Schema, describe
from unisono.thing.shape import Examined, Shape, compile_model
from unisono.thing.soundness import Diagnostic, check_model, require_sound
from unisono.thing.total import RISING, began_anew, gained, gained_within
from unisono.thing.trait import Trait, traits
from unisono.thing.units import Unit, convert, find_unit, units
from unisono.thing.value import check_input, check_value, same

__all__ = [
    "OWN",
    "PRESENCE",
    "RISING",
    "Action",
    "Arg",
    "Choice",
    "Diagnostic",
    "Event",
    "Examined",
    "Field",
    "Model",
    "Module",
    "PlaceKind",
    "Property",
    "Schema",
    "Service",
    "Shape",
    "Source",
    "Trait",
    "Unit",
    "began_anew",
    "builtin_model",
    "builtin_models",
    "check_input",
    "check_model",
    "check_value",
    "compile_model",
    "convert",
    "describe",
    "dump_model",
    "find_action",
    "find_event",
    "find_property",
    "find_unit",
    "gained",
    "gained_within",
    "hash_model",
    "kind_by_telling",
    "kinds_of_place",
    "load_model",
    "require_sound",
    "same",
    "traits",
    "units",
]
