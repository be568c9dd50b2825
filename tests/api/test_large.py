"""A large model as a second opinion, against an endpoint on a real socket: what it may see, and what may come of it."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.api.conftest import Hub
from tests.api.model import FakeModel, called
from tests.api.test_assist import act, home, on, say  # noqa: F401  a fixture

REFUSED = {"outcome": "refuse", "why": "unsure"}


async def use(hub: Hub, model: FakeModel, **more: Any) -> None:
    body = {"url": model.url, "model": "tiny", **more}
    answer = await hub.http.put("/api/v1/assist/model", json=body)
    assert answer.status_code == 200, answer.text


async def test_it_is_asked_after_a_refusal_and_marked(home: Hub) -> None:  # noqa: F811
    async with FakeModel(called("plan", act(on("lamp")))) as model:
        await use(home, model, key="sk-secret")
        reply = await say(home, REFUSED)
    assert (reply["model"], reply["became"], reply["outcome"]) == ("tiny", "done", "act")
    assert reply["speech"]["text"] == "A language model understood this: Sofa lamp is on."
    headers, request = model.asked[0]
    assert headers["authorization"] == "Bearer sk-secret"
    assert request["messages"][-1] == {"role": "user", "content": msgspec.json.encode(REFUSED).decode()}
    assert '"id":"door"' in request["messages"][1]["content"]
    assert (await say(home, act({"op": "undo"})))["results"][0]["command"]["set"] == {"on_off": False}


async def test_it_sees_what_its_speaker_may_see(home: Hub) -> None:  # noqa: F811
    await home.http.post("/api/v1/places", json={"id": "office", "name": "Office", "kind": "home"})
    await home.http.post("/api/v1/users", json={"id": "anna", "name": "Anna", "grants": {"office": "member"}})
    token = (await home.http.post("/api/v1/users/anna/tokens", json={"name": "t"})).json()["token"]
    async with FakeModel(called("plan", act(on("lamp")))) as model:
        await use(home, model)
        async with home.client(token) as anna:
            said = {"text": msgspec.json.encode(REFUSED).decode()}
            reply = (await anna.post("/api/v1/assist", json=said)).json()
            assert (await anna.get("/api/v1/assist/model")).status_code == 403
            assert (await anna.put("/api/v1/assist/model", json={"url": "http://x", "model": "y"})).status_code == 403
    assert "lamp" not in model.asked[0][1]["messages"][1]["content"]
    assert (reply["became"], "model" in reply) == ("nothing", False)
    assert "a thing that is not here" in reply["model_error"]
    assert not home.owner.commands


async def test_it_may_look_before_it_plans(home: Hub) -> None:  # noqa: F811
    look = called("find_things", {"text": "sofa"})
    read = called("read_state", {"things": ["lamp", "nobody"]})
    async with FakeModel(look, read, called("plan", act(on("lamp")))) as model:
        await use(home, model)
        assert (await say(home, REFUSED))["became"] == "done"
    told = [each["content"] for each in model.asked[-1][1]["messages"] if each["role"] == "tool"]
    assert msgspec.json.decode(told[0])[0]["id"] == "lamp"
    assert msgspec.json.decode(told[1]) == [{"id": "lamp", "state": {"on_off": False, "brightness": 50}}]


async def test_an_endpoint_that_takes_other_parameters_is_asked_with_those(home: Hub) -> None:  # noqa: F811
    """As OpenAI's models that think refuse them (HTTP 400, the parameter in the error)."""

    async def strict(request: dict[str, Any]) -> bytes:
        wrong = next((name for name in ("max_tokens", "temperature") if name in request), None)
        model.status = 400 if wrong else 200
        error = {"error": {"message": "no", "type": "invalid_request_error", "param": wrong, "code": "unsupported"}}
        return msgspec.json.encode(error if wrong else called("plan", act(on("lamp"))))

    async with FakeModel(strict) as model:
        await use(home, model, tokens=500)
        assert (await say(home, REFUSED))["became"] == "done"
    last = model.asked[-1][1]
    assert (len(model.asked), last["max_completion_tokens"]) == (3, 500)
    assert "temperature" not in last
    for body in (b"{", b'{"error": "x"}', b'{"error": {"param": "model"}}', b'{"error": {"param": "max_tokens"}}'):
        async with FakeModel(body, status=400) as model:
            await use(home, model)
            assert "it answered 400" in (await say(home, REFUSED))["model_error"]
        assert len(model.asked) == (2 if b"max_tokens" in body else 1)


async def test_arguments_may_come_as_what_they_say(home: Hub) -> None:  # noqa: F811
    answer = called("plan", "")
    answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = act(on("lamp"))
    async with FakeModel(answer) as model:
        await use(home, model)
        assert (await say(home, REFUSED))["became"] == "done"


@pytest.mark.parametrize(
    "why", ["negated", "hypothetical", "reported", "quoted:door", "past", "not_permitted", "too_long"]
)
async def test_what_was_settled_is_not_asked_again(home: Hub, why: str) -> None:  # noqa: F811
    async with FakeModel(called("plan", act(on("door", value=False, trait="locked")))) as model:
        await use(home, model)
        reply = await say(home, {"outcome": "refuse", "why": why}, model=True)
    assert (reply["became"], model.asked) == ("nothing", [])


async def test_when_it_is_asked(home: Hub) -> None:  # noqa: F811
    async with FakeModel(called("plan", act(on("lamp")))) as model:
        await use(home, model)
        for plan in ({"outcome": "ignore"}, {"outcome": "ask", "why": "which_thing"}, act(on("lamp2"))):
            await say(home, plan)
        await say(home, REFUSED, model=False)
        assert model.asked == []
        assert (await say(home, {"outcome": "ignore"}, model=True))["model"] == "tiny"
        assert (await home.http.delete("/api/v1/assist/model")).status_code == 204
        assert (await say(home, REFUSED))["became"] == "nothing"
        assert (await home.http.get("/api/v1/assist/model")).status_code == 404
        assert len(model.asked) == 1


async def test_a_door_is_opened_after_a_yes_only(home: Hub) -> None:  # noqa: F811
    unlock = act(on("door", value=False, trait="locked"))
    async with FakeModel(called("plan", unlock)) as model:
        await use(home, model)
        reply = await say(home, REFUSED)
        assert (reply["became"], reply["results"][0]["state"]) == ("waiting", "would")
        assert not home.owner.commands
        assert (await say(home, "yes"))["became"] == "done"
        model.answers = [called("plan", unlock | {"outcome": "later", "when": {"after_s": 60}})]
        assert (await say(home, REFUSED))["became"] == "waiting"
        assert await home.context.registry.find_scenes() == []
        assert (await say(home, REFUSED, dry_run=True))["became"] == "would"


async def slow(_request: dict[str, Any]) -> bytes:
    await asyncio.Event().wait()
    return b""


GARBAGE = [
    (b"", "cannot be read"),
    (b"<html>", "cannot be read"),
    (b"[" * 100_000, "cannot be read"),
    (b"\xff\xfe", "cannot be read"),
    ({"choices": []}, "cannot be read"),
    ({"choices": [{"message": 5}]}, "cannot be read"),
    ({"choices": [{"message": {"content": "Sure! I have unlocked it."}}]}, "made no plan"),
    ({"choices": [{"message": {"content": "} {"}}]}, "made no plan"),
    ({"choices": [{"message": {"tool_calls": [{"function": 7}]}}]}, "cannot be read"),
    ({"choices": [{"message": {"tool_calls": [7]}}]}, "cannot be read"),
    (called("plan", "{"), "its plan is none"),
    (called("plan", {"outcome": "obey"}), "its plan is none"),
    (called("plan", {"outcome": "act", "steps": [{"op": "delete"}]}), "its plan is none"),
    (called("plan", act(on("lamp", "safe"))), "not here"),
    (called("plan", act(on("lamp", trait="locked"))), "cannot be"),
    (called("plan", act(on("lamp", trait="dock", op="call"))), "cannot be"),
    (called("plan", act({"op": "run", "scene": "evil"})), "not here"),
    (called("plan", act({"op": "notify", "to": "boss", "text": "x"})), "somebody else"),
    (called("plan", act(*[on("lamp")] * 51)), "51 steps"),
    (called("plan", {"outcome": "automate", "if": [{"things": ["lamp"], "trait": "smell"}]}), "cannot be"),
    (called("plan", {"outcome": "answer", "query": {"ask": "state", "things": ["safe"]}}), "not here"),
    (called("find_things", "no json"), "asked and asked"),
    (called("sing", {}), "asked and asked"),
    (b" " * 300_000, "longer than"),
    (slow, "did not answer within"),
]  # fmt: skip


async def test_garbage_huge_slow_and_invented_come_to_nothing(home: Hub) -> None:  # noqa: F811
    for answer, why in GARBAGE:
        async with FakeModel(answer) as model:
            await use(home, model, timeout_s=0.3 if answer is slow else 20, asks_an_hour=1000)
            reply = await say(home, REFUSED)
        assert why in reply["model_error"], (answer, reply)
        assert (reply["outcome"], reply["became"], reply["why"]) == ("refuse", "nothing", "unsure")
    async with FakeModel(b"{}", status=500) as model:
        await use(home, model)
        assert "answered 500" in (await say(home, REFUSED))["model_error"]
    await home.http.put("/api/v1/assist/model", json={"url": "http://127.0.0.1:9/v1", "model": "gone"})
    assert "cannot be reached" in (await say(home, REFUSED))["model_error"]
    assert not home.owner.commands


async def test_values_and_rights_are_checked_as_of_any_plan(home: Hub) -> None:  # noqa: F811
    async with FakeModel(called("plan", act(on("lamp", value=900, trait="brightness")))) as model:
        await use(home, model)
        reply = await say(home, REFUSED)
        assert (reply["became"], reply["results"][0]["error"]["code"]) == ("failed", "bad_value")


async def test_its_words_are_heard_where_it_asks_and_cut(home: Hub) -> None:  # noqa: F811
    said = {"lang": "xx", "text": "Which\u202e one?\n" + "x" * 1000}
    async with FakeModel(called("plan", {"outcome": "ask", "steps": [on("door")], "speech": said})) as model:
        await use(home, model)
        reply = await say(home, REFUSED)
    assert (reply["outcome"], reply["became"], "steps" in reply) == ("ask", "nothing", False)
    text = reply["speech"]["text"]
    assert text.startswith("A language model understood this: Which  one?")
    assert len(text) < 400
    text = '```json\n{"outcome": "ignore", "speech": {"lang": "en", "text": "Hi"}}\n```'
    async with FakeModel({"choices": [{"message": {"content": text}}]}) as model:
        await use(home, model)
        assert "speech" not in await say(home, REFUSED)


async def test_its_budget_and_its_key(home: Hub) -> None:  # noqa: F811
    async with FakeModel(called("plan", {"outcome": "ignore"})) as model:
        await use(home, model, key="sk-1", asks_an_hour=2)
        shown = (await home.http.get("/api/v1/assist/model")).json()
        assert (shown["has_key"], shown["key"]) == (True, None)
        kept = await home.context.registry.get_meta("assist.model")
        assert kept is not None
        assert "sk-1" not in kept
        await use(home, model, asks_an_hour=2)  # the key stays with the address
        for _ in range(2):
            assert "model_error" not in await say(home, REFUSED)
        assert "budget" in (await say(home, REFUSED))["model_error"]
        assert model.asked[-1][0]["authorization"] == "Bearer sk-1"
        body = {"url": model.url.replace("/v1", "/other"), "model": "tiny"}
        assert (await home.http.put("/api/v1/assist/model", json=body)).json()["has_key"] is False
