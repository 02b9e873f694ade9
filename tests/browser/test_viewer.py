"""A viewer sees all of a project's desk and can change none of it: nothing is offered, and nothing forged is taken."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.crawling import Visited, walk
from tests.browser.pages import open_flag

OWN = re.compile(r"^/admin/(logout|password_change|accounts/apitoken/|second-factor/)")
"""What everybody may do with what is their own."""
ASKING = re.compile(r"^/admin/flags/(flag/tester|flag/\d+/evaluations/|revision/item/\d+/as-of|revision/.*as)")
"""Forms that ask what a flag would serve: they change nothing."""
CHANGING_LINK = re.compile(r"/(add|delete|upload|renew|withdraw|rotate)/$")


def offers(visited: Visited) -> list[str]:
    """What a page offers that would change something of the project."""
    sends = [form.address for form in visited.forms]
    leads = [link for link in visited.links if CHANGING_LINK.search(link)]
    return [each for each in [*sends, *leads] if not OWN.search(each) and not ASKING.search(each)]


def test_a_viewer_sees_everything_is_offered_nothing_and_forges_in_vain(sign_in: SignIn) -> None:
    editor, viewer = sign_in("ed"), sign_in("vi")
    flag = open_flag(editor, "delivery-map")
    flag.turn_off("Production")
    flag.review()
    proposed = editor.url

    edited = list(walk(editor))
    forms = [form for page in edited for form in page.forms if form.address in offers(page)]
    assert len({form.address for form in forms}) > 5  # or the walk did not get far

    seen = {page.address: offers(page) for page in walk(viewer)}
    assert {address: offered for address, offered in seen.items() if offered} == {}
    assert len(seen) > 20
    viewer.goto(proposed)
    expect(viewer.get_by_role("region", name="What will change")).to_be_visible()
    expect(viewer.get_by_role("button", name=re.compile("Publish|Approve|Withdraw"))).to_have_count(0)

    viewer.goto("/admin/flags/flag/tester/")
    token = viewer.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    answers = {}
    for form in forms:
        answer = viewer.request.post(
            form.address,
            form={**form.fields, "csrfmiddlewaretoken": token},
            headers={"Referer": viewer.url},
            max_redirects=0,
        )
        answers[form.address] = answer.status
    assert {address: status for address, status in answers.items() if status != 403} == {}
