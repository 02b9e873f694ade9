"""Clients who send drop by drop."""

import socket
from contextlib import ExitStack

import httpx

from tests.processes.site import Site

ANN = {"id": "ann"}


def test_clients_who_send_drop_by_drop_hold_up_nobody_else(site: Site) -> None:
    web = site.web()
    with ExitStack() as stack, site.sdk_api(web) as sdk:
        for _ in range(3):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            slow.sendall(b"POST /evaluate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n")
            slow.sendall(f"Authorization: Bearer {site.server_key}\r\n\r\n{{".encode())
        answers = [sdk.post("/evaluate", json={"flag_key": "flag-0000", "context": ANN}) for _ in range(20)]
        assert [answer.status_code for answer in answers] == [200] * 20
        assert httpx.get(f"{web.url}/healthz", timeout=10, trust_env=False).status_code == 200
