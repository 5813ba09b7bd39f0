"""Ask for orders, send them, take reports in. Every change is compare-and-set in a short
transaction; Redis is spoken to outside of it, and losing what was said there changes nothing.
"""

from mailadmin.wire.services.agents import (
    AgentConflict,
    AgentRevoked,
    NoSuchAgent,
    register_agent,
    revoke_agents,
)
from mailadmin.wire.services.asking import again, cancel, request
from mailadmin.wire.services.forgetting import forget_old
from mailadmin.wire.services.receiving import record
from mailadmin.wire.services.sending import resend_open, sign_again, sign_and_send_due

__all__ = [
    "AgentConflict",
    "AgentRevoked",
    "NoSuchAgent",
    "again",
    "cancel",
    "forget_old",
    "record",
    "register_agent",
    "request",
    "resend_open",
    "revoke_agents",
    "sign_again",
    "sign_and_send_due",
]
