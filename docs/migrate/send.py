"""Creates or changes flags and segments over Flagsite's REST API: what a converter printed.

    URL=… TOKEN=… python send.py carried.json production [--change]

What is there already is not touched, unless `--change` says so. Segments are those of the project, flags' states
those of the environment that is named: the second environment's export takes `--change`.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import httpx

FIXED = {"key", "type"}
COMMENT = "Carried over"


def send(carried: Mapping[str, Any], environment: str, client: httpx.Client, *, change: bool = False) -> Iterator[str]:
    """Create or change everything, what others lean on first; yield a line for each."""
    for segment in in_order(carried["segments"], lambda each: leans_on(each.get("if"))):
        yield put(client, "/segments", segment, {}, change=change)
    for flag in in_order(carried["flags"], lambda each: {one["flag"] for one in each.get("prerequisites", ())}):
        yield put(client, "/flags", flag, {"environment": environment}, change=change)


def put(client: httpx.Client, path: str, body: Mapping[str, Any], query: Mapping[str, str], *, change: bool) -> str:
    """Create what is not there; change what is, if that is wanted."""
    address = f"{path}/{body['key']}"
    is_there = client.get(address, params=query).status_code == httpx.codes.OK
    if is_there and not change:
        return f"{address}: is there, NOT TOUCHED"
    if is_there:
        changed = {name: value for name, value in body.items() if name not in FIXED}
        answer = client.patch(address, params=query, json={**changed, "comment": COMMENT})
    else:
        answer = client.post(path, params=query, json={**body, "comment": COMMENT})
    if answer.is_error:
        return f"{address}: REFUSED {answer.text}"
    return f"{address}: {'changed' if is_there else 'created'}, version {answer.json()['version']}"


def in_order(documents: list[dict[str, Any]], needs: Any) -> Iterator[dict[str, Any]]:
    """Yield the documents so that each comes after those that it needs."""
    by_key = {each["key"]: each for each in documents}
    if len(by_key) != len(documents):
        raise SystemExit("Two of the documents have one key: rename one of them.")
    order = TopologicalSorter({key: needs(each) & by_key.keys() for key, each in by_key.items()})
    return (by_key[key] for key in order.static_order())


def leans_on(condition: Any) -> set[str]:
    """Return the keys of the segments that a condition names."""
    if isinstance(condition, list):
        return set().union(*map(leans_on, condition))
    if not isinstance(condition, dict):
        return set()
    return ({condition["segment"]} if "segment" in condition else set()).union(*map(leans_on, condition.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="what a converter printed")
    parser.add_argument("environment", help="whose states the flags have")
    parser.add_argument("--change", action="store_true", help="change what is there already")
    asked = parser.parse_args()
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    with httpx.Client(base_url=os.environ["URL"], headers=headers, timeout=30) as connection:
        refused = 0
        for line in send(json.loads(asked.file.read_text()), asked.environment, connection, change=asked.change):
            print(line)
            refused += "REFUSED" in line
    sys.exit(1 if refused else 0)
