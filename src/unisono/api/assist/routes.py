"""The assistant over HTTP.

Knows paths and shapes; what becomes of a sentence is `unisono.api.assist.assistant`'s.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Router, post
from litestar.params import JSONBody, QueryParameter

from unisono.api.assist.shapes import MAX_TEXT, Reply, Sentence
from unisono.api.commands.asking import address_of
from unisono.api.inject import Asker, Context

__all__ = ["router"]

MAX_WAIT_S = 60.0
DEFAULT_WAIT_S = 10.5

#: The text, and room for JSON that writes every character of it as \\uXXXX.
MAX_BODY_BYTES = 6 * MAX_TEXT + 4096

Wait = Annotated[float, QueryParameter(ge=0, le=MAX_WAIT_S, description="seconds for things to answer")]


@post("/assist", status_code=200, request_max_body_size=MAX_BODY_BYTES)
async def assist(
    request: Request[Any, Any, Any],
    context: Context,
    identity: Asker,
    data: JSONBody[Sentence],
    wait: Wait = DEFAULT_WAIT_S,
) -> Reply:
    """Say something in plain words; the answer is the plan that it was understood as, and what became of it.

    Things are commanded as their speaker might by hand: with their rights, the place's policy, and its second word
    (``confirm`` in the reply: say yes, or send ``"confirm": true``). An automation is shown first and kept after a yes.
    With ``dry_run`` nothing is done.
    """
    return await context.assist.say(identity, data, address_of(request), wait)


router = Router("/", route_handlers=[assist], tags=["assistant"])
