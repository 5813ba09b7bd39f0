"""Rows of the spools app, one module per subject."""
