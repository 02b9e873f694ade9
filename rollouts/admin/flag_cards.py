"""The card "Ramp" on a flag's page: of each environment the ramp that is active or was last, or how to start one."""

from collections.abc import Iterator

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.flags.rollout_cards import RolloutCard
from flags.models import Flag, FlagState
from flagsite.lib import clock
from rollouts.admin.summary import summary_of
from rollouts.models import Ramp
from rollouts.querysets import planned, ramps
from rollouts.standing import counted_of


def cards_of(access: Access, flag: Flag) -> dict[str, RolloutCard]:
    """Return the card of each environment, by its key."""
    return dict(_cards(access, flag))


def _cards(access: Access, flag: Flag) -> Iterator[tuple[str, RolloutCard]]:
    last = latest_ramps(flag)
    may = access.may(Ability.EDIT, flag.project_id)
    for state in flag.states.all():
        ramp = last.get(state.pk)
        starts = [("Start a ramp", start_address(state))] if may and (ramp is None or not ramp.is_active) else []
        if ramp is None:
            told = "It raises a percentage step by step, watches, and goes back by itself when it does harm."
            yield state.environment.key, RolloutCard("", "", (told,), None, links=tuple(starts))
            continue
        about = summary_of(ramp, now=clock.now(), evaluations=counted_for(ramp))
        words = "See the ramp" if ramp.is_active else "See the last ramp"
        yield (
            state.environment.key,
            RolloutCard(
                about.label,
                about.colour,
                about.sentences,
                about.percentage if ramp.is_active else None,
                about.marks,
                about.bar,
                (*starts, (words, reverse("admin:rollouts_ramp_change", args=[ramp.pk]))),
                ramp.rule if ramp.status == Ramp.Status.RUNNING else None,
            ),
        )


def start_address(state: FlagState) -> str:
    """Return the address of the page on which a ramp of the state is started."""
    return reverse("admin:rollouts_ramp_start", args=[state.flag_id, state.environment.key])


def latest_ramps(flag: Flag) -> dict[int, Ramp]:
    """Return the latest ramp of each of the flag's states, by the state's id, in two queries."""
    newest = Ramp.objects.filter(state=OuterRef("pk")).order_by("-started_at", "-pk").values("pk")[:1]
    latest = FlagState.objects.filter(flag=flag).annotate(ramp=Subquery(newest)).values("ramp")
    return {ramp.state_id: ramp for ramp in ramps().filter(pk__in=latest).prefetch_related("steps")}


def counted_for(ramp: Ramp) -> int | None:
    """Return how many evaluations were counted for the next step of a ramp whose steps were fetched, if it minds."""
    following = planned(list(ramp.steps.all())[ramp.position + 1 : ramp.position + 2])
    if ramp.status != Ramp.Status.RUNNING or not following or not following[0].min_evaluations:
        return None
    return counted_of(ramp)
