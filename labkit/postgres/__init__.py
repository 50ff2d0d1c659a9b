"""Where ``server`` gets PostgreSQL from: embedded or given, with its roles and sessions."""
