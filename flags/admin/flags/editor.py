"""What the scripts of a flag's page are told: which fields hold what, what was refused, whom to ask for suggestions."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from django.urls import reverse

from flags.admin.flags.rollout_cards import RolloutCard
from flags.editing.starters import starters
from flags.forms.flags import STATE_FIELDS, FlagForm, NewFlagForm, field_name
from flags.models import Flag
from flagsite.lib.problems import InputError, StaleVersion
from segments.admin.offers import builder_data


def editor_data(form: FlagForm, flag: Flag, cards: Mapping[str, RolloutCard]) -> dict[str, Any]:
    """Return what the page of a flag that is there needs; `cards` say what moves it, by key of the environment."""
    known = builder_data()
    known["addresses"]["flags"] = reverse("admin:flags_flag_offers", args=[0])
    environments = [
        {
            "key": state.environment.key,
            "name": state.environment.name,
            "protected": state.environment.is_protected,
            "approval": state.environment.requires_approval,
            "rollout": asdict(cards[state.environment.key]) if state.environment.key in cards else None,
            "fields": {name: form[field_name(state, name)].id_for_label for name in STATE_FIELDS},
        }
        for state in form.states
    ]
    return known | {
        "project": flag.project_id,
        "type": flag.type,
        "variations": form["variations"].id_for_label,
        "environments": environments,
        "problems": _told(form),
        "refused": form.is_bound,
        "stale": isinstance(form.refusal, StaleVersion),
        "versions": {form[field_name(state, "version")].id_for_label: state.version for state in form.states},
    }


def new_flag_data(form: NewFlagForm) -> dict[str, Any]:
    """Return what the page of a new flag needs."""
    wrong = [error for error in _told(form) if error["path"].startswith("variations")]
    return {"starters": starters(), "problems": wrong, "refused": form.is_bound}


def _told(form: FlagForm | NewFlagForm) -> list[dict[str, str]]:
    return [{"path": error.path, "message": error.message} for error in _errors(form)]


def _errors(form: FlagForm | NewFlagForm) -> Iterator[InputError]:
    """Return what a service refused as it named it, and what was wrong before one was asked, named likewise."""
    if form.refusal is not None and form.refusal.errors:
        yield from form.refusal.errors
        return
    paths = {
        field_name(state, name): f"states[{state.environment.key}].{name}"
        for state in getattr(form, "states", ())
        for name in STATE_FIELDS
    }
    for field, messages in form.errors.items():
        if field != "__all__":
            for message in messages:
                yield InputError(paths.get(field, field), str(message))
