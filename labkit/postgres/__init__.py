"""Where ``server`` gets PostgreSQL from: the embedded one, a given one, their roles and sessions."""
