"""Change requests over REST: shape only; what each step means is decided by the services, as for the admin."""
