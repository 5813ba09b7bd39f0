"""Which function carries out which verb, for each role."""

from mailadmin.agent.carry_out import VerbTable
from mailadmin.wire.core.messages import Role, Verb
from routing.agent.activate import activate
from routing.agent.ask_rcpt import ask_rcpt
from routing.agent.confirm import confirm, revert
from routing.agent.observe import observe as observe_releases
from routing.agent.prove import prove
from routing.agent.reading import read_files
from routing.agent.stage import stage
from routing.agent.survey import survey
from spools.agent.flush import flush, retry
from spools.agent.observe import observe as observe_spool
from spools.agent.probe import probe
from spools.agent.scan import scan

VERBS: VerbTable = {
    (Role.DEPLOY, Verb.STAGE): stage,
    (Role.DEPLOY, Verb.ACTIVATE): activate,
    (Role.DEPLOY, Verb.CONFIRM): confirm,
    (Role.DEPLOY, Verb.REVERT): revert,
    (Role.DEPLOY, Verb.OBSERVE): observe_releases,
    (Role.SPOOL, Verb.PROVE): prove,
    (Role.SPOOL, Verb.READ_FILES): read_files,
    (Role.SPOOL, Verb.OBSERVE): observe_spool,
    (Role.SPOOL, Verb.ASK_RCPT): ask_rcpt,
    (Role.SPOOL, Verb.PROBE): probe,
    (Role.SPOOL, Verb.SCAN): scan,
    (Role.SPOOL, Verb.FLUSH): flush,
    (Role.SPOOL, Verb.RETRY): retry,
    (Role.SPOOL, Verb.SURVEY): survey,
}
