"""Forms: they read what was typed. What is right is decided in core, and again in the services."""
