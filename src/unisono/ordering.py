"""A certificate from an ACME authority (RFC 8555) by its http-01 challenge, such as Let's Encrypt gives.

Knows the protocol through the `acme` library (Apache-2.0, the extra ``unisono[acme]``), which blocks: run it in a
thread. What the authority asks for over HTTP is put into a dict that `unisono.api.door.challenges` answers from.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from unisono.api.hub.first_run import write_private
from unisono.errors import CallerError, HostError

if TYPE_CHECKING:
    from unisono.access.authority import Pair

__all__ = ["LETS_ENCRYPT", "Acme", "order"]

logger = logging.getLogger(__name__)

LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"
#: An authority looks from several places and takes some ten seconds; one that takes longer is asked again later.
PATIENCE = timedelta(minutes=3)
ANSWER_S = 30
USER_AGENT = "unisono"


class Acme(msgspec.Struct, frozen=True):
    """What to order, and where. Ordering accepts the authority's terms of service."""

    domain: str
    email: str | None = None
    directory: str = LETS_ENCRYPT


def order(wanted: Acme, account: Path, answers: MutableMapping[str, str]) -> Pair:
    """Order a certificate; returns it, with its chain, and its new key. Blocks for up to some minutes.

    ``account``: file of the account's key, made at first. ``answers``: token > what is to be answered, while it may be
    asked. Raises HostError ``engine_missing`` without the library, CallerError ``bad_certificate`` with what the
    authority said.
    """
    try:
        from acme import challenges, client, errors, messages
        from josepy.jwk import JWKRSA
        from requests import ConnectionError as RequestConnectionError
        from requests import RequestException
    except ImportError as error:
        mend = "pip install 'unisono[acme]'"
        raise HostError("the acme library is not installed", code="engine_missing", mend=mend) from error
    from unisono.access.authority import Pair, new_request

    key = JWKRSA.load(_account_key(account))
    tokens: list[str] = []
    try:
        network = client.ClientNetwork(key, user_agent=USER_AGENT, timeout=ANSWER_S)
        directory = client.ClientV2.get_directory(wanted.directory, network)
        authority = client.ClientV2(directory, network)
        _sign_up(authority, network, wanted, messages, errors)
        request, private = new_request(wanted.domain, secrets.token_bytes)
        placed = authority.new_order(request)
        for each in placed.authorizations:
            for challenge in each.body.challenges:
                if isinstance(challenge.chall, challenges.HTTP01):
                    response, validation = challenge.chall.response_and_validation(key)
                    token = challenge.chall.encode("token")
                    tokens.append(token)
                    answers[token] = validation
                    authority.answer_challenge(challenge, response)
        done = authority.poll_and_finalize(placed, datetime.now() + PATIENCE)
    except RequestConnectionError as error:
        raise CallerError(
            f"the authority at {wanted.directory} cannot be reached",
            code="bad_certificate",
            field="acme",
            mend="Look at this machine's way to the Internet and its DNS; the hub asks again by itself",
        ) from error
    except (errors.Error, messages.Error, RequestException, TimeoutError) as error:
        raise CallerError(
            f"{wanted.directory} gave no certificate for {wanted.domain}: {_said(error)}",
            code="bad_certificate",
            field="acme",
            expected=f"http://{wanted.domain}/ to reach the hub's HTTP port from the Internet, on port 80",
        ) from error
    finally:
        for token in tokens:
            answers.pop(token, None)
    return Pair(done.fullchain_pem.encode(), private)


def _sign_up(authority: Any, network: Any, wanted: Acme, messages: Any, errors: Any) -> None:
    """The account of this key; one that is known already is used again (RFC 8555 section 7.3.1)."""
    new = messages.NewRegistration.from_data(email=wanted.email, terms_of_service_agreed=True)
    try:
        authority.new_account(new)
    except errors.ConflictError as known:
        network.account = messages.RegistrationResource(uri=known.location, body=messages.Registration())


def _account_key(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        made = rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(file, made)
        return made


def _said(error: BaseException) -> str:
    """What an authority says of a failed validation is in the challenge's error."""
    failed = getattr(error, "failed_authzrs", None)
    if failed:
        told = [str(each.error) for authz in failed for each in authz.body.challenges if each.error is not None]
        return "; ".join(told)[:500]
    return (str(error) or type(error).__name__)[:500]
