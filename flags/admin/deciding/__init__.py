"""Why somebody gets what: the tester, the path of a decision, and recorded evaluations."""
