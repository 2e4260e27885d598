"""The command ``coursekit``: what can be done without writing Python.

``coursekit evaluate --dataset places --method vlad gem`` gives any row of the table in the chapter
*Which one wins?*, on any set; ``--all`` makes the whole table that ships.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from coursekit.comparison import METHODS, Row, Source, evaluate, write_rows
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
    evaluation.add_argument("--out", type=Path, help="also write the rows to this CSV file")
    return parser


def _evaluate(given: argparse.Namespace) -> None:
    names = list(METHODS) if given.all else given.method
    datasets = ["places", "copies"] if given.all else given.dataset
    rows = []
    for row in _rows(datasets, names):
        rows.append(row)
        tqdm.write(_line(row))
    if given.out:
        write_rows(rows, given.out)


def _rows(datasets: Iterable[str], names: Sequence[str]) -> Iterator[Row]:
    methods = [METHODS[name] for name in names]
    fitted: dict[str, tuple[Source, list[Any]]] = {}
    learning: tuple[Any, ...] = ()
    for dataset in datasets:
        benchmark = load(dataset)
        if benchmark.learning != learning:
            fitted, learning = {}, benchmark.learning
        with tqdm(total=2 * len(names), unit="row", disable=None) as bar:
            for row in evaluate(
                methods,
                benchmark,
                dataset=dataset,
                fitted=fitted,
                report=bar.set_description_str,
            ):
                bar.update()
                yield row


def _line(row: Row) -> str:
    whitened = "whitened" if row.whitened else ""
    return (
        f"{row.dataset:9} {row.method:13} {whitened:8} mAP {row.mean:.3f}"
        f" [{row.low:.3f}, {row.high:.3f}] {row.dimension:6} x 4 bytes {row.milliseconds:6.3g} ms"
        f"  {row.per_kind}"
    )


if __name__ == "__main__":
    sys.exit(main())
