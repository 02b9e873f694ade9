"""Evaluations as this server gives them out: to callers, to the log, to the record; each written out once.

A compiled flag can end in a few ways only. So each of them is encoded when it is first met, and whoever is given the
same is given the same bytes. A change makes them anew, when they are asked for.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from flagsite_sdk.engine.result import OPENFEATURE_REASONS, ErrorCode, Evaluation, Outcome
from flagsite_sdk.engine.snapshot import Snapshot

Tally = tuple[str, str, str, str]
"""What is counted together within a minute: flag, variation, reason, error code. A plain tuple of texts: a request for
all flags has one for each, and these cost the garbage collector nothing."""


class Decided(NamedTuple):
    """What is kept of an evaluation: not its value, nor the words of an error, which may quote an attribute."""

    flag: str
    variation: str
    reason: str
    rule: str
    error_code: str
    revision: int


class Answer:
    """One flag's evaluation, in every shape in which it leaves the server.

    Kept by the thousand: what is asked for by itself is cut out of what is asked for with all others.
    """

    __slots__ = ("_decided", "_line", "_ofrep", "among_all", "evaluation", "key", "line_among_all", "name", "tally")

    def __init__(self, key: str, evaluation: Evaluation) -> None:
        self.key = key
        self.evaluation = evaluation
        self.name = orjson.dumps(key)
        """Its key as JSON."""
        self._ofrep = self._line = b""
        self._decided: Decided | None = None
        self.tally: Tally = (key, evaluation.variation or "", str(evaluation.reason), _code(evaluation))
        self.among_all = self.name + b":" + orjson.dumps(_members(evaluation))
        """A member of a body with all flags, in the REST API."""
        self.line_among_all = self.name + b":" + orjson.dumps(_kept(evaluation))
        """A member of a log line with all flags."""

    @property
    def decided(self) -> Decided:
        """What is recorded of it."""
        if self._decided is None:
            found = self.evaluation
            key, variation, reason, error_code = self.tally
            self._decided = Decided(key, variation, reason, found.rule or "", error_code, found.revision)
        return self._decided

    @property
    def body(self) -> bytes:
        """Its body in the REST API."""
        members = self.among_all[len(self.name) + 2 : -1]
        return b'{"flag_key":%b,%b,"revision":%d}' % (self.name, members, self.evaluation.revision)

    @property
    def line(self) -> bytes:
        """The members of its own log line."""
        if not self._line:
            members = self.line_among_all[len(self.name) + 2 : -1]
            self._line = b'"flag":%b,%b,"revision":%d' % (self.name, members, self.evaluation.revision)
        return self._line

    @property
    def ofrep(self) -> bytes:
        """Its body in OpenFeature's protocol, and its place in one with all flags."""
        if not self._ofrep:
            self._ofrep = orjson.dumps(ofrep_result(self.key, self.evaluation))
        return self._ofrep


def _code(found: Evaluation) -> str:
    return found.error_code.value if found.error_code else ""


def _members(found: Evaluation) -> dict[str, Any]:
    body = {"value": found.value, "variation": found.variation, "reason": found.reason.value}
    if found.rule is not None:
        body["rule"] = found.rule
    if found.error_code is not None:
        body |= {"error_code": found.error_code.value, "error": found.error}
    return body


def ofrep_result(key: str, found: Evaluation) -> dict[str, Any]:
    """Return an evaluation as OFREP 0.3 has it: `variant`, a reason in its words, ours as metadata."""
    if found.error_code is not None:
        code = {ErrorCode.FLAG_NOT_FOUND: "FLAG_NOT_FOUND", ErrorCode.INVALID_CONTEXT: "INVALID_CONTEXT"}
        error = found.error or "The flag cannot be decided."
        return {"key": key, "errorCode": code.get(found.error_code, "PARSE_ERROR"), "errorDetails": error}
    metadata = {"reason": found.reason.value, "revision": found.revision}
    if found.rule is not None:
        metadata["rule"] = found.rule
    return {
        "key": key,
        "value": found.value,
        "variant": found.variation,
        "reason": OPENFEATURE_REASONS[found.reason],
        "metadata": metadata,
    }


def _kept(found: Evaluation) -> Mapping[str, str]:
    what = {"variation": found.variation or "", "reason": found.reason.value, "rule": found.rule or ""}
    return what | {"error_code": found.error_code.value} if found.error_code else what


class Answers:
    """What one environment's flags answer; asks the engine each time, and writes out what is new."""

    def __init__(self, engine: Snapshot) -> None:
        self._engine = engine
        self._made: tuple[int, dict[Outcome, Answer]] = 0, {}
        """Those of a revision; number and answers are changed together, for threads that look at both."""

    def one(self, key: str, context: Any) -> Answer:
        """Return what a flag is for a context now; errors come as an evaluation with reason ERROR."""
        revision, found = self._engine.outcome(key, context)
        return _answer(key, found, revision, self._made_of(revision))

    def all(self, context: Any) -> list[Answer]:
        """Return what every flag is for a context now, all of one revision."""
        revision, found = self._engine.outcomes(context)
        made = self._made_of(revision)
        try:
            return [made[outcome] for _, outcome in found]  # type: ignore[index]  # what is no outcome is not in there
        except KeyError:
            return [_answer(key, outcome, revision, made) for key, outcome in found]

    def _made_of(self, revision: int) -> dict[Outcome, Answer]:
        of, made = self._made
        if of != revision:
            made = {}
            self._made = revision, made
        return made


def _answer(key: str, found: Outcome | Evaluation, revision: int, made: dict[Outcome, Answer]) -> Answer:
    if isinstance(found, Evaluation):
        return Answer(key, found)
    answer = made.get(found)
    if answer is None:
        evaluation = Evaluation(found.value, found.variation, found.reason, found.rule, revision)
        answer = made[found] = Answer(key, evaluation)
    return answer
