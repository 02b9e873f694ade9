"""A round of sending: claim, try many at once in threads, record each as it ends, until nothing is due.

Threads only talk to receivers; rows are read and written by the thread that runs the round.
"""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

from rollouts import metrics
from rollouts.models import Delivery
from rollouts.notices.sending import Answer, send
from rollouts.services.notices.deliveries import Claimed, claim, record_answer
from rollouts.services.notices.telling import nudge

AT_ONCE: Final = 16
"""Requests that one worker has open."""
ROUND_SECONDS: Final = 30.0
"""After so long a round claims nothing more and leaves the rest to another one, so that other tasks have their turn."""


def send_due() -> int:
    """Send what is due and return how many attempts there were. Any number of workers may do this at once."""
    ends = time.monotonic() + ROUND_SECONDS
    attempts = 0
    under_way: dict[Future[Answer], Claimed] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notices") as pool:
        while True:
            while len(under_way) < AT_ONCE and time.monotonic() < ends and (found := claim(AT_ONCE - len(under_way))):
                under_way |= {pool.submit(send, claimed.message): claimed for claimed in found}
            if not under_way:
                break
            for ended in wait(under_way, return_when=FIRST_COMPLETED).done:
                record_answer(under_way.pop(ended), ended.result())
                attempts += 1
    if time.monotonic() >= ends:
        nudge()
    metrics.waiting(Delivery.objects.filter(status=Delivery.Status.WAITING).count())
    return attempts
