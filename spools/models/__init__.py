"""Rows of the spools app, one module per subject."""

from spools.models.series import Sample, SampleRollup
from spools.models.spools import Spool, SpooledMessage, SpoolScan

__all__ = ["Sample", "SampleRollup", "Spool", "SpoolScan", "SpooledMessage"]
