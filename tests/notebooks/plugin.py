"""nbval, made strict: what `chapters/conftest.py` puts in the place of nbval's own collectors.

For each notebook two collectors: `NotebookRules` reads it (`tests.notebooks.rules`), and
`GuardedNotebook` runs it in an empty directory under a guard and compares figures too. How outputs
are compared, `tests.notebooks.mode` says.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from tests.notebooks.comparison import differences
from tests.notebooks.dependence import depends_on_features
from tests.notebooks.kernel import GuardedKernel
from tests.notebooks.mode import mode_of, perturbation
from tests.notebooks.notebook import Cell, Notebook
from tests.notebooks.rules import Rule, rules_for
from tests.notebooks.tolerance import tolerance_of
from tests.notebooks.workspace import Workspace


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(
    file_path: Path, parent: pytest.Collector
) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Replace nbval's collector of a notebook by ours."""
    collectors = yield
    if not any(isinstance(collector, IPyNbFile) for collector in collectors):
        return collectors
    return [
        NotebookRules.from_parent(parent, path=file_path),
        GuardedNotebook.from_parent(parent, path=file_path),
    ]


class NotebookRules(pytest.File):
    """The rules that a notebook keeps, one test each; they read it and run nothing."""

    def collect(self) -> Iterator[RuleItem]:
        notebook = Notebook.read(self.path)
        for rule in rules_for(self.path):
            # "rule", so that `-k rule` and `-k "not rule"` tell reading from running.
            name = f"rule: {rule.name}"
            yield RuleItem.from_parent(self, name=name, rule=rule, notebook=notebook)


class RuleItem(pytest.Item):
    """One rule on one notebook."""

    def __init__(self, *, rule: Rule, notebook: Notebook, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rule, self.notebook = rule, notebook

    def runtest(self) -> None:
        problems = list(self.rule.check(self.notebook))
        if problems:
            pytest.fail("\n".join([self.name, *problems]), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}, {self.name}"


class GuardedNotebook(IPyNbFile):  # type: ignore[misc]  # nbval has no types
    """A notebook that runs where its reader would run it, with nothing more at hand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.compare_outputs = True  # even under --nbval-lax

    def collect(self) -> Iterator[GuardedCell]:
        cells = list(super().collect())
        depend = depends_on_features([cell.cell.source for cell in cells])
        for cell, depends in zip(cells, depend, strict=True):
            yield GuardedCell.from_parent(
                self,
                name=cell.name,
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
                depends=depends,
            )

    @cached_property
    def workspace(self) -> Workspace:
        # pytest offers its temporary directory to collectors under this private name only.
        factory: pytest.TempPathFactory = self.config._tmp_path_factory
        return Workspace.create(factory.mktemp(self.path.stem))

    def setup(self) -> None:
        """Start the kernel; nothing is sanitised, since no output may hold what varies."""
        timeout = self.config.option.nbval_kernel_startup_timeout
        self.kernel = GuardedKernel(self.workspace, timeout, perturbation())


class GuardedCell(IPyNbCell):  # type: ignore[misc]
    """A cell whose figures, error stream and reach are checked too.

    Parameters
    ----------
    depends : bool
        Whether its outputs depend on features, so that another machine's may differ.
    """

    def __init__(self, *args: Any, depends: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.output_timeout = 60  # seconds; nbval's 5 are too few on a busy machine
        self.depends = depends

    def runtest(self) -> None:
        before = len(self.parent.workspace.trespasses())
        super().runtest()
        refused = self.parent.workspace.trespasses()[before:]
        if refused:  # the cell swallowed the exception
            self.raise_cell_error("Cell reached outside of its directory", "\n".join(refused))
        errors = [output.text for output in self.test_outputs if output.get("name") == "stderr"]
        if errors:
            self.raise_cell_error("Cell wrote to its error stream", "".join(errors))

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        mode, how, tolerance = mode_of(self.config), "letter by letter", None
        reason = mode.reason
        if mode.tolerant and self.depends:
            how, tolerance = "with a tolerance", tolerance_of(Cell(self.cell_num, self.cell).course)
        elif mode.tolerant:
            reason = "since nothing in this cell depends on features"
        prefix = self.parent.workspace.root / "figures" / f"cell-{self.cell_num}"
        found = differences(ref, test, tolerance, prefix)
        self.comparison_traceback = [f"Compared {how}, {reason}.", *found]
        return not found
