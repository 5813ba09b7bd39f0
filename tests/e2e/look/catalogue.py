"""Every page of the site with the states it is looked at in: one line each.

A new page needs a line in PAGES: the name of its address, and an address of the full world
(`worlds.py`; `{waiting}` and so on are the pushes that it names). What answers no page stands in
NO_PAGE with the reason. `tests/unit/ui/test_catalogue.py` fails for a name that is in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mailadmin.ui import samples


class State(StrEnum):
    """What a page is looked at in."""

    NORMAL = "normal"
    EMPTY = "empty"
    MANY = "many"
    STALE = "stale"
    REFUSED = "refused"
    ERROR = "error"
    CONFLICT = "conflict"
    NO_SCRIPT = "no-script"


WORLD_OF: Mapping[State, str] = {
    State.EMPTY: "empty",
    State.MANY: "many",
    State.STALE: "silent",
    State.CONFLICT: "contested",
}
PLAIN = (State.NORMAL, State.NO_SCRIPT)
READ = (State.NORMAL, State.STALE, State.REFUSED, State.NO_SCRIPT)
LIST = (State.NORMAL, State.EMPTY, State.MANY, State.STALE, State.REFUSED, State.NO_SCRIPT)
SEARCHED = (*LIST, State.ERROR)
FORM = (State.NORMAL, State.REFUSED, State.ERROR, State.NO_SCRIPT)
ACCOUNTS = (State.NORMAL, State.MANY, State.REFUSED, State.ERROR, State.NO_SCRIPT)
ASK = (State.NORMAL, State.REFUSED, State.NO_SCRIPT)
CONTESTED = (*READ, State.CONFLICT)
NOBODY = ""
HALF_WAY = "half-way"
"""Tess after her password and before her second factor."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `reader` opens it, `refused` has too few rights for it or for what it offers.

    `error` is what is wrong of the address; without one the page's form is sent, with `wrong` in
    it where it would be right as it stands. Either way the page has to say what is the matter.
    """

    route: str
    path: str
    states: tuple[State, ...] = READ
    reader: str = "claire"
    refused: str = "vera"
    error: str = ""
    wrong: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    status: int = 200

    @property
    def label(self) -> str:
        """What its pictures are called."""
        return self.name or self.route.replace("_", "-")


def objects(slug: str, key: str, *, paused: str = "") -> tuple[Page, ...]:
    """The pages of one kind of routing object. A foreign line has no form to disagree about."""
    place, search = f"/{slug}s/", "?q=nothing-of-that-name"
    states = READ if slug == "foreign-line" else CONTESTED
    pages = [
        Page(f"{slug}-list", place, SEARCHED, error=search),
        Page(f"{slug}-page", f"{place}{key}/", states),
        Page(f"{slug}-act", f"{place}~act/?act=note&all=yes", ASK),
        Page(f"{slug}-delete", f"{place}{key}/delete/", ASK),
    ]
    if slug == "foreign-line":
        return (
            *pages,
            Page(f"{slug}-convert", f"{place}{key}/convert/", ASK),
            Page(f"{slug}-to-domain", f"{place}{key}/to-domain/", ASK),
        )
    return (
        *pages,
        Page(f"{slug}-add", f"{place}add/", FORM),
        Page(f"{slug}-bulk-add", f"{place}bulk-add/", FORM),
        Page(f"{slug}-edit", f"{place}{key}/edit/", ASK),
        Page(f"{slug}-disable", f"{place}{key}/disable/", ASK),
        Page(f"{slug}-enable", f"{place}{paused or key}/enable/", ASK),
    )


SPOOLED = (*READ, State.MANY, State.ERROR)
SPOOL = "/spools/listes/sendmailsympa"
DECIDED = (*PLAIN, State.MANY, State.CONFLICT)
PROPOSED = (*FORM, State.EMPTY, State.MANY, State.STALE)
ANOTHER, NO_REASON = {"typed": "another"}, {"reason": ""}
PUSHES = ("live", "staging", "approved", "deploying", "stopped", "failed", "refused", "unapproved")
PAGES: tuple[Page, ...] = (
    Page("home", "/", LIST),
    Page("spool-list", "/spools/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("spool", f"{SPOOL}/", SPOOLED, "otto", error="?q=nothing-of-that-name"),
    Page("spool", f"{SPOOL}/?domain=orange.fr&age=3&span=1h&sort=-size", PLAIN, name="spool-chips"),
    Page("spool", "/spools/lists2/sendmailsympa/?span=7d", PLAIN, name="spool-nothing"),
    Page("spool", "/spools/listes/mqueue/", PLAIN, name="spool-unreadable"),
    Page("spool-numbers", f"{SPOOL}/numbers/?span=1h", READ),
    Page("spool-message", f"{SPOOL}/messages/6AS507Xa000007/", READ, "otto"),
    Page("spool-message", f"{SPOOL}/messages/6AS4HELD013790/", PLAIN, name="spool-message-held"),
    Page(
        "spool-message",
        f"{SPOOL}/messages/6AS5GONE000000/",
        PLAIN,
        status=404,
        name="spool-message-gone",
    ),
    *objects("domain", "jres.org", paused="demo.sympa.org"),
    Page("domain-page", "/domains/renater.fr/?server=listes", READ, name="domain-draining"),
    Page("domain-page", "/domains/conf.renater.fr/", READ, name="domain-new"),
    Page("domain-checklist", "/domains/jres.org/checklist/", READ),
    Page("new-domain-list", "/domains/~new/", (*READ, State.EMPTY)),
    Page("domain-retire", "/domains/jres.org/retire/", FORM, wrong={"next_on": "someday"}),
    Page("domain-retire", "/domains/renater.fr/retire/", PLAIN, name="domain-reject"),
    Page("route-page", "/routes/lists6.jres.org/", READ, name="route-rejecting"),
    Page("route-retire", "/routes/lists6.jres.org/retire/", ASK),
    Page("retiring-list", "/domains/~retiring/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("retiring-act", "/domains/~retiring/act/?act=reject&all=yes", FORM, wrong={"words": ""}),
    Page("domain-act", "/domains/~act/?act=drain&all=yes&q=jres", ASK, name="domain-act-drain"),
    Page("domain-page", "/domains/gone.renater.fr/", READ, name="domain-gone-not-live"),
    Page("domain-page", "/domains/never.renater.fr/", READ, name="domain-gone", status=410),
    *objects("local-host", "host.renater.fr"),
    *objects("route", "~everything-else"),
    *objects("foreign-line", "fax.renater.fr"),
    Page("domain-list", "/domains/?tag=paris&server=lists99", PLAIN, name="domain-list-narrowed"),
    Page("save-filter", "/lists/domain/filters/?q=jres&sort=-key", FORM),
    Page("saved-filter", "/filters/{filter}/", ASK),
    Page("route-to-domain", "/routes/~everything-else/to-domain/", ASK),
    Page("findings", "/findings/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("matrix", "/matrix/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("matrix", "/matrix/?state=robots", PLAIN, name="matrix-robots"),
    Page("dns-findings", "/findings/dns/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("relay-list", "/relays/", LIST),
    Page("relay-add", "/relays/add/", FORM),
    Page("relay-bulk-add", "/relays/bulk-add/", FORM),
    Page("relay-act", "/relays/~act/?act=swap&all=yes", FORM),
    Page("relay", "/relays/smtp1/", CONTESTED),
    Page("relay-health", "/relays/smtp1/health/", (*READ, State.MANY), "otto"),
    Page("relay-health", "/relays/smtp2/health/", PLAIN, "otto", name="relay-health-unprobed"),
    Page("fallback-list", "/fallback/", LIST),
    Page("fallback", "/fallback/listes/", (*READ, State.MANY), "paul"),
    Page("fallback", "/fallback/lists1/", PLAIN, "anne", name="fallback-wanted"),
    Page(
        "fallback-edit",
        "/fallback/listes/policy/",
        FORM,
        "anne",
        wrong={"age": "1", "excluded": "no domain"},
    ),
    Page("relay-edit", "/relays/smtp1/edit/", ASK),
    Page("relay-delete", "/relays/smtp2/delete/", ASK),
    Page("mail-host-list", "/mail-hosts/", LIST),
    Page("mail-host-list", "/mail-hosts/", PLAIN, "anne", name="mail-host-list-administrator"),
    Page("mail-host-add", "/mail-hosts/add/", FORM, "anne"),
    Page("mail-host-act", "/mail-hosts/~act/?act=tag&all=yes", FORM, "anne"),
    Page("mail-host", "/mail-hosts/listes/"),
    Page("mail-host", "/mail-hosts/forums/", PLAIN, name="mail-host-unheard"),
    Page("mail-host", "/mail-hosts/relais/", PLAIN, name="mail-host-relay"),
    Page(
        "mail-host-edit",
        "/mail-hosts/listes/edit/",
        (*FORM, State.CONFLICT),
        "anne",
        wrong={"name": "", "position": "first"},
    ),
    Page("mail-host-retire", "/mail-hosts/relais/retire/", FORM, "anne", wrong=ANOTHER),
    Page("mail-host-retire", "/mail-hosts/listes/retire/", PLAIN, "anne", name="retire-held"),
    Page("mail-host-reinstate", "/mail-hosts/relais/reinstate/", ASK, "anne"),
    Page("mail-host-remove", "/mail-hosts/forums/remove/", FORM, "anne", wrong=ANOTHER),
    Page("adopt", "/import/", (*FORM, State.EMPTY), wrong={"mailertable": ""}),
    Page("reading", "/import/readings/{reading}/", (*PLAIN, State.REFUSED)),
    Page("reading", "/import/readings/{reading_waits}/", PLAIN, name="reading-waits"),
    Page("route", "/route/?address=claire@new.orange.fr", (*READ, State.ERROR), error="@twice"),
    Page("route", "/route/", PLAIN, name="route-asked-nothing"),
    Page("flush-start", "/fallback/listes/flush/", ASK, "otto", name="flush-start-held"),
    Page("flush-start", "/fallback/lists1/flush/", FORM, "otto", wrong=NO_REASON),
    Page("retry-start", "/fallback/listes/retry/", ASK, "otto", name="retry-start-held"),
    Page("retry-start", "/fallback/lists1/retry/", FORM, "otto", wrong=NO_REASON),
    Page(
        "flush-run",
        "/fallback/listes/runs/{run}/",
        (*READ, State.ERROR),
        "otto",
        error="?q=nothing-of-that-name",
    ),
    Page("flush-run", "/fallback/listes/runs/{run_ended}/", PLAIN, name="flush-run-ended"),
    Page("drift", "/drift/"),
    Page("pushes", "/pushes/", SEARCHED, error="?q=nothing-of-that-name"),
    Page("propose", "/pushes/propose/", PROPOSED, wrong={"title": ""}),
    Page("push", "/pushes/{waiting}/", (*READ, State.MANY), name="push-author"),
    Page(
        "push",
        "/pushes/{waiting}/",
        (*PLAIN, State.MANY, State.CONFLICT),
        "paul",
        name="push-approver",
    ),
    *(Page("push", f"/pushes/{{{p}}}/", READ, "paul", name=f"push-{p}") for p in PUSHES),
    Page("push", "/pushes/{before}/", READ, "paul", name="push-first"),
    Page("push", "/pushes/{stopped}/", (State.ERROR,), "luc", wrong=NO_REASON, name="push-restore"),
    Page("push-file", "/pushes/{waiting}/files/listes/sympa.mc"),
    Page("push-answers", "/pushes/{waiting}/answers/listes/"),
    Page("audit", "/audit/", SEARCHED, error="?actor=nobody-of-that-name"),
    Page("people", "/people/", ACCOUNTS, "anne", error="?q=nobody-of-that-name"),
    Page("person-add", "/people/~add/", FORM, "anne"),
    Page("person", "/people/claire/", FORM, "anne", wrong={"roles": ""}),
    Page("person", "/people/anne/", PLAIN, "anne", name="person-own"),
    Page("person", "/people/nina/", PLAIN, "anne", name="person-closed"),
    Page("person", "/people/tess/", PLAIN, "anne", name="person-factors"),
    Page("person", "/people/iris/", PLAIN, "anne", name="person-invited"),
    Page("set-password", "/set-password/{secret}/", (*PLAIN, State.ERROR), NOBODY),
    Page("set-password", "/set-password/", PLAIN, NOBODY, status=410, name="link-not-open"),
    Page("set-password-link", "/set-password/used/", PLAIN, NOBODY, status=410, name="link-gone"),
    Page("design", "/design/", PLAIN, "anne"),
    *(
        Page("design_page", f"/design/{n}/", PLAIN, "anne", name=f"design-{n}")
        for n in samples.PAGES
    ),
    Page("account_login", "/sign-in/", (*PLAIN, State.ERROR), NOBODY),
    Page("account_logout", "/sign-out/", PLAIN),
    Page("account_signup", "/account/signup/", PLAIN, NOBODY),
    Page("account_inactive", "/account/inactive/", PLAIN, NOBODY),
    Page("account_reauthenticate", "/account/reauthenticate/", (*PLAIN, State.ERROR)),
    Page("account_change_password", "/account/password/change/", (*PLAIN, State.ERROR)),
    Page("mfa_index", "/account/2fa/", PLAIN),
    Page("mfa_index", "/account/2fa/", PLAIN, "tess", name="mfa-index-all"),
    Page("mfa_index", "/account/2fa/", PLAIN, "otto", name="mfa-index-removed"),
    Page("mfa_authenticate", "/account/2fa/authenticate/", (*PLAIN, State.ERROR), HALF_WAY),
    Page("mfa_reauthenticate", "/account/2fa/reauthenticate/", (*PLAIN, State.ERROR), "tess"),
    Page("mfa_activate_totp", "/account/2fa/totp/activate/", (*PLAIN, State.ERROR)),
    Page("mfa_deactivate_totp", "/account/2fa/totp/deactivate/", PLAIN, "tess"),
    Page("mfa_view_recovery_codes", "/account/2fa/recovery-codes/", PLAIN, "tess"),
    Page("mfa_generate_recovery_codes", "/account/2fa/recovery-codes/generate/", PLAIN, "tess"),
    Page("mfa_list_webauthn", "/account/2fa/webauthn/", PLAIN, "tess"),
    Page("mfa_add_webauthn", "/account/2fa/webauthn/add/", (*PLAIN, State.ERROR), "tess"),
    Page(
        "mfa_reauthenticate_webauthn",
        "/account/2fa/webauthn/reauthenticate/",
        (*PLAIN, State.ERROR),
        "tess",
    ),
    Page("mfa_remove_webauthn", "/account/2fa/webauthn/keys/{key}/remove/", PLAIN, "tess"),
    Page("mfa_edit_webauthn", "/account/2fa/webauthn/keys/{key}/edit/", PLAIN, "tess"),
    Page("", "/nowhere/", PLAIN, status=404, name="not-found"),
    Page("", "/nowhere/", PLAIN, NOBODY, status=404, name="not-found-visitor"),
    Page("", "/people/", PLAIN, status=403, name="not-allowed"),
    Page("", f"/domains/?{'a&' * 1001}", PLAIN, status=400, name="not-understood"),
    Page("", f"/sign-in/?{'a&' * 1001}", PLAIN, NOBODY, status=400, name="not-understood-visitor"),
    Page("", "/theme/", PLAIN, status=405, name="not-to-be-opened"),
    Page("", "/theme/", PLAIN, NOBODY, status=405, name="not-to-be-opened-visitor"),
)
ONE_OF_EACH: tuple[Page, ...] = tuple(
    reversed({page.route or page.label: page for page in reversed(PAGES)}.values())
)
"""The first line of each address: the same page in other hands waits for --long."""

NO_PAGE: Mapping[str, str] = {
    "flush-cancel": "an act of the run's page",
    "list-columns": "takes the chosen columns of a list and goes back",
    "person-link": "an act of the person's page, which shows a link once",
    "person-factors": "an act of the person's page",
    "person-close": "an act of the person's page",
    "person-open": "an act of the person's page",
    "theme": "takes the chosen colours and goes back",
    "session": "who is signed in, asked before a form goes",
    "demo": "404 but in ./run; tests/e2e/test_demonstration.py looks at it",
    "demo-set": "an act of the demonstration's page",
    "demo-send": "an act of the demonstration's page",
    "healthz": "for programs: alive",
    "readyz": "for programs: what is needed, and whether it is there",
    "metrics": "for Prometheus",
    "spools-live": "a poll: the list of spools alone",
    "spool-live": "a poll: the spool alone",
    "spool-message-live": "a poll: the message alone",
    "spool-series": "the figures of a chart, as JSON",
    "overview-live": "a poll: the first page alone",
    "mail-host-live": "a poll: the host alone",
    "domain-checklist-ask": "an act of the checklist of a domain",
    "domain-dns": "a poll: what the DNS says of the domain alone",
    "local-host-dns": "the same of a local host",
    "local-host-check-dns": "an act of the local host's page",
    "relay-dns": "the same of a relay target",
    "domain-check-dns": "an act of the domain's page",
    "fallback-list-live": "a poll: the list alone",
    "fallback-live": "a poll: the fallback alone",
    "fallback-confirm": "an act of the fallback's page",
    "fallback-drop": "the same",
    "fallback-run": "the same",
    "fallback-not-now": "the same",
    "relay-health-live": "a poll: the health alone",
    "relay-maintenance": "an act of the page of a relay's health",
    "relay-maintenance-end": "the same",
    "relay-check-dns": "an act of the relay's page",
    "mail-host-check-dns": "an act of the mail host's page",
    "pushes-live": "a poll: the list alone",
    "push-live": "a poll: the push alone",
    "reading-ask": "an act of the import's page",
    "reading-live": "a poll: whether the agent has answered",
    "push-approve": "an act of the push's page",
    "push-refuse": "an act of the push's page",
    "push-deploy": "an act of the push's page",
    "push-give-up": "an act of the push's page",
    "push-retry": "an act of the push's page",
    "put-back": "an act of the mail host's page and of the drift page",
    "revision-restore": "an act of the push's and the mail host's page",
    "mfa_download_recovery_codes": "a file",
    "mfa_login_webauthn": "what the browser's key is asked, as JSON",
}


def looked_at(*states: State) -> Iterator[tuple[Page, State]]:
    """Each page in each of these states that it has."""
    return ((page, state) for page in PAGES for state in states if state in page.states)
