"""Programs of npm, in a folder of their own under target/."""

import hashlib
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INSTALL_SECONDS = 600


class NodeError(Exception):
    """Something a person must see."""


def packages(name, wanted):
    """Installs these exact packages, unless this very set is there; gives the folder that has their node_modules."""
    npm = shutil.which("npm")
    if npm is None:
        raise NodeError("npm is missing: apt-get install npm")
    folder = ROOT / "target" / "node" / name
    stamp, mark = folder / "installed", hashlib.sha256("\n".join(wanted).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == mark:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text('{"private": true}\n')
    command = [npm, "install", "--no-fund", "--no-audit", "--save-exact", *wanted]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if done.returncode:
        raise NodeError(f"npm could not install {', '.join(wanted)}: {done.stderr.strip()[-400:]}")
    stamp.write_text(mark)
    return folder
