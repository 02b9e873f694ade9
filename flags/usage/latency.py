"""How long updates took from the server to deciding in SDKs.

An SDK says for how long it had held a revision when it reported; the server takes its own time of receipt, goes back
by that, and compares with when it made the revision. So the SDK's clock does not matter, whatever it shows; what a
report takes on its way is added, which is milliseconds. The clocks of servers may differ among themselves: a latency
that would be negative is taken for none.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.models import Environment
from flags import metrics
from flags.models import Revision
from flags.usage.reports import Update


def note_latencies(environment: Environment, updates: Sequence[Update], *, received_at: datetime) -> None:
    """Put the latencies of updates that an SDK reported into the metrics; unknown revisions are passed over."""
    if not updates:
        return
    numbers = {update.revision for update in updates}
    rows = Revision.objects.filter(environment=environment, number__in=numbers).order_by()
    made_at = dict(rows.values_list("number", "created_at"))
    place = metrics.Place.of(environment)
    for update in updates:
        if update.revision in made_at:
            elapsed = (received_at - made_at[update.revision]).total_seconds() - update.age_seconds
            metrics.applied(place, max(0.0, elapsed), source=update.source)
