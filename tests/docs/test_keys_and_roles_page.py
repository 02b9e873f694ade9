"""docs/reference/keys-and-roles.md has the table of `accounts.roles`, and the kinds of keys that there are."""

from accounts.credentials import Credential, Kind
from accounts.roles import ABILITIES, IN_WORDS, Role
from tests.docs.markdown import page, rows

PAGE = page("docs/reference/keys-and-roles.md")


def test_the_roles_may_what_the_page_says() -> None:
    head = next(line for line in PAGE.section("Roles").splitlines() if line.startswith("|"))
    roles = [Role(cell.strip()) for cell in head.split("|")[2:-1]]
    assert set(roles) == set(Role)
    documented = {
        words: dict(zip(roles, (cell == "yes" for cell in cells), strict=True))
        for words, *cells in rows(PAGE.section("Roles"))
    }
    actual = {words: {role: ability in ABILITIES[role] for role in Role} for ability, words in IN_WORDS.items()}
    assert documented == actual


def test_both_kinds_of_keys_are_on_the_page() -> None:
    for kind in Kind:
        assert f"`fs_{kind}_…`" in PAGE.text
    assert len(Credential.new(Kind.SERVER).id) == 12
