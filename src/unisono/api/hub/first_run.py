"""What a hub makes at its first start: the pepper, its id, a token for its own machine, and the setup code.

Knows files of the data directory (mode 0600) and rows. Knows no route.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from unisono import access
from unisono.access import Role
from unisono.api.auth import Auth, now_us
from unisono.api.ids import new_ulid
from unisono.errors import HostError
from unisono.store.registry import PersonRow, Registry

__all__ = ["LOCAL_PERSON", "ensure_first_token", "ensure_hub_id", "ensure_pepper", "new_setup_code", "write_private"]

# whoever can read DATA/token: programs of the same system user
LOCAL_PERSON = "local"

# long enough to walk to another machine; a restart makes a new one
SETUP_CODE_FOR_US = 24 * 3600 * 1_000_000

META_HUB_ID = "hub_id"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, whole or not at all. Raises HostError ``read_only``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
    except OSError as error:
        raise HostError(
            f"{path} cannot be written: {error.strerror}",
            code="read_only",
            mend=f"Give this user the directory: chown -R $(id -u) {path.parent}",
        ) from error


def ensure_pepper(data: Path) -> bytes:
    """The hub's key for hashes of secrets (DATA/keys/pepper), made at first. Raises HostError ``read_only``."""
    path = data / "keys" / "pepper"
    try:
        pepper = path.read_bytes()
    except FileNotFoundError:
        pepper = access.new_pepper()
        write_private(path, pepper)
        return pepper
    except OSError as error:
        raise HostError(f"{path} cannot be read: {error.strerror}", code="read_only") from error
    if len(pepper) != access.PEPPER_BYTES:
        raise HostError(
            f"{path} is damaged: it holds {len(pepper)} bytes, not {access.PEPPER_BYTES}",
            code="read_only",
            mend="Restore it from a backup: unisono restore FILE (without it no secret can be checked)",
        )
    return pepper


async def ensure_hub_id(registry: Registry) -> str:
    """The hub's id, made at first."""
    return await registry.set_meta_once(META_HUB_ID, new_ulid(now_us()).lower())


async def ensure_first_token(registry: Registry, data: Path, pepper: bytes) -> str:
    """The token in DATA/token (0600) for programs on the hub's own machine; made anew when it is gone or revoked."""
    path = data / "token"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        kept = path.read_text().strip()
        if access.is_token(kept) and await registry.find_token(access.hash_secret(kept, pepper)) is not None:
            return kept
    if await registry.get_person(LOCAL_PERSON) is None:
        row = PersonRow(LOCAL_PERSON, "This machine", None, Role.ADMINISTRATOR.value, created=now_us())
        await registry.put_person(row)
    token, _ = await Auth(registry, pepper).make_token(LOCAL_PERSON, "DATA/token", None)
    write_private(path, f"{token}\n".encode())
    return token


async def new_setup_code(registry: Registry, pepper: bytes) -> str | None:
    """A one-time code that makes the first administrator; None once there is one with a password."""
    after: str | None = None
    while people := await registry.list_people(after=after, limit=500):
        if any(each.role == Role.ADMINISTRATOR and each.password_hash and not each.disabled for each in people):
            return None
        after = people[-1].id
    code = access.new_setup_code()
    at = now_us()
    hashed = Auth(registry, pepper).hash_setup_code(code)
    await registry.put_setup_code(hashed, created=at, expires=at + SETUP_CODE_FOR_US)
    return code
