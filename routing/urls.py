"""Addresses of the routing pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpResponse
from django.urls import URLPattern, path, register_converter

from routing.views import (
    adopt,
    adopt_reading,
    bulk_acts,
    bulk_add,
    checklist,
    dns,
    dns_findings,
    files,
    findings,
    foreign_lines,
    mail_host_acts,
    mail_hosts,
    matrix,
    objects,
    propose,
    pushes,
    relays,
    route,
)
from routing.views.converters import KeyConverter
from routing.views.nouns import DOMAINS, FOREIGN_LINES, LOCAL_HOSTS, ROUTES, Noun
from routing.views.retire import retire
from routing.views.retiring_list import retiring_act, retiring_list
from routing.views.to_domain import to_domain

register_converter(KeyConverter, "key")

Acts = Mapping[str, Callable[..., HttpResponse]]
ACTS: Acts = {
    "edit": objects.edit,
    "enable": objects.enable,
    "disable": objects.disable,
    "delete": objects.delete,
}


def pages(noun: Noun, acts: Acts) -> list[URLPattern]:
    """The list of one kind of object, its page, and a page for each act."""
    given = {"noun": noun}
    place, slug = f"{noun.slug}s", noun.slug
    return [
        path(f"{place}/", objects.list_all, given, name=f"{slug}-list"),
        *(
            [
                path(f"{place}/add/", objects.add, given, name=f"{slug}-add"),
                path(f"{place}/bulk-add/", bulk_add.bulk_add, given, name=f"{slug}-bulk-add"),
            ]
            if "edit" in acts
            else []
        ),
        path(f"{place}/~act/", bulk_acts.act_on, given, name=f"{slug}-act"),
        path(f"{place}/<key:key>/", objects.page, given, name=f"{slug}-page"),
        *(
            path(f"{place}/<key:key>/{name}/", view, given, name=f"{slug}-{name}")
            for name, view in acts.items()
        ),
    ]


urlpatterns = [
    path("domains/<key:key>/checklist/", checklist.checklist_page, name="domain-checklist"),
    path("domains/<key:key>/checklist/ask/", checklist.checklist_ask, name="domain-checklist-ask"),
    path("domains/<key:key>/dns/", dns.domain_dns, name="domain-dns"),
    path("domains/<key:key>/check-dns/", dns.check_domain, name="domain-check-dns"),
    path("local-hosts/<key:key>/dns/", dns.local_dns, name="local-host-dns"),
    path("local-hosts/<key:key>/check-dns/", dns.check_local, name="local-host-check-dns"),
    path("domains/~new/", checklist.new_domain_list, name="new-domain-list"),
    path("domains/~retiring/", retiring_list, name="retiring-list"),
    path("domains/~retiring/act/", retiring_act, name="retiring-act"),
    *pages(DOMAINS, {**ACTS, "retire": retire}),
    *pages(LOCAL_HOSTS, ACTS),
    *pages(ROUTES, {**ACTS, "to-domain": to_domain, "retire": retire}),
    *pages(
        FOREIGN_LINES,
        {"delete": objects.delete, "convert": foreign_lines.convert, "to-domain": to_domain},
    ),
    path("findings/", findings.findings, name="findings"),
    path("matrix/", matrix.show_matrix, name="matrix"),
    path("findings/dns/", dns_findings.dns_findings, name="dns-findings"),
    path("relays/", relays.list_all, name="relay-list"),
    path("relays/add/", relays.add, name="relay-add"),
    path("relays/bulk-add/", bulk_add.bulk_add_relays, name="relay-bulk-add"),
    path("relays/~act/", bulk_acts.act_on_relays, name="relay-act"),
    path("relays/<str:name>/", relays.page, name="relay"),
    path("relays/<str:name>/edit/", relays.edit, name="relay-edit"),
    path("relays/<str:name>/delete/", relays.delete, name="relay-delete"),
    path("relays/<str:name>/dns/", dns.relay_dns, name="relay-dns"),
    path("relays/<str:name>/check-dns/", dns.check_relay, name="relay-check-dns"),
    path("mail-hosts/", mail_hosts.list_all, name="mail-host-list"),
    path("mail-hosts/add/", mail_hosts.add, name="mail-host-add"),
    path("mail-hosts/~act/", bulk_acts.act_on_hosts, name="mail-host-act"),
    path("mail-hosts/<str:name>/", mail_hosts.page, name="mail-host"),
    path("mail-hosts/<str:name>/live/", mail_hosts.live, name="mail-host-live"),
    path("mail-hosts/<str:name>/edit/", mail_hosts.edit, name="mail-host-edit"),
    path("mail-hosts/<str:name>/retire/", mail_host_acts.retire, name="mail-host-retire"),
    path("mail-hosts/<str:name>/reinstate/", mail_host_acts.reinstate, name="mail-host-reinstate"),
    path("mail-hosts/<str:name>/remove/", mail_host_acts.remove, name="mail-host-remove"),
    path("mail-hosts/<str:name>/check-dns/", dns.check_host, name="mail-host-check-dns"),
    path("mail-hosts/<str:name>/put-back/", pushes.put_host_back, name="put-back"),
    path("import/", adopt.adopt_page, name="adopt"),
    path("import/readings/", adopt_reading.reading_ask, name="reading-ask"),
    path("import/readings/<int:number>/", adopt_reading.reading_page, name="reading"),
    path("import/readings/<int:number>/live/", adopt_reading.reading_live, name="reading-live"),
    path("route/", route.route, name="route"),
    path("drift/", mail_hosts.drift, name="drift"),
    path("pushes/", pushes.push_list, name="pushes"),
    path("pushes/live/", pushes.pushes_live, name="pushes-live"),
    path("pushes/propose/", propose.propose_page, name="propose"),
    path("pushes/<int:number>/", pushes.push, name="push"),
    path("pushes/<int:number>/live/", pushes.push_live, name="push-live"),
    path("pushes/<int:number>/approve/", pushes.push_approve, name="push-approve"),
    path("pushes/<int:number>/refuse/", pushes.push_refuse, name="push-refuse"),
    path("pushes/<int:number>/deploy/", pushes.push_deploy, name="push-deploy"),
    path("pushes/<int:number>/retry/", pushes.push_retry, name="push-retry"),
    path("pushes/<int:number>/give-up/<str:host>/", pushes.push_give_up, name="push-give-up"),
    path("pushes/<int:number>/files/<str:host>/<str:name>", files.push_file, name="push-file"),
    path("pushes/<int:number>/answers/<str:host>/", files.push_answers, name="push-answers"),
    path("revisions/<int:identity>/restore/", pushes.revision_restore, name="revision-restore"),
]
