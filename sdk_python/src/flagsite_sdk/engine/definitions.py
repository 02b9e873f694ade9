"""The definitions of an environment as they came: slices of JSON that are read when they are asked for.

Says which keys there are, what a definition is (or why it cannot be read) and which definitions differ from
another environment's. Knows nothing of deciding.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from flagsite_sdk.engine.errors import Malformed, Problem
from flagsite_sdk.engine.model import Flag, Segment
from flagsite_sdk.engine.wire import read_flag, read_segment

_D = TypeVar("_D", Flag, Segment)
Raws = dict[str, msgspec.Raw]
_NULL = b"null"


class Documents(Mapping[str, _D]):
    """Definitions by key, read when they are looked up, and kept as long as this object is.

    Looking up an unreadable one raises Malformed.
    """

    def __init__(self, raws: Raws, read: Callable[[str, Any], _D]) -> None:
        self.raws = raws
        self._read_document: Callable[[str, Any], _D] = read
        self._found: dict[str, _D | Malformed] = {}

    def __getitem__(self, key: str) -> _D:
        found = self._found.get(key)
        if found is None:
            raw = self.raws[key]
            try:
                found = self._read_document(key, parse(raw))
            except Malformed as error:
                found = error
            self._found[key] = found
        if isinstance(found, Malformed):
            raise Malformed(found.problems)
        return found

    def __contains__(self, key: object) -> bool:
        return key in self.raws

    def __iter__(self) -> Iterator[str]:
        return iter(self.raws)

    def __len__(self) -> int:
        return len(self.raws)

    def forget(self, key: str) -> None:
        """Read it anew when it is looked up next."""
        self._found.pop(key, None)


class Definitions:
    """The flags and segments of an environment."""

    def __init__(self, flags: Raws, segments: Raws) -> None:
        self._flags = flags
        self._segments = segments
        self.segments = Documents(segments, read_segment)
        """The segments; each is kept once it has been read, because many flags lean on it."""

    @property
    def raw_flags(self) -> Mapping[str, msgspec.Raw]:
        """The flags as they came."""
        return self._flags

    @property
    def raw_segments(self) -> Mapping[str, msgspec.Raw]:
        """The segments as they came."""
        return self._segments

    def flags(self) -> Documents[Flag]:
        """The flags. They are kept as long as the caller keeps what is returned: a compiled flag is enough."""
        return Documents(self._flags, read_flag)

    def update(self, flags: Raws, segments: Raws) -> None:
        """Put what has changed; null takes away."""
        for mine, theirs in ((self._flags, flags), (self._segments, segments)):
            for key, raw in theirs.items():
                if bytes(raw) == _NULL:
                    mine.pop(key, None)
                else:
                    mine[key] = raw.copy()
        for key in segments:
            self.segments.forget(key)

    def difference(self, other: "Definitions") -> tuple[list[str], list[str]]:
        """The keys of the flags and of the segments that are not the same in both."""
        flags = _difference(self._flags, other.raw_flags)
        return flags, _difference(self._segments, other.raw_segments)


def _difference(one: Mapping[str, msgspec.Raw], other: Mapping[str, msgspec.Raw]) -> list[str]:
    if not other:
        return list(one)
    return [key for key in one.keys() | other.keys() if key not in one or key not in other or one[key] != other[key]]


def parse(document: bytes | msgspec.Raw) -> Any:
    """JSON to Python.

    Raises:
        Malformed: It is not JSON, or nested so deeply that it cannot be read.
    """
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed([Problem("", f"Is not readable JSON: {error}.")]) from None
