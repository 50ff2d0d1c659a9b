"""The secret of one clone: random bytes from which every password of its server is derived."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

LENGTH = 32


def read(state: Path) -> bytes:
    """The secret in the state folder, which is made together with it when there is none yet.

    A file of the wrong length is replaced: passwords that were derived from it are set anew.

    Raises:
        OSError: the folder cannot be read or written.
    """
    path = state / "secret"
    try:
        secret = path.read_bytes()
    except FileNotFoundError:
        secret = b""
    return secret if len(secret) == LENGTH else _make(path, bool(secret))


def derive(secret: bytes, purpose: str) -> str:
    """The password for one purpose, 40 hexadecimal digits."""
    return hmac.new(secret, purpose.encode(), hashlib.sha256).hexdigest()[:40]


def _make(path: Path, replace: bool) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"secret.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
        if replace:
            draft.replace(path)
        else:
            try:
                # A link, not a rename: of two terminals that meet here the first one wins.
                os.link(draft, path)
            except FileExistsError:
                pass
            except OSError:
                draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path.read_bytes()
