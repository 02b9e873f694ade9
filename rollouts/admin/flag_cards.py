"""The card "Ramp" on a flag's page: of each environment the ramp that is active or was last, or how to start one."""

from collections.abc import Iterator

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from accounts.permissions import Access
from accounts.roles import Ability
from flags.admin.flags.rollout_cards import Action, RolloutCard, Watched
from flags.models import Flag, FlagState
from flagsite.lib import clock
from rollouts.admin.guardrail_cards import LOOKS, NOT_YET
from rollouts.admin.summary import summary_of
from rollouts.guardrails.document import read_guardrails
from rollouts.models import Ramp, Verdict
from rollouts.querysets import planned, ramps
from rollouts.standing import counted_of
from rollouts.wording import percent


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
                tuple(_watched(ramp)) if ramp.is_active else (),
                tuple(_actions(ramp)) if may else (),
            ),
        )


def _watched(ramp: Ramp) -> Iterator[Watched]:
    for row in ramp.guardrails.all():
        look = LOOKS[Verdict(row.verdict)] if row.verdict else NOT_YET
        yield Watched(str(read_guardrails([row.document])[0]), look.words, look.colour, look.icon)


def _actions(ramp: Ramp) -> Iterator[Action]:
    """Return what is done with a ramp from here; the rest is on its own page."""

    def action(name: str, words: str, icon: str, told: str, kind: str = "") -> Action:
        return Action(words, icon, told, reverse(f"admin:rollouts_ramp_{name}", args=[ramp.pk]), ramp.version, kind)

    if ramp.status == Ramp.Status.PAUSED:
        told = "It goes on from where the flag stands now. Delays count from now."
        yield action("resume", "Resume", "play_arrow", told, "ramp-go")
    if ramp.status == Ramp.Status.RUNNING:
        yield action("pause", "Pause", "pause", "No step is taken until somebody resumes it. Guardrails go on.")
        if following := list(ramp.steps.all())[ramp.position + 1 : ramp.position + 2]:
            told = f"It goes to {percent(following[0].percentage)} now, whatever the step waits for."
            yield action("advance", "Take next step now", "skip_next", told)
    if ramp.is_active and (ramp.has_begun or ramp.status != Ramp.Status.AWAITING_APPROVAL):
        told = "At once, nobody is let in any more, past review and approval. The ramp is over."
        yield action("roll_back", "Roll back to 0 %", "undo", told, "ramp-danger")


def start_address(state: FlagState) -> str:
    """Return the address of the page on which a ramp of the state is started."""
    return reverse("admin:rollouts_ramp_start", args=[state.flag_id, state.environment.key])


def latest_ramps(flag: Flag) -> dict[int, Ramp]:
    """Return the latest ramp of each of the flag's states, by the state's id, in four queries."""
    newest = Ramp.objects.filter(state=OuterRef("pk")).order_by("-started_at", "-pk").values("pk")[:1]
    latest = FlagState.objects.filter(flag=flag).annotate(ramp=Subquery(newest)).values("ramp")
    return {ramp.state_id: ramp for ramp in ramps().filter(pk__in=latest).prefetch_related("steps", "guardrails")}


def counted_for(ramp: Ramp) -> int | None:
    """Return how many evaluations were counted for the next step of a ramp whose steps were fetched, if it minds."""
    following = planned(list(ramp.steps.all())[ramp.position + 1 : ramp.position + 2])
    if ramp.status != Ramp.Status.RUNNING or not following or not following[0].min_evaluations:
        return None
    return counted_of(ramp)
