"""What stands for a Prometheus, and what it answers."""

from typing import Any
from urllib.parse import parse_qs

import orjson

from tests.rollouts.receiver import Handler, Receiver, Reply, status

ERRORS = 'sum(rate(errors{flag="$flag",environment="$environment"}[1m]))'
ABOVE: dict[str, Any] = {"metric": {"prometheus": ERRORS}, "when": {"above": 0.02}}


def success(kind: str, result: Any) -> Reply:
    return status(200, orjson.dumps({"status": "success", "data": {"resultType": kind, "result": result}}))


def series(*values: str) -> Reply:
    found = [{"metric": {"pod": str(number)}, "value": [1_700_000_000.1, value]} for number, value in enumerate(values)]
    return success("vector", found)


def nothing_for_long(handler: Handler) -> None:
    handler.server.is_over.wait(20)


def queries(prometheus: Receiver) -> list[str]:
    return [parse_qs(each.body.decode())["query"][0] for each in prometheus.received]
