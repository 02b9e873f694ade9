"""Where the screens of the scenery are. Imported by that program, once Django is set up."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from accounts.models import Environment, ServerKey, User
from flags.models import ChangeRequest, Flag, RevisionItem
from rollouts.models import Ramp, RampTemplate, Webhook
from segments.models import Segment
from tests.browser.told import failed


def _address(name: str, *arguments: Any, query: str = "") -> str:
    return reverse(f"admin:{name}", args=arguments) + (f"?{query}" if query else "")


def addresses_of(production: Environment, asked: Mapping[str, ChangeRequest], ramp: Ramp) -> dict[str, str]:
    """Return by name of a screen its address; `asked` are the change requests that are shown, by name too."""
    flag = Flag.objects.get(key="new-checkout")
    item = RevisionItem.objects.filter(environment=production, key=flag.key).order_by("-number")[1]
    segment = Segment.objects.get(key="beta-testers")
    readers_segment = Segment.objects.get(key="newsletter-readers")
    server_key = ServerKey.objects.get(environment=production)
    return {
        "home": _address("index"),
        "flags": _address("flags_flag_changelist"),
        "new-flag": _address("flags_flag_add"),
        "flag": _address("flags_flag_change", flag.pk) + "#production",
        "who-got-what": _address("flags_flag_evaluations", flag.pk),
        "emergency": _address("flags_flag_turn_off", flag.pk),
        "review": _address("flags_changerequest_change", asked["review"].pk),
        "conflict": _address("flags_changerequest_change", asked["conflict"].pk),
        "scheduled": _address("flags_changerequest_change", asked["scheduled"].pk),
        "change-requests": _address("flags_changerequest_changelist"),
        "history": _address("flags_revision_timeline", query="project=harbour-shop&kind=flag&key=new-checkout"),
        "revision": _address("flags_revision_item", item.pk),
        "as-of": _address("flags_revision_as_of", item.pk),
        "insights": _address("flags_flag_insights", flag.pk, query="period=week"),
        "tester": _address("flags_flag_tester", query="project=harbour-shop&flag=new-checkout"),
        "compare": _address("flags_flag_compare"),
        "segments": _address("segments_segment_changelist"),
        "segment": _address("segments_segment_change", segment.pk),
        "segment-upload": _address("segments_segment_upload", readers_segment.pk),
        "segment-ids": _address("segments_segment_ids", readers_segment.pk, "included"),
        "ramps": _address("rollouts_ramp_changelist"),
        "ramp": _address("rollouts_ramp_change", ramp.pk),
        "ramp-rolled-back": _address("rollouts_ramp_change", Ramp.objects.get(status="rolled_back").pk),
        "ramp-start": _address("rollouts_ramp_start", flag.pk, production.key),
        "ramp-change": _address("rollouts_ramp_edit", ramp.pk),
        "ramp-templates": _address("rollouts_ramptemplate_changelist"),
        "ramp-template": _address("rollouts_ramptemplate_change", RampTemplate.objects.get().pk),
        "webhooks": _address("rollouts_webhook_changelist"),
        "new-webhook": _address("rollouts_webhook_add"),
        "webhook": _address("rollouts_webhook_change", Webhook.objects.get(name="Status page").pk),
        "webhook-secret": _address("rollouts_webhook_rotate", Webhook.objects.get(name="Status page").pk),
        "mail-notices": _address("rollouts_mailnotice_changelist"),
        "new-mail-notice": _address("rollouts_mailnotice_add"),
        "deliveries": _address("rollouts_delivery_changelist"),
        "delivery": _address("rollouts_delivery_change", failed().pk),
        "keys": _address("accounts_serverkey_changelist"),
        "key-rotation": _address("accounts_serverkey_rotate", server_key.pk),
        "people": _address("accounts_user_changelist"),
        "person": _address("accounts_user_change", User.objects.get(username="maya").pk),
        "invitations": _address("accounts_invitation_changelist"),
        "invitation": _address("accounts_invitation_add"),
        "environment": _address("accounts_environment_change", production.pk),
        "project": _address("accounts_project_change", production.project_id),
        "evaluations": _address("flags_evaluationcount_changelist"),
        "events": _address("flags_trackedevent_changelist"),
        "audit-log": _address("auditlog_logentry_changelist"),
        "second-factor": reverse("mfa_index"),
        "sign-in": _address("login"),
    }
