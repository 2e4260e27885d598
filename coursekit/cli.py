"""The command ``coursekit``: what can be done without writing Python.

``coursekit evaluate --dataset places --method vlad gem`` gives any row of the table in the chapter
*Which one wins?*, on any set; ``--all`` makes the whole table that ships.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from coursekit.comparison import (
    METHODS,
    POSTPROCESSING,
    RankedLists,
    Row,
    evaluate,
    write_lists,
    write_rows,
)
from coursekit.data import DATASETS, load

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the command line.

    Returns
    -------
    int
        0, or 1 if a set could not be had or read: what went wrong is said on stderr.
    """
    given = _parser().parse_args(arguments)
    try:
        _evaluate(given)
    except (OSError, ValueError) as error:
        print(f"coursekit: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coursekit", description="Pooling: the course's commands")
    commands = parser.add_subparsers(required=True)
    evaluation = commands.add_parser(
        "evaluate",
        help="mAP of methods on a set",
        description="Evaluate methods on sets of images.",
    )
    evaluation.add_argument("--dataset", nargs="+", choices=DATASETS, default=["places"])
    evaluation.add_argument(
        "--method",
        nargs="+",
        choices=list(METHODS),
        metavar="METHOD",
        default=["vlad", "gem"],
        help=", ".join(METHODS),
    )
    evaluation.add_argument("--all", action="store_true", help="every method on the sets that ship")
    evaluation.add_argument(
        "--out",
        type=Path,
        help="also write the rows to this CSV file and, beside it, the first of each ranked list",
    )
    return parser


def _evaluate(given: argparse.Namespace) -> None:
    names = list(METHODS) if given.all else given.method
    datasets = dict.fromkeys(["places", "copies"] if given.all else given.dataset)
    benchmarks = {name: load(name) for name in datasets}
    rows: list[Row] = []
    lists: list[RankedLists] = []
    n_rows = len(benchmarks) * len(names) * len(POSTPROCESSING)
    with tqdm(total=n_rows, unit="row", disable=None) as bar:
        methods = [METHODS[name] for name in names]
        told = bar.set_description_str
        for row in evaluate(methods, benchmarks, report=told, keep=lists.append):
            rows.append(row)
            bar.update()
            tqdm.write(_line(row))
    if given.out:
        order = list(benchmarks)
        write_rows(sorted(rows, key=lambda row: order.index(row.dataset)), given.out)
        beside = given.out.with_name(f"{given.out.stem}_lists.csv")
        write_lists(sorted(lists, key=lambda one: order.index(one.dataset)), beside)


def _line(row: Row) -> str:
    after = "" if row.postprocessing == "none" else row.postprocessing
    return (
        f"{row.dataset:9} {row.method:14} {after:17} mAP {row.mean:.3f}"
        f" [{row.low:.3f}, {row.high:.3f}] {row.dimension:6} x 4 bytes {row.milliseconds:6.3g} ms"
        f"  {row.per_kind}"
    )


if __name__ == "__main__":
    sys.exit(main())
