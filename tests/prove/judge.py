"""The rows of `make prove-judge`: what makes the Judge worth trusting with a brand and a wallet."""

import re

from rows import CARGO, Row, SIM, cargo, e2e, ended, size, tests, whole_suite
from runs import ROOT, Step

SIZES = {
    "PROVE_APPROVALS": size("PROVE_APPROVALS", 1_000),
    "PROVE_TAMPERINGS": size("PROVE_TAMPERINGS", 1_000),
}


def rows():
    return []
