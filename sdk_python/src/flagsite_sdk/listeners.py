"""Calls those who want to know, and survives them.

A listener runs in the thread that brings the news: it should be quick. What it raises is logged and hurts
nobody: not the next listener, not the stream, not a read.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from flagsite_sdk.quiet_log import LOGGER

News = TypeVar("News")


class Listeners(Generic[News]):
    """Those who listen to one kind of news."""

    def __init__(self) -> None:
        self._listeners: tuple[Callable[[News], object], ...] = ()

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Callable[[News], object]) -> Callable[[], None]:
        """Add a listener; return a function that removes it again (and may be called twice)."""

        def call(news: News) -> object:  # an own object, so that one listener added twice is removed once
            return listener(news)

        self._listeners = (*self._listeners, call)

        def remove() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not call)

        return remove

    def tell(self, news: News) -> None:
        """Call every listener, one after the other."""
        for listener in self._listeners:
            try:
                listener(news)
            except Exception:  # noqa: BLE001 - whatever a stranger's code raises
                LOGGER.exception("A Flagsite listener raised; it goes on being called")
