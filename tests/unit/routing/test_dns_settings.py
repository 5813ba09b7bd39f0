"""Every fault of the DNS settings is told at once, with the variable's name."""

from __future__ import annotations

from pytest_django import Settings

from routing.checks import dns_settings


def test_the_defaults_and_whole_settings_have_no_fault(settings: Settings) -> None:
    assert dns_settings() == []
    settings.DNS_SERVERS = ["192.0.2.53", "[2001:db8::53]:5353"]
    settings.DNS_SOURCES = ["smtp1=192.0.2.1 2001:db8::1", "listes=192.0.2.9"]
    assert dns_settings() == []


def test_every_fault_is_told_at_once(settings: Settings) -> None:
    settings.DNS_SERVERS = ["dns.example"]
    settings.DNS_SECONDS, settings.DNS_SLICE = 0, -1
    settings.DNS_SOURCES = ["192.0.2.1", "smtp1=", "smtp1=relay.example", "=192.0.2.1"]

    ids = [problem.id for problem in dns_settings()]
    assert ids == ["routing.E001", *["routing.E002"] * 2, *["routing.E003"] * 4]
