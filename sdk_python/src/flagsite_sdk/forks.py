"""Tells clients that their process is about to be copied by ``os.fork``, and has been.

A child gets the memory of its parent but none of its threads: locks that a thread held stay held for ever,
sockets are shared with the parent. So every client settles its locks before, and starts afresh in the child.
"""

import os
import threading
import weakref
from typing import Protocol as Shape


class Forkable(Shape):
    """Someone who wants to know."""

    def before_fork(self) -> None: ...  # noqa: D102

    def after_fork_in_parent(self) -> None: ...  # noqa: D102

    def after_fork_in_child(self) -> None: ...  # noqa: D102


class _Forking(threading.local):
    """Those told by this thread that it forks: two threads may fork at once."""

    def __init__(self) -> None:
        self.told: list[Forkable] = []


importing = threading.RLock()
"""Held by our threads while they import: a module half imported at a fork can never be imported in the child."""

_watched: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_forking = _Forking()


def watch_forks(someone: Forkable) -> None:
    """Tell someone of every fork from now on, for as long as it lives."""
    _watched.add(someone)


def _before() -> None:
    _forking.told = list(_watched)
    importing.acquire()
    for each in _forking.told:
        each.before_fork()


def _in_parent() -> None:
    told, _forking.told = _forking.told, []
    for each in reversed(told):
        each.after_fork_in_parent()
    importing.release()


def _in_child() -> None:
    told, _forking.told = _forking.told, []
    for each in reversed(told):
        each.after_fork_in_child()
    importing.release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
