"""Every other test fails when a page complains: here is that a page which breaks its own rules is heard."""

from playwright.sync_api import Browser

from tests.browser.chromium import complaints_of
from tests.processes.site import Process

INLINE = "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.in = 1' }))"


def test_a_script_that_the_content_security_policy_refuses_is_heard(browser: Browser, web: Process) -> None:
    page = browser.new_page(base_url=web.url)
    heard = complaints_of(page)
    page.goto("/admin/login/")
    assert heard == []
    with page.expect_console_message():
        page.evaluate(INLINE)
    assert "Content Security Policy" in heard[0]
    page.context.close()
