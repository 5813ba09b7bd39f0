"""Which function carries out which verb, for each role."""

from mailadmin.agent.carry_out import VerbTable

VERBS: VerbTable = {}
