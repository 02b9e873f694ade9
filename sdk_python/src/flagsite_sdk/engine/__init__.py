"""The engine: decides a flag for a context. Pure: no clock, no I/O, no randomness.

`snapshot.Snapshot` is what servers and SDKs hold; `evaluate` is the decision to read, `compile` the same
decision made fast; `wire` reads and writes definitions; `operators` is the table of comparisons.
"""

from flagsite_sdk.engine.errors import Gap, InvalidContext, Malformed, Problem, UnknownFlag
from flagsite_sdk.engine.result import ErrorCode, Evaluation, Outcome, Reason
from flagsite_sdk.engine.snapshot import Snapshot

__all__ = [
    "ErrorCode",
    "Evaluation",
    "Gap",
    "InvalidContext",
    "Malformed",
    "Outcome",
    "Problem",
    "Reason",
    "Snapshot",
    "UnknownFlag",
]
