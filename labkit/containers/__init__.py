"""PostgreSQL and a workspace in Docker Compose: what ``server`` and the tasks ask when they are up."""
