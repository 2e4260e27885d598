"""Write `constraints.txt` anew from the environment that runs this: ``python .ci/relock.py``."""

from __future__ import annotations

import re
from importlib.metadata import distributions

from repository import ROOT

# torch pins the CUDA packages that it needs; pip comes with the environment.
LEFT_OUT = re.compile(r"^(nvidia|cuda|triton|coursekit|pip|wheel)\b", re.IGNORECASE)


def main() -> None:
    """Keep the comment on top of the file and replace the list below it."""
    lock = ROOT / "constraints.txt"
    comment = [line for line in lock.read_text(encoding="utf-8").splitlines() if line[:1] == "#"]
    pins = {f"{item.name}=={item.version}" for item in distributions()}
    kept = sorted((pin for pin in pins if not LEFT_OUT.match(pin)), key=str.lower)
    lock.write_text("\n".join(comment + kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
