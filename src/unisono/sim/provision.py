"""Makes what a simulation needs exist: places, things and their secrets, through the hub's API.

Knows the API's paths and shapes of DESIGN.md. Loads httpx only when something is missing: after the first run every
secret is in the keyring and the simulator never speaks HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from unisono.errors import CODES, CallerError, HostError
from unisono.sim.device import Label
from unisono.sim.kept import Keyring
from unisono.sim.options import SimOptions
from unisono.sim.world import Place

if TYPE_CHECKING:
    import httpx

__all__ = ["Documents", "Provisioner", "Wanted"]

_log = logging.getLogger(__name__)

BULK = 1000  # things in one request: about 150 KB of JSON
TIMEOUT_S = 30.0  # a bulk of a thousand on a slow disk
PATIENCE_S = 30.0  # a hub that is just starting gets that long
RETRY_S = 0.5

Wanted = tuple[Label, str]
"""A thing to be there: its label and its model."""

Documents = Sequence[tuple[str, bytes]]
"""Texts (YAML) to be there, each with the path under which it is added."""


class Provisioner:
    """One simulation's dealings with the API. ``transport`` replaces the network in tests."""

    def __init__(
        self, options: SimOptions, keyring: Keyring, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._options = options
        self._keyring = keyring
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def ensure(
        self,
        places: Sequence[Place],
        things: Sequence[Wanted],
        documents: Documents = (),
        policies: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        """Afterwards the keyring has a secret for each of ``things``. ``documents`` (scenes, alarms; YAML) and
        ``policies`` (by place) are added when no thing was there yet; one that is refused is said in the log, and keeps
        nobody back.

        What is there already stays as it is. Raises CallerError (not_signed_in, not_allowed, bad_value...) as the hub
        answers, HostError (hub_unreachable) when it does not answer for `PATIENCE_S`. Cancelling leaves what was made.
        """
        missing = [wanted for wanted in things if self._keyring.get(wanted[0].thing) is None]
        if not missing:
            return
        try:
            for place in places:
                await self._put_place(place)
            for start in range(0, len(missing), BULK):
                self._keyring.put(await self._put_things(missing[start : start + BULK]))
                if len(missing) > BULK:
                    _log.info("%d of %d things are registered", min(start + BULK, len(missing)), len(missing))
            if len(missing) == len(things):  # else somebody may have removed some
                for path, text in documents:
                    await self._put_document(path, text)
                for root, policy in policies.items():
                    await self._put_policy(root, policy)
        finally:
            await self.close()

    async def renew(self, places: Sequence[Place], wanted: Wanted) -> str:
        """A fresh secret for a thing whose secret the hub refused; registers the thing when it is gone."""
        for place in places:
            await self._put_place(place)
        secrets = await self._put_things([wanted])
        self._keyring.put(secrets)
        return secrets[wanted[0].thing]

    async def close(self) -> None:
        """Close the connection to the API; it opens again when needed."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()

    async def _put_place(self, place: Place) -> None:
        row: dict[str, Any] = {"id": place.id, "name": place.name, "kind": place.kind, "names": {"zh": place.zh}}
        if place.parent is not None:
            row["parent"] = place.parent
        if place.zone:
            row["zone"] = place.zone
        if place.position is not None:
            row["position"] = {"latitude": place.position[0], "longitude": place.position[1]}
        answer = await self._post("/api/v1/places", row)
        if answer.is_error and _code(answer) != "exists":
            raise _refused(answer, f"place {place.id}")

    async def _put_document(self, path: str, text: bytes) -> None:
        answer = await self._post(path, text)
        if answer.is_error and _code(answer) != "exists":
            _log.error("a document was left out: %s", _refused(answer, text.decode()[:80]))

    async def _put_policy(self, place: str, policy: Mapping[str, Any]) -> None:
        answer = await self._send("PUT", f"/api/v1/places/{place}/policy", policy)
        if answer.is_error:
            _log.error("a policy was left out: %s", _refused(answer, f"policy of {place}"))

    async def _put_things(self, things: Sequence[Wanted]) -> dict[str, str]:
        rows = [_row(label, model) for label, model in things]
        answer = await self._post("/api/v1/things", rows)
        if not answer.is_error:
            return {str(item["id"]): str(item["secret"]) for item in answer.json()["items"]}
        if _code(answer) != "exists":
            raise _refused(answer, f"things from {things[0][0].thing}")
        if len(things) == 1:
            return await self._fresh_secret(things[0][0].thing)
        half = len(things) // 2  # one of them exists, the answer need not say which: halve until it is found
        return {**await self._put_things(things[:half]), **await self._put_things(things[half:])}

    async def _fresh_secret(self, thing: str) -> dict[str, str]:
        answer = await self._post(f"/api/v1/things/{thing}/secret", {})
        if answer.is_error:
            raise _refused(answer, f"thing {thing}")
        return {thing: str(answer.json()["secret"])}

    async def _post(self, path: str, body: Any) -> httpx.Response:
        return await self._send("POST", path, body)

    async def _send(self, method: str, path: str, body: Any) -> httpx.Response:
        import httpx

        if self._http is None:
            self._http = httpx.AsyncClient(
                base_url=self._options.http,
                headers={"Authorization": f"Bearer {self._options.token}"},
                timeout=TIMEOUT_S,
                transport=self._transport,
            )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE_S
        while True:
            try:
                if isinstance(body, bytes):
                    headers = {"Content-Type": "application/yaml"}
                    return await self._http.request(method, path, content=body, headers=headers)
                return await self._http.request(method, path, json=body)
            except httpx.TransportError as error:
                if loop.time() >= deadline or not isinstance(error, httpx.ConnectError):
                    raise HostError(
                        f"{self._options.http} does not answer: {error!r}",
                        code="hub_unreachable",
                        mend="Start the hub with `unisono up`, or say where it is with --http",
                    ) from error
                await asyncio.sleep(RETRY_S)


def _row(label: Label, model: str) -> Mapping[str, Any]:
    row = {"id": label.thing, "model": model, "place": label.place, "name": label.name, "simulated": True}
    return {**row, "names": {"zh": label.zh}} if label.zh else row


def _code(answer: httpx.Response) -> str:
    try:
        code = answer.json()["code"]
    except (ValueError, KeyError, TypeError):
        return "exists" if answer.status_code == CODES["exists"].http else ""
    return str(code)


def _refused(answer: httpx.Response, what: str) -> CallerError | HostError:
    code = _code(answer)
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = answer.text[:200]
    message = f"{what}: the hub answered {answer.status_code}: {detail}"
    if answer.status_code >= 500:
        return HostError(message, code="hub_unreachable", mend="Look at `unisono doctor`")
    return CallerError(message, code=code if code in CODES else "bad_request")
