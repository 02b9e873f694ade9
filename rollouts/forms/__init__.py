"""Forms of the admin; what they mean and whether they are allowed is decided by the services."""
