"""How ``snapshot`` reads a schema and ``compare`` compares two: one module for each kind of object."""
