"""Rows of the spools app, one module per subject."""

from spools.models.policies import FallbackPolicy, FallbackQuestion
from spools.models.relays import (
    ProbedServer,
    RelayHealth,
    RelayMaintenance,
    RelayProbe,
    RelayTurn,
)
from spools.models.runs import FlushDestination, FlushReceipt, FlushRun
from spools.models.series import Sample, SampleRollup
from spools.models.spools import Spool, SpooledMessage, SpoolScan

__all__ = [
    "FlushDestination",
    "FlushReceipt",
    "FlushRun",
    "FallbackPolicy",
    "FallbackQuestion",
    "ProbedServer",
    "RelayHealth",
    "RelayMaintenance",
    "RelayProbe",
    "RelayTurn",
    "Sample",
    "SampleRollup",
    "Spool",
    "SpoolScan",
    "SpooledMessage",
]
