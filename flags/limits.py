"""How much of everything there may be. Each limit is named in the message of the refusal and in docs/reference."""

from typing import Final

MAX_VARIATIONS: Final = 100
MAX_RULES: Final = 500
MAX_PREREQUISITES: Final = 100
MAX_TARGETED_IDS: Final = 10_000
MAX_TAGS: Final = 20
MAX_CONTEXT_BYTES: Final = 64 * 1024
MAX_REPORT_BYTES: Final = 1024 * 1024
MAX_REPORT_ROWS: Final = 5_000
MAX_MERGED_REVISIONS: Final = 500
"""Revisions that are folded into one delta for a reader that lags behind; one further behind gets the snapshot."""
MAX_KEPT_DELTA_BYTES: Final = 8 * 1024 * 1024
"""Bytes of deltas that a process keeps of an environment; a reader who needs older ones gets the snapshot."""
MAX_RECENT_CONTEXTS: Final = 10_000
"""Contexts seen lately that are kept of an environment; of more, the ones seen longest ago go."""
MAX_SEEN_ID: Final = 512
"""Characters of a context's id; one with a longer id is not kept."""
MAX_SEEN_ATTRIBUTE_BYTES: Final = 1_024
"""Bytes of an attribute as JSON; a longer one is not kept."""
MAX_WAITING_EVALUATIONS: Final = 20_000
"""Evaluations that wait in a process to be recorded; more are dropped and counted."""
MAX_WAITING_ATTRIBUTE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of the attributes that wait with them."""
MAX_WAITING_COUNTS: Final = 20_000
"""Sums (a flag, variation and reason within a minute) that wait in a process to be added; more are dropped."""
MAX_NOTED_CONTEXTS: Final = 200
"""Contexts that a process notes as seen lately each time it writes; of more, so many by chance."""
MAX_KNOWN_CALLERS: Final = 1_000
"""Server keys whose holders a web process knows without asking the database."""
MAX_RECORDED_AT_ONCE: Final = 100
"""Flags decided by one request that are recorded one by one; of a request for more, only the counts are kept."""
MAX_UNKNOWN_FLAGS: Final = 1_000
"""Keys without a flag whose evaluations a process records: callers may make up keys, tables must not follow."""
MAX_EVALUATION_SERIES: Final = 10_000
"""Series of evaluations (a flag, variation and reason) that a process keeps apart in its metrics."""
MAX_ERROR_SERIES: Final = 1_000
"""Series of errors (a flag and code) that a process keeps apart in its metrics."""
MAX_REPORTED_UPDATES: Final = 100
"""Updates whose latency one batch may report."""
MAX_AUDITED_EVALUATIONS: Final = 100
"""Recorded evaluations that the explanation of a decision shows beside it, the newest."""
