"""PostgreSQL is restarted under everything: what was acknowledged stays, and SDKs go on."""

from pathlib import Path
from typing import Any

import httpx
from flagsite_sdk import FlagClient

from tests.ports import eventually
from tests.processes.site import Site, patch, sees

ANN = {"id": "ann"}


def test_sdks_converge_after_the_database_was_restarted(postgresql: Any, tmp_path: Path) -> None:
    site = Site(tmp_path, flags=3, postgresql=postgresql.get_uri())
    stream = site.stream()
    try:
        with FlagClient(stream.url, site.server_key, report=False) as client, site.api(stream) as api:
            patch(api, "flag-0000", enabled=False)
            sees(lambda: client.is_enabled("flag-0000", ANN), False)
            postgresql.stop()
            assert client.is_enabled("flag-0001", ANN) is True
            assert _is_refused(api)
            postgresql.start()
            eventually(lambda: api.get("/readyz").status_code == 200, within=30)
            assert api.get("/flags/flag-0000").json()["enabled"] is False
            patch(api, "flag-0001", enabled=False)
            sees(lambda: client.is_enabled("flag-0001", ANN), False)
    finally:
        site.close()


def test_evaluations_go_on_while_the_database_is_away(postgresql: Any, tmp_path: Path) -> None:
    site = Site(tmp_path, flags=3, postgresql=postgresql.get_uri())
    web = site.web()
    asked = {"flag_key": "flag-0000", "context": ANN}
    try:
        with site.sdk_api(web) as sdk, site.api(web) as api:
            assert [sdk.post("/evaluate", json=asked).status_code for _ in range(5)] == [200] * 5
            postgresql.stop()
            answers = [sdk.post("/evaluate", json=asked) for _ in range(200)]
            assert {answer.status_code for answer in answers} == {200}
            assert {answer.json()["value"] for answer in answers} == {True}
            assert _is_refused(api)
            postgresql.start()
            eventually(lambda: api.get("/flags/flag-0000").status_code == 200, within=30)
            patch(api, "flag-0000", enabled=False)
            assert sdk.post("/evaluate", json=asked).json()["value"] is False
    finally:
        site.close()


def _is_refused(api: httpx.Client) -> bool:
    response = api.patch("/flags/flag-0002", json={"enabled": False})
    return (response.status_code, response.json()["code"]) == (503, "UNAVAILABLE")
