"""What pip-audit reports, read so that what it could not ask for is not taken for harmless."""

from typing import Any

from deploy.vulnerabilities import NOT_REACHED, OK, VULNERABLE, judge

HARMLESS = {"name": "django", "version": "5.2.1", "vulns": []}
FAULTY = {"name": "old", "version": "1.0", "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.1", "2.0"]}]}
SKIPPED = {"name": "other", "skip_reason": "Dependency not found on PyPI and could not be audited: other (1.0)"}


def report(*packages: Any) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


def test_what_is_known_of_a_package_is_named_with_what_fixes_it() -> None:
    verdict = judge(report(HARMLESS, FAULTY))
    assert next(verdict.lines) == "old 1.0: PYSEC-2026-1, fixed in 1.1, 2.0"
    assert verdict.status(must_reach=False) == VULNERABLE


def test_nothing_known_of_all_that_was_asked_for_is_good() -> None:
    verdict = judge(report(HARMLESS))
    assert list(verdict.lines) == ["1 packages were asked for, 0 known vulnerabilities."]
    assert verdict.status(must_reach=True) == OK


def test_what_could_not_be_asked_for_is_said_and_fails_where_it_has_to_be() -> None:
    for verdict in (judge(report(HARMLESS, SKIPPED)), judge(report(SKIPPED)), judge(report()), judge(None)):
        assert "1 packages could not be asked for: the database of advisories was not reached." in verdict.lines
        assert (verdict.status(must_reach=False), verdict.status(must_reach=True)) == (OK, NOT_REACHED)
