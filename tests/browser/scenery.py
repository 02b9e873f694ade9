"""Run as a program: the demo's shop as it is after a few months of work, for pictures and for accessibility tests.

Takes a number that it ignores (the harness hands it to every program that seeds) and prints keys and the addresses of
the screens. Every moment is made up (`tests.browser.pinned`), so that two runs look the same.
"""

import json
import random
import secrets
import sys
from datetime import timedelta
from typing import Any

import django

from tests.browser.pinned import NOW, Ticking, set_clocks
from tests.browser.seeding import PASSWORD

COUNTRIES = ("US", "US", "CA", "DE", "FR", "GB", "BR")
PLANS = ("free", "free", "free", "pro", "enterprise")

if __name__ == "__main__":
    time = Ticking(NOW - timedelta(days=130))
    set_clocks(time)
    chance = random.Random(7)  # noqa: S311 - made-up numbers, the same each time
    secrets.token_hex = lambda nbytes=16: chance.randbytes(nbytes or 16).hex()  # ids and salts too; this program only
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts.actors import Actor, Source
    from accounts.models import Project, ServerKey, User
    from accounts.roles import Role
    from accounts.services import (
        create_user,
        grant_role,
        invite,
        rotate_server_key,
        set_password,
        update_environment,
        update_project,
    )
    from flags.editing.edits import FlagEdit, SegmentEdit
    from flags.models import (
        Flag,
        FlagState,
        LastEvaluation,
        RecordedEvaluation,
        TrackedEvent,
    )
    from flags.services import approve, make_partitions, note_contexts, propose, schedule_change_request, update_flag
    from flags.services.counts import count_evaluations
    from flags.usage.reports import Count
    from flagsite.demo.loading import load
    from segments.models import Segment
    from segments.services import create_segment
    from tests.browser.addresses import addresses_of
    from tests.browser.ramped import ramp, ramp_to_approve
    from tests.browser.told import tell

    system = Actor.system("demo")

    def person(username: str, first: str, last: str, role: Role) -> Actor:
        user = create_user(
            username=username,
            password=PASSWORD,
            email=f"{username}@harbour.example",
            first_name=first,
            last_name=last,
            by=system,
        )
        grant_role(user=user, role=role, project=shop, by=system)
        return Actor.person(user, source=Source.ADMIN)

    def state_of(key: str, environment: str) -> FlagState:
        return FlagState.objects.get(flag__key=key, environment__key=environment)

    def edit(key: str, environment: str = "production", **fields: Any) -> FlagEdit:
        version = state_of(key, environment).version
        return FlagEdit(key, states={environment: fields}, versions={environment: version})

    def change(key: str, by: Actor, comment: str, days_ago: float, where: str = "production", **fields: Any) -> None:
        time.set(NOW - timedelta(days=days_ago))
        given: Any = fields
        update_flag(
            project=shop, environment=shop.environments.get(key=where), key=key, fields=given, by=by, comment=comment
        )

    def reported(key: str, variation: str, reason: str, an_hour: int, hours: int = 24) -> list[Count]:
        return [
            Count(
                minute=NOW - timedelta(hours=hour, minutes=chance.randrange(60)),
                flag=key,
                variation=variation,
                reason=reason,
                count=round(an_hour * chance.uniform(0.7, 1.3)),
            )
            for hour in range(hours)
        ]

    call_command("migrate", verbosity=0)
    facts = load(settings.DATA_DIR / "demo.json", url="https://flags.harbour.example")
    shop = Project.objects.get(key=facts["project"])
    production = shop.environments.get(key="production")
    admin = Actor.person(User.objects.get(username="admin"), source=Source.ADMIN)
    set_password(User.objects.get(username="admin"), password=PASSWORD, by=system)
    maya = person("maya", "Maya", "Lindqvist", Role.EDITOR)
    jonas = person("jonas", "Jonas", "Weber", Role.EDITOR)
    person("priya", "Priya", "Nair", Role.VIEWER)

    # months of work
    recorded = ["country", "plan", "email", "beta", "app_version", "lifetime_spend"]
    update_project(shop, by=admin, name=shop.name, description=shop.description, recorded_attributes=recorded)
    time.set(NOW - timedelta(days=34))
    readers = [f"user-{number}" for number in range(12_480)]
    create_segment(
        project=shop,
        key="newsletter-readers",
        fields={"name": "Newsletter readers", "description": "Who reads the newsletter.", "included": readers},
        by=maya,
        comment="The list of September",
    )
    for number, key in enumerate(sorted(Flag.objects.values_list("key", flat=True))):
        change(key, system, "", 30, owner=("maya", "jonas")[number % 2])
    change("image-cdn", jonas, "The cache is warm", 21, rollout_percentage=100)
    change("support-chat", maya, "The team grows", 12, enabled=True, rollout_percentage=80)
    change("new-checkout", maya, "Conversion is up by 2 %", 6, rollout_percentage=25)
    change("new-checkout", jonas, "Payment provider is slow", 5, enabled=False)
    change("new-checkout", jonas, "Provider is back", 4.9, enabled=True)
    change("page-size", maya, "Tablets want more", 3, where="staging", fallthrough={"variation": "large"})
    change("search-engine", jonas, "No slower than before", 1.2, rollout_percentage=60)
    contexts = {
        f"user-{number}": (
            {
                "id": f"user-{number}",
                "country": chance.choice(COUNTRIES),
                "plan": chance.choice(PLANS),
                "beta": number % 9 == 0,
                "app_version": chance.choice(["4.1.9", "4.2.0", "4.3.1"]),
                "email": f"user-{number}@{'harbour' if number % 40 == 0 else 'mail'}.example",
                "lifetime_spend": chance.randrange(3_000),
            },
            NOW - timedelta(minutes=number),
        )
        for number in range(900)
    }
    note_contexts(production, contexts)

    # what SDKs have reported
    counts = reported("new-checkout", "on", "FALLTHROUGH", 5_100) + reported(
        "new-checkout", "off", "OUTSIDE_ROLLOUT", 15_300
    )
    for key, variation in (("search-engine", "opensearch"), ("image-cdn", "cdn"), ("page-size", "medium")):
        counts += reported(key, variation, "FALLTHROUGH", chance.randrange(4_000, 30_000))
    for variation in ("control", "plain", "urgent"):
        counts += reported("free-shipping-banner", variation, "FALLTHROUGH", 3_300)
    count_evaluations(production, counts)
    asked = {count.flag for count in counts} | {"checkout-kill-switch", "api-rate-limit", "support-chat"}
    LastEvaluation.objects.bulk_create(
        (LastEvaluation(environment=production, flag_key=key, at=NOW - timedelta(minutes=3)) for key in sorted(asked)),
        update_conflicts=True,
        unique_fields=["environment", "flag_key"],
        update_fields=["at"],
    )
    TrackedEvent.objects.bulk_create(
        TrackedEvent(
            environment=production,
            name=chance.choice(["purchase", "purchase", "sign-up", "search"]),
            context_id=f"user-{chance.randrange(900)}",
            value=round(chance.uniform(5, 240), 2),
            time=NOW - timedelta(minutes=5 * number),
        )
        for number in range(60)
    )

    # who got what
    time.set(NOW - timedelta(hours=1))
    make_partitions()
    RecordedEvaluation.objects.bulk_create(
        RecordedEvaluation(
            environment=production,
            flag_key="new-checkout",
            context_id=f"user-{number}",
            variation="on" if number % 4 == 0 else "off",
            reason="FALLTHROUGH" if number % 4 == 0 else "OUTSIDE_ROLLOUT",
            revision=production.revision,
            time=NOW - timedelta(minutes=number),
            attributes={"country": chance.choice(COUNTRIES), "plan": chance.choice(PLANS)},
            source=RecordedEvaluation.Source.SDK,
        )
        for number in range(25)
    )

    # what is going on
    ramped = ramp(production, time, jonas=jonas, maya=maya)
    time.set(NOW - timedelta(hours=20))
    flag_of_banner = edit(
        "free-shipping-banner",
        fallthrough={
            "split": [
                {"variation": "control", "weight": 10},
                {"variation": "plain", "weight": 45},
                {"variation": "urgent", "weight": 45},
            ]
        },
    )
    conflict = propose(project=shop, edits=[flag_of_banner], by=jonas, comment="The banner sells; fewer without it")
    change("free-shipping-banner", maya, "Urgent wins so far", 0.5, rollout_percentage=100, fallthrough={
        "split": [{"variation": "plain", "weight": 33.333}, {"variation": "urgent", "weight": 66.667}]
    })  # fmt: skip
    update_environment(
        production,
        by=admin,
        name=production.name,
        position=production.position,
        is_protected=True,
        requires_approval=True,
    )
    time.set(NOW - timedelta(hours=3))
    ramp_to_approve(production, maya=maya)
    rules = [
        *state_of("new-checkout", "production").rules,
        {
            "name": "Paying customers in North America",
            "if": {
                "all": [
                    {"attribute": "country", "operator": "in", "value": ["US", "CA"]},
                    {
                        "any": [
                            {"attribute": "plan", "operator": "in", "value": ["pro", "enterprise"]},
                            {"attribute": "lifetime_spend", "operator": "gt", "value": 1000},
                        ]
                    },
                    {"not": {"segment": "newsletter-readers"}},
                ]
            },
            "serve": {"split": [{"variation": "on", "weight": 66.667}, {"variation": "off", "weight": 33.333}]},
        },
    ]
    review = propose(
        project=shop,
        edits=[edit("new-checkout", rules=rules, rollout_percentage=40)],
        by=maya,
        comment="Two weeks without a complaint",
    )
    scheduled = propose(
        project=shop, edits=[edit("holiday-theme", enabled=True)], by=maya, comment="Snow on the first of Advent"
    )
    approve(scheduled, by=jonas, version=1, comment="Looks lovely")
    snow = NOW.replace(day=29, hour=6, minute=0)
    schedule_change_request(scheduled, by=maya, version=1, at=snow, comment="Snow on the first of Advent")
    spenders = Segment.objects.get(key="big-spenders")
    assert spenders.condition
    enterprise = {"attribute": "plan", "operator": "in", "value": ["enterprise"]}
    condition = {"any": [*spenders.condition["any"], enterprise]}
    edits = [SegmentEdit("big-spenders", {"condition": condition}, spenders.version)]
    propose(project=shop, edits=edits, by=jonas, comment="Enterprise customers are big spenders")
    invite(email="tomas@harbour.example", roles={shop: Role.EDITOR}, by=admin)
    rotate_server_key(ServerKey.objects.get(environment__key="staging"), by=admin)
    tell(shop, by=admin)

    requests = {"review": review, "conflict": conflict, "scheduled": scheduled}
    screens = addresses_of(production, requests, ramped)
    keys = {"server_key": facts["server_keys"]["production"], "api_token": facts["tokens"]["admin"]}
    json.dump({**keys, "screens": screens}, sys.stdout)
