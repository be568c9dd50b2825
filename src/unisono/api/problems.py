"""Every error leaves the API as an RFC 9457 problem document with a stable code.

Knows the error registry, Litestar's own exceptions and msgspec's messages, and turns them into one shape. Knows no
route.
"""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException

from unisono.errors import CODES, CallerError, HostError, UnisonoError
from unisono.thing.explain import in_words, wanted_at

__all__ = ["EXCEPTION_HANDLERS", "PROBLEM_JSON", "as_problem", "problem_bytes", "problem_response"]

log = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"

# msgspec says: "Expected `int`, got `str` - at `$[2].name`"; Litestar passes it on, sometimes with its own prefix
_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key` in `)?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_EXPECTED = re.compile(r"Expected (?P<expected>.+?)(?:, got (?P<got>.+))?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")
_UNKNOWN = re.compile(r"contains unknown field `(?P<name>[^`]+)`")
_LENGTH = re.compile(r"str of length (?P<bound>[<>]=) (?P<size>\d+)")
_ABSENT = re.compile(r"[Mm]issing required \w+ parameter '(?P<name>[^']+)'")

_BY_STATUS = {
    400: "bad_request",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many",
}

NO_FIELD = "There is no such field"
ANY_OF = "one of those that are described"

# msgspec's bounds of numbers: "float <= 90.0"
_BOUND = re.compile(r"(?P<kind>int|float) (?P<sign>[<>]=?) (?P<bound>\S+?)(?:\.0)?$")
_BOUNDS = {">=": "of at least", "<=": "of at most", ">": "above", "<": "below"}

# a refused sign-in names the scheme (RFC 9110 section 11.6.1)
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="unisono"'}


def from_msgspec(message: str) -> CallerError:
    """The caller's error behind a msgspec message: which field, and what would have been right."""
    match = _AT.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    field = path.lstrip(".")
    if missing := _MISSING.search(what):
        name = f"{field}.{missing['name']}".lstrip(".")
        return CallerError("The field is missing", code="bad_value", field=name, expected="a value")
    if unknown := _UNKNOWN.search(what):
        name = f"{field}.{unknown['name']}".lstrip(".")
        return CallerError(NO_FIELD, code="bad_value", field=name, expected="only documented fields")
    if expected := _EXPECTED.search(what):
        got = f", not {expected['got']}" if expected["got"] else ""
        return CallerError(
            f"The value does not fit{got}",
            code="bad_value",
            field=field or None,
            expected=in_words(expected["expected"]) or _phrase(expected["expected"].replace("`", "")),
        )
    if "Invalid enum value" in what:
        detail = what.replace("Invalid enum value", "There is no choice")
        return CallerError(detail, code="bad_value", field=field or None, expected=ANY_OF)
    return CallerError(what, code="bad_json" if "malformed" in what.lower() else "bad_request", field=field or None)


def _phrase(expected: str) -> str:
    """What msgspec says of a text's length or a number's bounds, as a person who keeps a table says it."""
    if number := _BOUND.fullmatch(expected):
        noun = "a whole number" if number["kind"] == "int" else "a number"
        return f"{noun} {_BOUNDS[number['sign']]} {number['bound']}"
    return _LENGTH.sub(_length, expected)


def _length(match: re.Match[str]) -> str:
    characters = "character" if match["size"] == "1" else "characters"
    return f"text of at {'least' if match['bound'] == '>=' else 'most'} {match['size']} {characters}"


def as_problem(error: BaseException) -> UnisonoError:
    """The reader's error behind any exception; what is nobody's fault but ours becomes ``internal``."""
    if isinstance(error, UnisonoError):
        return error
    if isinstance(error, msgspec.ValidationError):
        return from_msgspec(str(error))
    if isinstance(error, msgspec.DecodeError):
        return CallerError(str(error), code="bad_json", expected="a JSON document")
    if isinstance(error, HTTPException):
        return _from_litestar(error)
    if isinstance(error, RecursionError):
        return CallerError("The document is nested too deeply", code="bad_json")
    return HostError("Something went wrong inside the hub", code="internal", mend="Look at the hub's log")


def _from_litestar(error: HTTPException) -> UnisonoError:
    cause = error.__cause__
    if isinstance(cause, msgspec.MsgspecError):
        found = as_problem(cause)
        # Litestar calls the body "data"; whoever sent it does not
        found.field = re.sub(r"^data\b\.?", "", found.field or "") or None
        return found
    code = _BY_STATUS.get(error.status_code)
    if code is None:
        code = "internal" if error.status_code >= 500 else "bad_request"
    if isinstance(cause or error.__context__, SerializationException):
        return CallerError(error.detail, code="bad_json", expected="a JSON document")
    if absent := _ABSENT.search(error.detail):
        return CallerError("The parameter is missing", code="bad_value", field=absent["name"], expected="a value")
    if isinstance(error, ValidationException):
        return CallerError(str(error.extra or error.detail), code="bad_value")
    detail = {
        "not_found": "There is nothing at this path",
        "method_not_allowed": "This path does not take that method",
        "too_large": "The body is larger than the limit",
    }.get(code, error.detail)
    return CallerError(detail, code=code) if CODES[code].http < 500 else HostError(detail, code=code)


def problem_bytes(error: UnisonoError) -> bytes:
    """The problem document as JSON."""
    return msgspec.json.encode(error.problem())


def problem_response(error: UnisonoError, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The HTTP response that carries ``error``."""
    status = CODES[error.code].http
    all_headers = {"X-Content-Type-Options": "nosniff", **(headers or {})}
    if status == 401:
        all_headers.update(_CHALLENGE)
    return Response(problem_bytes(error), status_code=status, media_type=PROBLEM_JSON, headers=all_headers)


def _fields(request: Request[Any, Any, Any], unknown: str) -> str:
    """The fields of the body that a route takes, where the unknown one stands at its top."""
    body = getattr(request.route_handler, "parsed_data_field", None)
    kind = body.annotation if body is not None else None
    if "." in unknown or "[" in unknown or not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return ""
    return ", ".join(each.encode_name for each in msgspec.structs.fields(kind))


def _in_request(request: Request[Any, Any, Any], found: UnisonoError, message: str) -> None:
    """Say it in the words of who asked: parameters are called as in the address, and choices are listed."""
    signature = getattr(request.route_handler, "parsed_fn_signature", None)
    if signature is None or not found.field:
        return
    path = re.sub(r"\[(\d+)\]", r".\1", found.field)
    name, _dot, inside = path.partition(".")
    if "`$.data" in message:  # Litestar's name of the body
        name, inside = "data", path
    parameter = signature.parameters.get(name)
    if parameter is None:
        return
    if name != "data" and (called := getattr(parameter.kwarg_definition, "name", None)):
        found.field = called
    if found.expected == ANY_OF:
        found.expected = wanted_at(parameter.annotation, inside)


def _handle(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    found = as_problem(error)
    if found.code == "internal":
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if isinstance(cause := error.__cause__, msgspec.ValidationError):
        _in_request(request, found, str(cause))
    if found.detail == NO_FIELD and (known := _fields(request, found.field or "")):
        found.expected = f"one of {known}"
    headers = getattr(error, "headers", None) if isinstance(error, HTTPException) else None
    allow = {key: value for key, value in (headers or {}).items() if key.lower() == "allow"}
    return problem_response(found, allow)


EXCEPTION_HANDLERS: dict[Any, Any] = {UnisonoError: _handle, HTTPException: _handle, Exception: _handle}
