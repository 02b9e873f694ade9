"""The shared cases, in both forms of the decision and in the explanation."""

from typing import Any

import pytest
from flagsite_sdk.engine.bucketing import Purpose, bucket
from flagsite_sdk.engine.operators import NEGATIONS, OPERATORS

from sdk_python.tests.engine import conformance
from sdk_python.tests.engine.conformance import Case
from sdk_python.tests.engine.environments import Answer, by_compiled, by_reference, holding

CASES = conformance.cases()
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def expected(case: Case) -> Answer:
    if "error" in case.expect:
        return (None, None, "ERROR", None, case.expect["error"])
    return (*(case.expect[name] for name in ("value", "variation", "reason", "rule")), None)


@every_case
def test_the_readable_form_answers_as_the_case_says(case: Case) -> None:
    found = by_reference(case.flags, case.segments, case.flag, case.context, case.now)
    assert found == expected(case), case.sentence


@every_case
def test_the_compiled_form_answers_as_the_case_says(case: Case) -> None:
    snapshot = holding(case.flags, case.segments, now=case.now)
    assert by_compiled(snapshot, case.flag, case.context) == expected(case), case.sentence


@pytest.mark.parametrize("case", conformance.buckets(), ids=lambda case: f"{case['purpose']}-{case['value']}")
def test_a_golden_bucket_never_changes(case: dict[str, Any]) -> None:
    purpose: Purpose = "rollout" if case["purpose"] == "rollout" else "split"
    assert bucket(case["salt"], purpose, case["value"]) == case["bucket"]


def test_every_operator_has_cases_that_are_true_false_and_without_the_attribute() -> None:
    seen: dict[str, set[object]] = {}
    for _, document in conformance.documents():
        condition = document.get("condition", {})
        if "operator" in condition:
            outcomes = seen.setdefault(condition["operator"], set())
            outcomes.add(document["matches"])
            if condition["attribute"] not in document["context"]:
                outcomes.add("missing")
    assert seen.keys() == OPERATORS.keys() | NEGATIONS.keys()
    assert all(outcomes == {True, False, "missing"} for outcomes in seen.values()), seen


def test_every_case_has_a_sentence_of_its_own() -> None:
    sentences = [document["sentence"] for _, document in conformance.documents()]
    assert all(sentence.endswith(".") for sentence in sentences)
    doubled = {sentence for sentence in sentences if sentences.count(sentence) > 1}
    assert not doubled
