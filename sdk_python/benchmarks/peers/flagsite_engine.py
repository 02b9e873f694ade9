"""Flagsite's engine alone, as the server calls it; the decision is counted by whoever serves it, so here it is not."""

import time

from flagsite_sdk.engine.snapshot import Snapshot
from workloads import Flag

from peers import Call
from peers.flagsite import prepare

PACKAGE = "flagsite-sdk"
REMARK = "the engine without the client around it; not counting"

__all__ = ["PACKAGE", "REMARK", "call", "call_all", "close", "open_client", "prepare"]


def open_client(source: bytes) -> Snapshot:
    snapshot = Snapshot(clock=time.time)
    snapshot.replace(source)
    return snapshot


def call(client: Snapshot, flag: Flag) -> Call:
    return Call(f"table[{flag.key!r}](context).value", {"table": client.table})


def call_all(client: Snapshot, flags: tuple[Flag, ...]) -> Call:  # noqa: ARG001 - it knows its flags
    return Call(
        "evaluate_all(context)",
        {"evaluate_all": client.evaluate_all},
        lambda answer: {key: evaluation.value for key, evaluation in answer.items()},
    )


def close(client: Snapshot) -> None:
    """There is nothing to close."""
