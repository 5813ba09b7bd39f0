"""Probes come by address, in the clear and without a session: they are answered before all else."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from mailadmin.health.urls import PROBES


class AnswerProbes:
    """Outermost: no redirect to HTTPS, no look at the Host header, no person.

    Each of these views says itself who may read it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = PROBES.get(request.path_info.removeprefix("/"))
        return view(request) if view else self._get_response(request)
