"""The functions' processes as the kernel sees them: which there are, their processor time, their memory."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from emulator import session_members

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
VARIABLES = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID")


@dataclass
class Look:
    """One look at the emulator and what it runs. Times in milliseconds, memory in KiB."""

    functions: dict = field(default_factory=dict)  # (name, access key) by pid
    cpu: dict = field(default_factory=dict)  # by pid
    peak: dict = field(default_factory=dict)  # VmHWM by pid
    emulator: float = 0
    ended: float = 0  # time of functions that have ended, as the emulator inherited it


def look(leader):
    found = Look()
    own, found.ended = times(leader)
    found.emulator = own
    for pid in session_members(leader):
        try:
            names = environment(pid)
            if "AWS_LAMBDA_FUNCTION_NAME" not in names:
                continue
            found.cpu[pid], _ = times(pid)
            found.peak[pid] = peak_memory(pid)
            found.functions[pid] = (names["AWS_LAMBDA_FUNCTION_NAME"], names["AWS_ACCESS_KEY_ID"])
        except (OSError, IndexError):
            continue  # it ended while we looked
    return found


def cpu_between(before, after):
    """Milliseconds the functions took, those that ended meanwhile included, and the emulator's own."""
    running = {}
    for pid, spent in after.cpu.items():
        name = after.functions[pid][0]
        running[name] = running.get(name, 0) + spent - before.cpu.get(pid, 0)
    # What ended had spent something before the first look already.
    gone = sum(spent for pid, spent in before.cpu.items() if pid not in after.cpu)
    return running, max(0, after.ended - before.ended - gone), after.emulator - before.emulator


def times(pid):
    """Own and waited-for children's processor time."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, child_user, child_system = (int(value) * TICK_MS for value in fields[11:15])
    return user + system, child_user + child_system


def environment(pid):
    """Name and key id of a function; nothing else of its environment is looked at."""
    pairs = (entry.partition(b"=") for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    return {name.decode(): value.decode() for name, _, value in pairs if name.decode(errors="replace") in VARIABLES}


def peak_memory(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
