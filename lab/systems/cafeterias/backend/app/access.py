"""Passwords and the tokens that a login gives."""

import base64
import hashlib
import hmac
import os
import time
from typing import Optional

from app import settings

ROUNDS = 20_000
LIFETIME = 8 * 3600


def hashed(password: str, salt: Optional[bytes] = None) -> str:
    salt = salt or os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    return f"{salt.hex()}:{digest.hex()}"


def matches(password: str, stored: str) -> bool:
    salt, _, _ = stored.partition(":")
    return hmac.compare_digest(hashed(password, bytes.fromhex(salt)), stored)


def token(user_id: int) -> str:
    claim = f"{user_id}.{int(time.time()) + LIFETIME}"
    return f"{claim}.{seal(claim)}"


def user_of(text: str) -> Optional[int]:
    claim, _, found = text.rpartition(".")
    if not hmac.compare_digest(seal(claim).encode(), found.encode()):
        return None
    user, _, until = claim.partition(".")
    return int(user) if int(until) > time.time() else None


def seal(claim: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), claim.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
