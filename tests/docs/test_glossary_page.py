"""docs/reference/glossary.md has every reason and error code of the engine, in the engine's order."""

from flagsite_sdk.engine.result import ErrorCode, Reason

from tests.docs.markdown import page, quoted, rows

PAGE = page("docs/reference/glossary.md")


def test_the_reasons_are_the_engine_s() -> None:
    assert [quoted(row[0])[0] for row in rows(PAGE.section("Reasons"))] == list(Reason)


def test_the_error_codes_are_the_engine_s() -> None:
    assert [quoted(row[0])[0] for row in rows(PAGE.section("Error codes"))] == list(ErrorCode)


def test_no_word_is_explained_twice() -> None:
    words = [row[0] for row in rows(PAGE.section("Glossary"))]
    assert words
    assert len(words) == len(set(words))
