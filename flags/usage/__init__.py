"""What is used, how often, how lately: counts, insights, staleness, latency, and the SDKs' reports that tell it."""
