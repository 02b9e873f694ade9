"""Run as a program: an SDK in a process of its own that prints which variations it serves, whenever that changes.

Arguments: the server's address, a server key, a flag, and as JSON groups of contexts, by name their attributes. Each
group is a thousand contexts that differ by their id alone. It prints by group how many get which variation.
"""

import json
import sys
import time
from collections import Counter

from flagsite_sdk import FlagClient

GROUP = 1_000
PAUSE = 0.02

if __name__ == "__main__":
    url, key, flag = sys.argv[1:4]
    groups = json.loads(sys.argv[4])
    said = None
    with FlagClient(url, api_key=key, report=False) as client:
        while True:
            seen = {
                name: Counter(
                    client.get_variation(flag, {**attributes, "id": f"user-{number}"}, default="none")
                    for number in range(GROUP)
                )
                for name, attributes in groups.items()
            }
            if seen != said:
                print(json.dumps(seen), flush=True)  # noqa: T201 - this is how the test learns of it
                said = seen
            time.sleep(PAUSE)
