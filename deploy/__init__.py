"""What installations take: dashboards, alert rules, configuration of what stands around Flagsite."""
