"""Run as a program: a stream process whose engine raises for some contexts, and quotes them in what it says.

Whatever is decided for a context with the attribute `trouble` fails. So it is seen what becomes of words that nobody
expected, in the log, in Sentry and in spans.
"""

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any

import structlog
import uvicorn
from flagsite_sdk.engine.snapshot import Snapshot

DECIDING = ("outcome", "outcomes", "evaluate_all", "explain")


def troubled(decide: Callable[..., Any]) -> Callable[..., Any]:
    """Return how contexts are decided, and how those in trouble are not."""

    @functools.wraps(decide)
    def decide_or_fail(self: Snapshot, *asked: Any, **options: Any) -> Any:
        context = asked[-1]
        if not isinstance(context, dict) or "trouble" not in context:
            return decide(self, *asked, **options)
        structlog.get_logger("flags").warning("in_trouble", attributes=sorted(context))
        try:
            raise KeyError(context["email"])  # noqa: TRY301 - one error that is caused by another
        except KeyError as error:
            logging.getLogger("elsewhere").exception("a stranger failed")
            raise ValueError(f"cannot handle {context}") from error

    return decide_or_fail


if __name__ == "__main__":
    for name in DECIDING:
        setattr(Snapshot, name, troubled(getattr(Snapshot, name)))
    uvicorn.run(
        "flagsite.asgi:application",
        port=int(sys.argv[1]),
        ws="flagsite.websocket:StreamProtocol",
        lifespan="on",
        log_level="warning",
    )
