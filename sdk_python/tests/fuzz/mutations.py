"""Documents that were right, made wrong: in their bytes, and in their structure. All chance comes from one number."""

import copy
import json
import os
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from sdk_python.tests.engine.conformance import Case, cases

ROUNDS: Final = int(os.environ.get("FUZZ_ROUNDS", "1500"))
"""Inputs that each test tries: some seconds' worth, or as many as `make fuzz` says."""
SEED: Final = int(os.environ.get("FUZZ_SEED", "20261122"))

_TOKENS: Final = (
    *(
        b"null",
        b"true",
        b"-0",
        b"-1",
        b"0.0005",
        b"1e999",
        b"-1e-999",
        b"1" * 400,
        b"1" * 5_000,
        b"18446744073709551616",
    ),
    *(b"NaN", b"Infinity", b'""', b"[]", b"{}", b'"\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b"\xef\xbb\xbf", b"\x00"),
    *(b"[" * 50, b'{"a":' * 50, b"[" * 3_000, b'{"a":' * 3_000, b"[" * 200_000, b'{"not":' * 100, b"]" * 50, b","),
    *(b'"revision":9,', b'"since":0,', b'"flags":null,', b'"flags":', b'"segments":', b'"revision":'),
)
_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 2**53 + 1, 2**64, -(2**63) - 1, 0.0005, 1e308, -0.0, 100.0005, "", "\ud800", "\0", "é"),
    *([], {}, [[]], {"": {}}, ["a", 1, None], "x" * 100_000, ["x"] * 2_000),
    *({"everyone": True}, {"segment": "beta"}, {"variation": "on"}, {"split": []}),
    *("equals", "regex", "(a{1000}){1000}", "[", "10.0.0.0/99", "1.2.3.4.5", "9" * 400 + "d", "9999-12-31T23:59:59Z"),
)


class Mutations:
    """Makes wrong documents from the conformance cases."""

    def __init__(self, seed: int = SEED) -> None:
        self.random = Random(seed)  # noqa: S311 - the same every time
        self._cases = cases()

    def case(self) -> Case:
        return self.random.choice(self._cases)

    def document(self) -> tuple[bytes, Case]:
        """A whole configuration with something wrong, and the case that it was made from."""
        case = self.case()
        if self.random.random() < 1 / 2:
            return self.spoilt(json.dumps(case.snapshot).encode()), case
        return json.dumps(self.altered(case.snapshot)).encode(), case

    def spoilt(self, data: bytes) -> bytes:
        """Change bytes, here and there."""
        for _ in range(self.random.choice((1, 1, 2, 5))):
            data = self._spoilt_once(data)
        return data

    def _spoilt_once(self, data: bytes) -> bytes:
        start = self.random.randrange(len(data) + 1)
        end = min(len(data), start + self.random.choice((0, 1, 1, 4, 30, 300)))
        match self.random.randrange(6):
            case 0:
                return data[:start] + data[end:]
            case 1:
                return data[:start] + self.random.randbytes(end - start) + data[end:]
            case 2:
                return data[:start] + self.random.choice(_TOKENS) + data[end:]
            case 3:
                return data[:end] + data[start:]
            case 4:
                other = json.dumps(self.case().snapshot).encode()
                return data[:start] + other[self.random.randrange(len(other)) :]
            case _:
                return data[:start]

    def altered(self, document: Any) -> Any:
        """Change values, names and nesting, so that it is still JSON."""
        document = copy.deepcopy(document)
        for _ in range(self.random.choice((1, 1, 2, 4))):
            self._alter(self.random.choice(list(_places(document)) or [document]))
        return document

    def _alter(self, place: Any) -> None:
        if not place:  # emptied by a change before this one
            return
        name = self.random.choice(list(place) if isinstance(place, dict) else range(len(place)))
        match self.random.randrange(6):
            case 0:
                del place[name]
            case 1:
                place[name] = self._from_elsewhere()
            case 2:
                place[name] = _nested(place[name], self.random.choice((1, 19, 20, 21, 64, 65, 150)))
            case 3 if isinstance(place, dict):
                place[self.random.choice(("if", "all", "value", "id", "", "colour", "weight"))] = place.pop(name)
            case 3 | 4 if isinstance(place, list):
                place += place[: 1 + name]
            case _:
                place[name] = copy.deepcopy(self.random.choice(_VALUES))

    def _from_elsewhere(self) -> Any:
        place = self.random.choice(list(_places(self.case().snapshot)))
        return copy.deepcopy(self.random.choice(list(place.values()) if isinstance(place, dict) else place))


def _places(document: Any) -> Iterator[Any]:
    """Every object and list in a document that has something in it."""
    level = [document]
    while level:
        found = [each for each in level if isinstance(each, dict | list) and each]
        yield from found
        level = [inner for each in found for inner in (each.values() if isinstance(each, dict) else each)]


def _nested(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = {"not": value} if level % 2 else {"all": [value]}
    return value
