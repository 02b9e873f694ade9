"""People, projects, environments, roles and keys: who may do what, and where."""
