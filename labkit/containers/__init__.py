"""PostgreSQL and a workspace in Docker Compose: what the server and the tasks ask when it is up."""
