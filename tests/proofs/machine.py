"""Which settings this machine can follow, and whether its libraries do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from tests.proofs.settings import AS_IT_IS, ONE_THREAD, Setting, factors, perturbed

ROOT = Path(__file__).resolve().parents[2]
Answers = Mapping[str, list[str]]


class Verdict(NamedTuple):
    """Whether a setting is followed; else why it is not run."""

    kind: Literal["followed", "lacking", "usual", "ignored"]
    reason: str = ""


def environment(setting: Setting) -> dict[str, str]:
    """Return our environment with the variables of one setting and of no other.

    An empty value takes a variable away.
    """
    known = [setting for group in factors([]).values() for setting in group] + perturbed()
    of_settings = ONE_THREAD.keys() | {name for one in known for name in one.environment}
    kept = {name: value for name, value in os.environ.items() if name not in of_settings}
    given = {name: value for name, value in setting.variables.items() if value}
    return kept | given | {"PYTEST_ADDOPTS": ""}


def ask(setting: Setting, libraries: Iterable[str]) -> dict[str, list[str]]:
    """Return what libraries say of themselves under a setting."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.proofs.probe", *libraries],
        cwd=ROOT,
        env=environment(setting),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    if "onednn" in answers:
        answers["onednn"] = re.findall(r"cpu,isa:(.*)", done.stdout)
    return answers


def judge(setting: Setting, has: Iterable[str], usual: Answers, answers: Answers) -> Verdict:
    """Tell whether a setting is followed.

    Parameters
    ----------
    setting : Setting
    has : strings
        What the processor has.
    usual, answers : mappings
        What each library that the setting names says where nothing is set, and under it.

    Returns
    -------
    Verdict
        ``lacking`` what the processor or a library does not have; ``usual``, when the libraries
        do the same by themselves; ``ignored``, when a library could follow and does not, which
        would prove nothing.
    """
    lacking = sorted(set(setting.needs) - set(has))
    if lacking:
        return Verdict("lacking", f"this processor has no {', '.join(lacking)}")
    silent = [library for library in setting.says if not answers[library]]
    if silent:
        return Verdict("lacking", f"no {', '.join(silent)} here, or not of this kind")
    for library, pattern in setting.says.items():
        other = [said for said in answers[library] if not re.fullmatch(pattern, said)]
        if other:
            return Verdict("ignored", f"{library} ignores it and says {', '.join(other)}")
    if setting.says and "threads" not in setting.says and answers == usual:
        return Verdict("usual", "what the libraries do here by themselves")
    return Verdict("followed")


def examine(setting: Setting, has: Iterable[str], usual: Answers) -> Verdict:
    """Ask the libraries that a setting names, and judge it."""
    if not setting.says or set(setting.needs) - set(has):
        return judge(setting, has, {}, {library: [] for library in setting.says})
    here = {library: usual[library] for library in setting.says}
    return judge(setting, has, here, ask(setting, setting.says))


def what_is_usual() -> dict[str, list[str]]:
    """Return what every library says where nothing is set."""
    named = {name for group in factors([]).values() for one in group for name in one.says}
    return ask(AS_IT_IS, ["processor", *sorted(named)])
