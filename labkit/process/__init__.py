"""How ``run`` runs a command: a prepared process that forks, its shim, and the observer inside."""
