"""The command ``coursekit``: what can be done without writing Python.

``coursekit evaluate --dataset places --method vlad gem`` gives any row of the table in the chapter
*Which one wins?*, on any set; ``--all`` makes the whole table that ships.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from coursekit.comparison import (
    METHODS,
    N_CODEBOOKS,
    POSTPROCESSING,
    RankedLists,
    Row,
    evaluate,
    write_lists,
    write_rows,
)
from coursekit.data import DATASETS, load
from coursekit.validation import check_integer

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
    evaluation.add_argument(
        "--all",
        action="store_true",
        help="every method on the sets that ship: some twenty minutes or more on two cores",
    )
    evaluation.add_argument(
        "--codebooks",
        type=_codebooks,
        default=N_CODEBOOKS,
        metavar="N",
        help="in how many draws to compute what rests on chance, with seeds 0 to N - 1"
        " (default: %(default)s); 1 is the quickest, and does not tell what is owed to chance",
    )
    evaluation.add_argument(
        "--out",
        type=Path,
        help="also write the rows to this CSV file and, beside it, the first of each ranked list;"
        " if interrupted, those that are done",
    )
    return parser


def _codebooks(text: str) -> int:
    try:
        return check_integer(int(text), "codebooks")
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected an integer ≥ 1, got {text}") from None


def _evaluate(given: argparse.Namespace) -> None:
    names = list(METHODS) if given.all else given.method
    datasets = dict.fromkeys(["places", "copies"] if given.all else given.dataset)
    benchmarks = {name: load(name) for name in datasets}
    rows: list[Row] = []
    lists: list[RankedLists] = []
    n_rows = len(benchmarks) * len(names) * len(POSTPROCESSING)
    with tqdm(total=n_rows, unit="row", disable=None) as bar:
        methods = [METHODS[name] for name in names]
        options: dict[str, Any] = {"report": bar.set_description_str, "keep": lists.append}
        try:
            for row in evaluate(methods, benchmarks, codebooks=given.codebooks, **options):
                rows.append(row)
                bar.update()
                tqdm.write(_line(row))
        finally:
            if given.out and rows:
                _write(rows, lists, list(benchmarks), given.out)


def _write(rows: list[Row], lists: list[RankedLists], order: list[str], out: Path) -> None:
    """Write what is done, one set after the other."""
    write_rows(sorted(rows, key=lambda row: order.index(row.dataset)), out)
    beside = out.with_name(f"{out.stem}_lists.csv")
    write_lists(sorted(lists, key=lambda one: order.index(one.dataset)), beside)


def _line(row: Row) -> str:
    after = "" if row.postprocessing == "none" else row.postprocessing
    return (
        f"{row.dataset:9} {row.method:14} {after:17} mAP {row.mean:.3f} ± {row.spread:.3f}"
        f" over {row.codebooks} [{row.low:.3f}, {row.high:.3f}]"
        f" {row.dimension:6} x 4 bytes {row.milliseconds:6.3g} ms  {row.per_kind}"
    )


if __name__ == "__main__":
    sys.exit(main())
