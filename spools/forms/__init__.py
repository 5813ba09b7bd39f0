"""Forms of the spools app."""
