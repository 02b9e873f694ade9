"""`make bench-guardrails`: thousands of made-up ramps under continuous looking, harmless and harmful.

    shop.py        made-up users who come back, and fail again
    ramp.py        one ramp through the shop, watched by the real statistics
    naive.py       what a z-test would have said, looked at as often
    intervals.py   Clopper-Pearson intervals and quantiles
    runs.py        many ramps, and what came of them
    report.py      tables
    plot.py        the picture

Repeatable: one seed decides everything. Users' buckets are the engine's.
"""
