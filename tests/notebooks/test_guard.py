"""The guard, armed in a bare Python: what it lets through and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.kernel import GUARD
from tests.notebooks.samples import ROOT

ARMED = """
import os, sys
namespace = {{"__name__": "notebook_guard"}}
exec(compile(open({guard!r}).read(), "guard.py", "exec"), namespace)
namespace["arm"]([os.getcwd()], os.path.join({parent!r}, "refused.txt"))
{action}
"""

ALLOWED = {
    "a file of the notebook's own": "open('new.txt', 'w').write('x'); open('new.txt').read()",
    "its removal": "open('new.txt', 'w'); os.remove('new.txt'); os.listdir('.'); os.listdir()",
    "coursekit": "import coursekit.aggregation",
    "the photographs that ship": "from importlib.resources import files; "
    "next(p for p in (files('coursekit.data.photos') / 'images').iterdir()).read_bytes()",
    "packages and their data": "from matplotlib.cbook import get_sample_data; "
    "get_sample_data('grace_hopper.jpg')",
    "a count of the cores": "import joblib; joblib.cpu_count(only_physical_cores=True)",
    "the machine": "open('/proc/self/stat').read(); open(os.devnull, 'w').write('x')",
    "a look for a folder that is not there": "import contextlib\n"
    "with contextlib.suppress(FileNotFoundError): os.listdir('/nowhere')",
    "a thread": "import threading; t = threading.Thread(target=print); t.start(); t.join()",
}
REFUSED = {
    "open('/etc/passwd')": "got a read of /etc/passwd",
    "os.open('/etc/passwd', os.O_RDONLY)": "got a read of /etc/passwd",
    "open('../beside.txt')": "got a read of {parent}/beside.txt",
    "os.symlink('/etc/passwd', 'l'); open('l')": "got os.symlink on /etc/passwd",
    "open('{root}/pyproject.toml')": "got a read of {root}/pyproject.toml",
    "open('{root}/coursekit/__init__.py', 'a')": "got a write to {root}/coursekit/__init__.py",
    "open('/tmp/beside.txt', 'w')": "got a write to /tmp/beside.txt",
    "os.listdir('/home')": "got a listing of /home",
    "list(os.scandir('{root}/tests'))": "got a listing of {root}/tests",
    "os.mkdir('../new')": "got os.mkdir on {parent}/new",
    "os.remove('../beside.txt')": "got os.remove on {parent}/beside.txt",
    "open('a', 'w'); os.rename('a', '../b')": "got os.rename on {parent}/b",
    "import socket; socket.socket().connect(('127.0.0.1', 9))": "got the network: socket.connect",
    "import socket; socket.gethostbyname('localhost')": "got the network: socket.gethostbyname",
    "import urllib.request as u; u.urlopen('http://localhost')": "got the network: socket.getadd",
    "import subprocess; subprocess.run(['pip', 'install', 'x'])": "got another program: subprocess",
    "os.system('true')": "got another program: os.system b'true'",
    "os.execv('/bin/true', ['true'])": "got another program: os.exec '/bin/true'",
    "os.posix_spawn('/bin/true', ['true'], {{}})": "got another program: os.posix_spawn",
}


def run_guarded(action: str, directory: Path) -> subprocess.CompletedProcess[str]:
    empty = directory / "empty"
    empty.mkdir()
    (directory / "beside.txt").write_text("x")
    script = ARMED.format(guard=str(GUARD), parent=str(directory), action=action)
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=empty,
        env=os.environ | {"MPLCONFIGDIR": str(empty), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ALLOWED)
def test_allowed(name: str, tmp_path: Path) -> None:
    done = run_guarded(ALLOWED[name], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "refused.txt").read_text() == ""


@pytest.mark.parametrize("action", REFUSED)
def test_refused_by_name_and_written_down(action: str, tmp_path: Path) -> None:
    places = {"root": ROOT, "parent": tmp_path}
    done = run_guarded(action.format(**places), tmp_path)
    expected = REFUSED[action].format(**places)
    assert expected in done.stderr.splitlines()[-1]
    assert expected in (tmp_path / "refused.txt").read_text().splitlines()[0]
