"""An authenticator app, and somebody who uses one at the door."""

import hmac
import struct
from base64 import b32decode
from typing import Any

from django.test import Client

from flagsite.lib import clock
from tests.desk import Desk

PASSWORD = "correct horse battery"


def code(secret: str, *, periods_later: int = 0) -> str:
    """The six digits that the secret shows now."""
    return code_at(secret, clock.now().timestamp() + 30 * periods_later)


def code_at(secret: str, seconds: float) -> str:
    """The six digits of RFC 6238 (SHA-1, 30 seconds) that the secret shows at a time."""
    counter = int(seconds) // 30
    digest = hmac.new(b32decode(secret), struct.pack(">Q", counter), "sha1").digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 1_000_000:06}"


def wrong_code(secret: str) -> str:
    """Six digits that the secret shows neither now nor near."""
    near = {code(secret, periods_later=periods) for periods in (-3, -2, -1, 0, 1, 2, 3)}
    return next(
        digits
        for digits in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
        if digits not in near
    )


def sign_in(name: str, password: str = PASSWORD, *, client: Client | None = None, **headers: Any) -> Any:
    """The answer to a name and a password; `.client` is the browser."""
    client = client or Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": name, "password": password}, **headers)
    answer.client = client
    return answer


def set_up(desk: Desk) -> tuple[str, list[str]]:
    """Set an app up as a person would; return its secret and the recovery codes."""
    secret = desk.client.get("/admin/second-factor/set-up/").context["form"].secret
    answer = desk.client.post("/admin/second-factor/set-up/", {"code": code(secret)}, follow=True)
    return secret, list(answer.context["unused_codes"])


def signed_in_desk(name: str) -> Desk:
    """Somebody's desk after they gave their password, which proves a moment ago that it is them."""
    desk = Desk.__new__(Desk)
    desk.client = sign_in(name).client
    return desk
