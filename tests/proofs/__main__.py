"""Do the stored outputs hold on other machines? `python -m tests.proofs [--fresh] [notebooks]`.

Each notebook runs under each setting (`tests.proofs.settings`), two runs at a time; then bugs are
seeded (`tests.notebooks.seeded_bugs`), for a comparison that never fails proves nothing. Outcomes
are kept by the content of all they depend on: a second call goes on where the first one stopped.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.proofs import table
from tests.proofs.ledger import Ledger, key, surroundings
from tests.proofs.machine import ROOT, Answers, Verdict, examine, what_is_usual
from tests.proofs.run import Outcome, run
from tests.proofs.settings import AS_IT_IS, LOADED, TOLERANT, Setting, drawn, factors, perturbed

KEPT = ROOT / ".cache" / "proofs"
AT_ONCE = 2
BUGS = [sys.executable, "-m", "tests.notebooks.seeded_bugs"]


def sources() -> list[Path]:
    """Return the files whose change makes every outcome void."""
    ours = (ROOT / "coursekit").rglob("*")
    comparing = (ROOT / "tests" / "notebooks").glob("[!t]*.py")
    return [path for path in (*ours, *comparing) if path.is_file() and path.suffix != ".pyc"]


def verdicts(usual: Answers) -> dict[Setting, Verdict]:
    """Return every setting, with whether it can be followed here, in the order of the table."""
    has, [dispatched] = usual["processor"], usual["numpy"]
    groups = factors(dispatched.split())
    single = [one for group in groups.values() for one in group]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda one: examine(one, has, usual), single))
    judged = dict(zip(single, found, strict=True))
    able = {
        factor: [one for one in group if judged[one].kind in ("followed", "usual")]
        for factor, group in groups.items()
    }
    others = dict.fromkeys([LOADED, *drawn(able), *perturbed()], Verdict("followed"))
    return {AS_IT_IS: Verdict("followed")} | judged | others


def prove(
    notebooks: Mapping[str, Path],
    settings: Iterable[Setting],
    ledger: Ledger,
    around: str,
    run: Callable[[Path, Setting], Outcome] = run,
) -> dict[tuple[str, Setting], Outcome]:
    """Run what the ledger does not hold yet, and say how far it is.

    Parameters
    ----------
    notebooks : mapping
        Chapter → path.
    settings : iterable of Setting
    ledger : Ledger
    around : str
        Checksum of all else that outcomes depend on.
    run : callable
        Returns the outcome of a notebook under a setting.
    """
    outcomes: dict[tuple[str, Setting], Outcome] = {}
    waiting = {}
    for setting in settings:
        for chapter, path in notebooks.items():
            name = key(path, setting, around)
            if (known := ledger.find(name)) is not None:
                outcomes[chapter, setting] = known
            else:
                waiting[chapter, setting] = name
    if outcomes:
        _say(f"{len(outcomes)} outcomes are known from an earlier call")

    def work(place: tuple[str, Setting]) -> Outcome:
        outcome = run(notebooks[place[0]], place[1])
        ledger.keep(waiting[place], outcome)
        return outcome

    start = time.monotonic()
    pool = ThreadPoolExecutor(AT_ONCE)
    running = {pool.submit(work, place): place for place in waiting}
    try:
        for done, future in enumerate(as_completed(running), 1):
            chapter, setting = place = running[future]
            outcomes[place] = future.result()
            said = table.word(Verdict("followed"), outcomes[place])
            minutes, seconds = divmod(int(time.monotonic() - start), 60)
            count = f"{done:3} of {len(running)}"
            _say(f"{minutes:3}:{seconds:02}  {count}  {chapter}, {setting.label}: {said}")
    finally:
        pool.shutdown(cancel_futures=True)  # when stopped, no further run starts
    return outcomes


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run everything, then print the table; 1 if a run failed or a setting was ignored."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="forget what earlier calls found")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all chapters, if none is named")
    options = parser.parse_args(arguments)
    if options.fresh:
        shutil.rmtree(KEPT, ignore_errors=True)
    paths = options.notebooks or sorted((ROOT / "chapters").rglob("*.ipynb"))
    notebooks = {path.stem: path.resolve() for path in paths}
    usual = what_is_usual()
    judged = verdicts(usual)
    followed = [one for one, verdict in judged.items() if verdict.kind == "followed"]
    around = surroundings(sources(), usual["processor"])
    outcomes = prove(notebooks, followed, Ledger(KEPT), around)
    lines = [*table.table(list(notebooks), judged, outcomes), "", *table.legend(judged)]
    _say("\n".join(["", *lines, "", *table.faults(outcomes)]))
    failed = not all(outcome.passed for outcome in outcomes.values())
    failed |= any(verdict.kind == "ignored" for verdict in judged.values())
    if not options.notebooks:
        for mode in ([], list(TOLERANT)):
            _say("\nseeded bugs, " + (mode[-1] if mode else "strict"))
            failed |= subprocess.run([*BUGS, *mode], cwd=ROOT, check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
