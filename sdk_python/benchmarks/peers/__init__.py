"""The SDKs that are measured, each in a module that translates the workloads and says how it is called.

A module of a peer offers:

- `PACKAGE`: the distribution whose version is reported; `REMARK`: what a reader should know about how it is measured;
- `prepare(environment) -> source`: its own configuration format, in the form that its constructor takes
  (objects are given to it as JSON text, and reading that is timed: so does its server send them)
- `open_client(source) -> client`: construct it, offline, ready to decide;
- `call(client, flag) -> Call`: the call that an application writes, context given as a plain dict named `context`;
- `call_all(client, flags) -> Call`: all flags for one context, by its own bulk call where it has one;
- `close(client)`.

A workload that a vendor's format cannot express raises `CannotExpress`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any

NAMES = (
    "flagsite",
    "flagsite_engine",
    "launchdarkly",
    "unleash",
    "flagsmith",
    "growthbook",
    "eppo",
    "statsig",
    "posthog_local",
    "configcat",
    "flagd",
)

NOWHERE = "http://127.0.0.1:9"
"""An address that answers nobody, for SDKs that insist on one (the discard port of this machine)."""


class CannotExpress(Exception):
    """The vendor's format has no such thing; the message says what is missing."""


@dataclass(frozen=True)
class Call:
    """A Python expression over `context` and `names`: inlined into the timing loop, so that no wrapper is measured."""

    expression: str
    names: dict[str, Any] = field(default_factory=dict)
    read: Callable[[Any], Any] = lambda answer: answer
    """What turns the answer into plain values, for checking; not timed."""

    def function(self) -> Callable[[dict[str, Any]], Any]:
        """Return it as a function of the context."""
        decide = eval(f"lambda context: {self.expression}", dict(self.names))  # noqa: S307 - our own expressions
        return lambda context: self.read(decide(context))

    def loop(self) -> Callable[[list[dict[str, Any]]], int]:
        """Return a function that evaluates it once for each context and returns the nanoseconds that it took."""
        arguments = ", ".join(f"{name}={name}" for name in ("clock", *self.names))
        source = (
            f"def loop(contexts, *, {arguments}):\n"
            "    start = clock()\n"
            "    for context in contexts:\n"
            f"        {self.expression}\n"
            "    return clock() - start\n"
        )
        scope = {**self.names, "clock": perf_counter_ns}
        exec(source, scope)  # noqa: S102 - our own expressions
        return scope["loop"]
