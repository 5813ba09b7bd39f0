"""Which methods a view answers."""

from __future__ import annotations

from django.views.decorators.http import require_http_methods

asks_first = require_http_methods(["GET", "HEAD", "POST"])
"""For a page that asks and acts: GET shows what would happen, POST does it."""
