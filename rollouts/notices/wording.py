"""What receivers get to read: the same facts as JSON, as a Slack message, as an e-mail. Pure.

The JSON is a contract (docs/how-to/receive-notices.md): members are added, never renamed; another shape gets another
`version`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson
from django.template.loader import render_to_string

from flagsite.lib.moments import rfc3339

VERSION: Final = 1
TEST: Final = "notice.test"
"""The type of what is sent to try a receiver out."""
MAX_SUBJECT: Final = 200
MAX_SECTION: Final = 3_000
"""Characters of a section; Slack refuses the whole message when one has more."""


@dataclass(frozen=True)
class Notice:
    """What happened, as it is told. A try-out concerns no flag; its texts are empty and the rest is None."""

    type: str
    headline: str
    text: str
    time: datetime
    project: str
    project_name: str
    actor: str
    environment: str = ""
    flag: str = ""
    rule: str = ""
    ramp: int | None = None
    percentage_before: Decimal | None = None
    percentage: Decimal | None = None
    revision: int | None = None
    guardrail: Mapping[str, Any] | None = None
    figures: Mapping[str, Any] | None = None
    waits_for: str = ""
    link: str = ""

    @property
    def subject(self) -> str:
        """Return the notice in a line."""
        where = f"{self.flag} in {self.environment}: " if self.flag else ""
        line = " ".join(f"{where}{self.headline}{self._way()}".split())
        return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"

    def _way(self) -> str:
        if self.percentage is None:
            return ""
        now = f"{number_of(self.percentage)} %"
        return f", {now}" if self.percentage_before is None else f", {number_of(self.percentage_before)} % → {now}"


def number_of(percentage: Decimal | None) -> int | float | None:
    """Return a percentage as JSON has it: 5, not 5.000."""
    if percentage is None:
        return None
    return int(percentage) if percentage == int(percentage) else float(percentage)


def json_body(notice: Notice, *, id: str) -> str:  # noqa: A002 - the specification's word
    """Return Flagsite's own document, in the frame that Standard Webhooks recommends."""
    document = {
        "version": VERSION,
        "id": id,
        "type": notice.type,
        "timestamp": rfc3339(notice.time),
        "data": {
            "project": notice.project,
            "environment": notice.environment or None,
            "flag": notice.flag or None,
            "rule": notice.rule or None,
            "ramp": notice.ramp,
            "from_percentage": number_of(notice.percentage_before),
            "to_percentage": number_of(notice.percentage),
            "revision": notice.revision,
            "actor": notice.actor,
            "text": notice.text,
            "guardrail": notice.guardrail,
            "figures": notice.figures,
            "waits_for": notice.waits_for or None,
            "link": notice.link or None,
        },
    }
    return orjson.dumps(document).decode()


def slack_body(notice: Notice) -> str:
    """Return a message for an incoming webhook of Slack, or of what understands the same."""
    where = " · ".join(filter(None, (notice.project_name, notice.environment, notice.flag)))
    head, link = f"*{_escaped(notice.subject)}*\n", f"\n<{notice.link}|Open in Flagsite>" if notice.link else ""
    told = head + _cut(_escaped(notice.text), MAX_SECTION - len(head) - len(link)) + link
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": told}},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(f"{where} · by {notice.actor}")}]},
    ]
    return orjson.dumps({"text": f"{_escaped(notice.subject)}: {_escaped(notice.text)}", "blocks": blocks}).decode()


def mail_body(notice: Notice, *, receiver: str) -> str:
    """Return the text of an e-mail."""
    facts = {
        "Project": notice.project_name,
        "Environment": notice.environment,
        "Flag": notice.flag,
        "Rule": notice.rule,
        "Revision": notice.revision,
        "By": notice.actor,
        "At": f"{notice.time:%-d %B %Y, %H:%M:%S} UTC",
    }
    shown = [(name, value) for name, value in facts.items() if value]
    return render_to_string("rollouts/mail/notice.txt", {"notice": notice, "facts": shown, "receiver": receiver})


def _cut(escaped: str, most: int) -> str:
    """Return what fits of an escaped text, without half an entity at its end."""
    if len(escaped) <= most:
        return escaped
    kept = escaped[: most - 1]
    begun = kept.rfind("&")
    return (kept if begun < 0 or ";" in kept[begun:] else kept[:begun]) + "…"


def _escaped(text: str) -> str:
    """Return the text with what Slack would take for links and mentions made harmless."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
