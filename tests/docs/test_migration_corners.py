"""docs/migrate: what the published examples do not hold, and would be carried over wrongly without a word."""

from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from types import ModuleType
from typing import Any

import httpx
import pytest

NOBODY = {"not": {"everyone": True}}


pytestmark = pytest.mark.usefixtures("scripts")

Decide = Callable[..., Any]


@pytest.fixture
def decide(person: httpx.Client, service: httpx.Client) -> Decide:
    """Send what was carried, and ask the server what a flag is for somebody."""

    def decide(carried: Any, flag: str, **context: Any) -> Any:
        list(import_module("send").send(asdict(carried), "production", person))
        return service.post("/evaluate", json={"flag_key": flag, "context": context}).json()["value"]

    return decide


def flag_of(carried: Any, key: str) -> dict[str, Any]:
    found: dict[str, Any] = next(flag for flag in carried.flags if flag["key"] == key)
    return found


def unleash(module: ModuleType, *strategies: dict[str, Any]) -> Any:
    return module.convert({"features": [{"name": "banner", "enabled": True, "strategies": list(strategies)}]})


def test_two_segments_of_one_key_are_not_made_one() -> None:
    segments: dict[str, Any] = {key: {"key": key, "included": [], "rules": []} for key in ("share", "Share")}
    with pytest.raises(SystemExit, match="'Share' and 'share' would get one key, 'share'"):
        import_module("from_launchdarkly").convert({"segments": segments})
    with pytest.raises(SystemExit, match="one key"):
        list(import_module("send").in_order([{"key": "share"}, {"key": "share"}], lambda _: set()))


def test_a_gate_that_is_shut_turns_a_feature_off_that_is_on_by_itself(decide: Decide) -> None:
    gate = {"parentConditions": [{"id": "parent", "condition": {"value": True}, "gate": True}]}
    features = {"gated": {"defaultValue": True, "rules": [gate]}, "parent": {"defaultValue": False}}
    carried = import_module("from_growthbook").convert({"features": features})
    assert decide(carried, "gated", id="ann") is False


def test_a_gate_that_cannot_be_carried_lets_nobody_by(decide: Decide) -> None:
    gate = {"parentConditions": [{"id": "parent", "condition": {"value": {"$exists": True}}, "gate": True}]}
    features = {"gated": {"defaultValue": True, "rules": [gate, {"force": True}]}, "parent": {"defaultValue": "x"}}
    carried = import_module("from_growthbook").convert({"features": features})
    assert decide(carried, "gated", id="ann") is False
    assert "carried switched off" in carried.left_out[0]


def test_variants_of_one_name_keep_their_payloads(decide: Decide) -> None:
    def strategy(country: str) -> dict[str, Any]:
        of_country = {"contextName": "country", "operator": "IN", "values": [country]}
        variant = {"name": "big", "weight": 1000, "payload": {"type": "string", "value": f"{country}-BIG"}}
        return {"name": "default", "constraints": [of_country], "variants": [variant]}

    carried = unleash(import_module("from_unleash"), strategy("US"), strategy("DE"))
    assert [decide(carried, "banner.variant", id="ann", country=country) for country in ("US", "DE", "FR")] == [
        "US-BIG",
        "DE-BIG",
        "",
    ]


def test_variants_are_divided_by_their_own_stickiness() -> None:
    names = ("a", "b")
    variants = [{"name": name, "weight": 500, "stickiness": "companyId"} for name in names]
    whole = unleash(import_module("from_unleash"), {"name": "default", "variants": variants})
    assert flag_of(whole, "banner.variant")["fallthrough"]["bucket_by"] == "companyId"
    rollout = {"name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "userId"}}
    half = unleash(import_module("from_unleash"), {**rollout, "variants": variants})
    assert "divided by companyId there" in half.left_out[0]


def test_what_their_sdk_knows_by_itself_is_not_asked_in_silence(decide: Decide) -> None:
    module = import_module("from_unleash")
    after = {"contextName": "currentTime", "operator": "DATE_AFTER", "value": "2026-01-01T00:00:00Z"}
    late = unleash(module, {"name": "default", "constraints": [after]})
    assert "rules have no clock" in late.left_out[0]
    here = {"contextName": "appName", "operator": "IN", "values": ["shop"]}
    ours = unleash(module, {"name": "default", "constraints": [here]})
    assert "asks for appName" in ours.left_out[0]
    assert decide(ours, "banner", id="ann", appName="shop") is True


def test_a_list_of_nobody_is_nobody(decide: Decide) -> None:
    carried = unleash(import_module("from_unleash"), {"name": "userWithId", "parameters": {"userIds": ""}})
    assert flag_of(carried, "banner")["rules"][0]["if"] == NOBODY
    assert decide(carried, "banner", id="ann") is False
