"""What templates may use of Home Assistant's own filters, functions and tests, besides Jinja's.

Pure functions of what they are given: the time is passed in (`clock`), patterns that could run for ever and texts
without end are refused. Knows no template and no message.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import statistics
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from unisono.dialect.homeassistant.bounds import formatted
from unisono.errors import DeviceError

__all__ = ["FILTERS", "GLOBALS", "TESTS", "clock"]

#: Members of a list that is counted, and characters of a text that is looked through.
MOST_ITEMS = 1_000

_MISSING: Any = object()


def _float(value: Any, default: Any = _MISSING) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is no number", code="bad_value") from None
        return default


def _int(value: Any, default: Any = _MISSING, base: int = 10) -> Any:
    try:
        return int(value, base) if isinstance(value, str) and base != 10 else int(float(value))
    except (TypeError, ValueError, OverflowError):
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is no number", code="bad_value") from None
        return default


def _bool(value: Any, default: Any = _MISSING) -> Any:
    word = str(value).lower()
    if word in ("true", "yes", "on", "enable", "1", "1.0"):
        return True
    if word in ("false", "no", "off", "disable", "0", "0.0"):
        return False
    if default is _MISSING:
        raise DeviceError(f"{word[:40]!r} is neither true nor false", code="bad_value")
    return default


def _iif(value: Any, if_true: Any = True, if_false: Any = False, if_none: Any = _MISSING) -> Any:
    if value is None and if_none is not _MISSING:
        return if_none
    return if_true if value else if_false


def _round(value: Any, precision: int = 0, method: str = "common", default: Any = _MISSING) -> Any:
    number = _float(value, default)
    if not isinstance(number, int | float):
        return number
    if method in ("ceil", "floor"):
        factor = 10 ** min(int(precision), 15)
        number = getattr(math, method)(number * factor) / factor
    elif method == "half":
        number = round(number * 2) / 2
    else:
        number = round(number, int(precision))
    return int(number) if precision == 0 else number


def _log(value: Any, base: float = math.e) -> float:
    return math.log(_float(value), base)


def _of(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*args: Any) -> Any:
        return function(*args)

    return called


def _from_json(text: Any) -> Any:
    return json.loads(str(text))


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    try:
        return math.isfinite(float(value))
    except (TypeError, ValueError):
        return False


def _literal(pattern: Any) -> Any:
    """Patterns that could run for ever are refused: groups that repeat and are repeated."""
    text = str(pattern)
    if len(text) > 200 or re.search(r"[+*}]\)?[+*{]|\)[+*{]", text):
        raise DeviceError("too difficult a pattern", code="bad_value")
    return re.compile(text)


def _matches(value: Any, find: Any = "") -> bool:
    return _literal(find).match(str(value)[:1_000]) is not None


def _searches(value: Any, find: Any = "") -> bool:
    return _literal(find).search(str(value)[:1_000]) is not None


def _replaced(value: Any, find: Any = "", replace: Any = "") -> str:
    return str(_literal(find).sub(str(replace)[:MOST_ITEMS], str(value)[:1_000]))


def _found(value: Any, find: Any = "", index: int = 0) -> Any:
    return _literal(find).findall(str(value)[:1_000])[index]


def _slugify(value: Any) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(value).lower()).strip("_")


def _numbers(*given: Any) -> list[float]:
    """Numbers of a list, or given one by one."""
    listed = given[0] if len(given) == 1 and isinstance(given[0], Iterable) else given
    return [_float(each) for each in list(listed)[:MOST_ITEMS]]


def _average(*given: Any) -> float:
    return statistics.fmean(_numbers(*given))


def _median(*given: Any) -> float:
    return statistics.median(_numbers(*given))


def _flatten(value: Any, levels: int = 1) -> list[Any]:
    """Lists in a list as one, so many levels deep."""
    flat: list[Any] = []
    for each in list(value)[:MOST_ITEMS]:
        flat += _flatten(each, levels - 1) if isinstance(each, list | tuple) and levels > 0 else [each]
    return flat


# time: in UTC, since a message does not say where it is


def clock(now_ms: int) -> dict[str, Callable[[], datetime]]:
    """``now`` and ``utcnow`` of a moment."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return {"now": lambda: moment, "utcnow": lambda: moment}


def _datetime(value: Any, default: Any = _MISSING) -> Any:
    """A moment out of seconds since 1970 or a text in ISO 8601."""
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, int | float) or _is_number(value):
            return datetime.fromtimestamp(float(value), UTC)
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is no time", code="bad_value") from None
        return default


def _timestamp(value: Any, default: Any = _MISSING) -> Any:
    found = _datetime(value, default)
    return found.timestamp() if isinstance(found, datetime) else found


def _strptime(value: Any, form: Any, default: Any = _MISSING) -> Any:
    try:
        return datetime.strptime(str(value)[:100], str(form)[:100])
    except ValueError:
        if default is _MISSING:
            raise DeviceError(f"{str(value)[:40]!r} is not like {str(form)[:40]!r}", code="bad_value") from None
        return default


def _custom(value: Any, form: Any = "%Y-%m-%d %H:%M:%S", local: Any = True, default: Any = _MISSING) -> Any:
    found = _datetime(value, default)
    return found.strftime(str(form)[:100]) if isinstance(found, datetime) else found


def _iso(value: Any, default: Any = _MISSING) -> Any:
    found = _datetime(value, default)
    return found.isoformat() if isinstance(found, datetime) else found


def _span(**given: Any) -> timedelta:
    try:
        return timedelta(**{name: _float(each) for name, each in given.items()})
    except OverflowError:
        raise DeviceError("too long a time", code="bad_value") from None


def _trigonometric(name: str) -> Callable[..., float]:
    function = getattr(math, name)
    return lambda *given: function(*(_float(each) for each in given))


_NUMERIC: dict[str, Callable[..., Any]] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "iif": _iif,
    "log": _log,
    "sqrt": lambda value: math.sqrt(_float(value)),
    **{name: _trigonometric(name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")},
    "average": _average,
    "median": _median,
    "is_number": _is_number,
    "bitwise_and": lambda value, by: int(value) & int(by),
    "bitwise_or": lambda value, by: int(value) | int(by),
    "bitwise_xor": lambda value, by: int(value) ^ int(by),
    "slugify": _slugify,
    "as_datetime": _datetime,
    "as_timestamp": _timestamp,
    "flatten": _flatten,
    "typeof": lambda value: type(value).__name__,
    "set": lambda value=(): set(value),
    "tuple": lambda value=(): tuple(value),
}

GLOBALS: dict[str, Any] = {
    **_NUMERIC,
    "max": _of(max),
    "min": _of(min),
    "zip": lambda *given: list(zip(*given, strict=False))[:MOST_ITEMS],
    "strptime": _strptime,
    "timedelta": _span,
    "pi": math.pi,
    "tau": math.tau,
    "inf": math.inf,
    "e": math.e,
}

FILTERS: dict[str, Callable[..., Any]] = {
    **_NUMERIC,
    "round": _round,
    "format": formatted,
    "multiply": lambda value, by: _float(value) * _float(by),
    "add": lambda value, by: _float(value) + _float(by),
    "from_json": _from_json,
    "to_json": _to_json,
    "tojson": _to_json,
    "is_defined": lambda value: value,
    "contains": lambda value, wanted: wanted in value,
    "regex_match": _matches,
    "regex_search": _searches,
    "regex_replace": _replaced,
    "regex_findall": lambda value, find="": _literal(find).findall(str(value)[:MOST_ITEMS])[:MOST_ITEMS],
    "regex_findall_index": _found,
    "base64_encode": lambda value: base64.b64encode(str(value).encode()).decode(),
    "base64_decode": lambda value: base64.b64decode(str(value)).decode("utf-8", "replace"),
    "from_hex": lambda value: bytes.fromhex(str(value)),
    "md5": lambda value: hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest(),
    "ord": lambda value: ord(str(value)[0]),
    "timestamp_custom": _custom,
    "timestamp_local": _iso,
    "timestamp_utc": _iso,
    "as_local": lambda value: value,
}

TESTS: dict[str, Callable[..., bool]] = {
    "is_number": _is_number,
    "match": _matches,
    "search": _searches,
    "contains": lambda value, wanted: wanted in value,
    "datetime": lambda value: isinstance(value, datetime),
    "list": lambda value: isinstance(value, list),
}
