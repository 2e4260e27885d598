"""The rules on code cells and their outputs: what each refuses, what it accepts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from nbformat.v4 import new_output

from tests.notebooks.rules import execution, metadata, outputs, pictures, shared_cells
from tests.notebooks.samples import code, described, figure, notebook, result, stdout

REASON = "scikit-learn's message differs between versions"
FEATURES = "from coursekit.features import sift\nsift"
PLOT = "axes.plot(x);"


def plot(*nodes: Any, source: str = PLOT, name: str = "line", **changes: Any) -> Any:
    """Return a sound plot cell, or one with other parts of its mystnb metadata."""
    return code(source, *(nodes or [figure()]), mystnb=described(name) | changes)


def executed(*counts: int | None) -> list[Any]:
    return [code(f"x = {i}", count=count) for i, count in enumerate(counts)]


REFUSED: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "never executed": (
        execution.executed_in_order,
        executed(1, None),
        r"cell 2 \('x = 1'\): expected execution count 2, got None",
    ),
    "out of order": (
        execution.executed_in_order,
        executed(2, 1),
        r"cell 1 \('x = 0'\): expected execution count 1, got 2",
    ),
    "executed twice": (
        execution.executed_in_order,
        executed(1, 3),
        r"cell 2 \('x = 1'\): expected execution count 2, got 3",
    ),
    "print without output": (
        execution.printed_outputs_are_stored,
        [code("y = 1\nprint(y)")],
        r"cell 1 \('y = 1'\): expected the stored output of print, got none",
    ),
    "ignore tag": (
        execution.exceptions_have_a_reason,
        [code("x", tags=["nbval-ignore-output"])],
        r"cell 1 \('x'\): expected a reason in metadata coursekit\.reason, got ''",
    ),
    "skip tag with a word": (
        execution.exceptions_have_a_reason,
        [code("x", tags=["nbval-skip"], coursekit={"reason": "slow"})],
        r"cell 1 \('x'\): expected a reason in metadata coursekit\.reason, got 'slow'",
    ),
    "raises tag": (
        execution.exceptions_have_a_reason,
        [code("x", tags=["raises-exception"])],
        r"cell 1 \('x'\): expected a reason .*",
    ),
    "ignore comment": (
        execution.exceptions_have_a_reason,
        [code("# NBVAL_IGNORE_OUTPUT\nx")],
        r"cell 1 \('# NBVAL_IGNORE_OUTPUT'\): expected a reason .*",
    ),
    "tolerance without a reason": (
        execution.tolerances_have_a_reason,
        [code(FEATURES, coursekit={"tolerance": {"whole": {"absolute": 1}}})],
        r"cell 1 .*: coursekit\.tolerance: expected a reason of at least 20 characters, got ''",
    ),
    "tolerance without features": (
        execution.tolerances_have_a_reason,
        [code("x", coursekit={"tolerance": {"whole": {"absolute": 1}, "reason": REASON}})],
        r"cell 1 \('x'\): expected a tolerance only where features enter, got one",
    ),
    "tolerance without a figure": (
        execution.tolerances_have_a_reason,
        [code(FEATURES, coursekit={"tolerance": {"figure": 9, "reason": REASON}})],
        r"cell 1 .*: coursekit\.tolerance: expected a figure, got no picture",
    ),
    "assertion": (
        execution.nothing_is_asserted,
        [code("for x in V:\n    assert x > 0")],
        r"cell 1 .*: expected both sides printed, got 'assert x > 0'",
    ),
    "NumPy's assertion": (
        execution.nothing_is_asserted,
        [code("np.testing.assert_allclose(V, W)")],
        r"cell 1 .*: expected both sides printed, got 'np\.testing\.assert_allclose\(V, W\)'",
    ),
    "imported assertion": (
        execution.nothing_is_asserted,
        [code("from numpy.testing import assert_allclose")],
        r"cell 1 .*: expected both sides printed, got 'from numpy\.testing import .*'",
    ),
    "exception": (
        execution.nothing_is_asserted,
        [code("if gap > 0:\n    raise ValueError(gap)")],
        r"cell 1 .*: expected both sides printed, got 'raise ValueError\(gap\)'",
    ),
    "magic": (
        execution.plain_python,
        [code("%%capture\nprint(1)")],
        r"cell 1 \('%%capture'\): expected plain Python, got invalid syntax in line 1",
    ),
    "shell": (execution.plain_python, [code("!ls")], r"cell 1 .* in line 1"),
    "empty cell": (execution.plain_python, [code(" ")], r"cell 1 .*got an empty cell"),
    "stderr": (
        outputs.kinds,
        [code("x", stdout("careful", "stderr"))],
        r"cell 1 .*: expected outputs of image/png, .*, got stderr",
    ),
    "svg": (outputs.kinds, [code("x", result("<svg/>", "image/svg+xml"))], r".*got image/svg\+xml"),
    "jpeg": (outputs.kinds, [code("x", result("", "image/jpeg"))], r".*got image/jpeg"),
    "error": (
        outputs.kinds,
        [code("x", new_output("error", ename="E", evalue="", traceback=[]))],
        r".*got error",
    ),
    "two figures": (
        pictures.one_figure_a_cell,
        [plot(figure(), figure())],
        r"cell 1 .*: expected one figure, got 2",
    ),
    "no alternative text": (
        pictures.alternative_text,
        [plot(image={})],
        r"cell 1 .*: expected in mystnb\.image\.alt what the figure shows, .*, got ''",
    ),
    "short alternative text": (
        pictures.alternative_text,
        [plot(image={"alt": "A plot of residuals."})],
        r".*got 'A plot of residuals\.'",
    ),
    "file name": (
        pictures.alternative_text,
        [plot(image={"alt": "chapters/aggregation/vlad_files/residuals_of_five_descriptors.png"})],
        r".*got 'chapters.*",
    ),
    "alternative text twice": (
        pictures.alternative_text,
        [plot(), plot()],
        r"cell 2 .*: expected an alternative text of its own, got another figure's: .*",
    ),
    "no figure name": (
        pictures.names_and_captions,
        [plot(figure={"caption": "Residuals of five descriptors."})],
        r"cell 1 .*: expected mystnb\.figure\.name like vlad-residuals, got ''",
    ),
    "figure name twice": (
        pictures.names_and_captions,
        [plot(), plot()],
        r"cell 2 .*: expected a figure name of its own, got 'fig-line' again",
    ),
    "no caption": (
        pictures.names_and_captions,
        [plot(figure={"name": "fig-line"})],
        r"cell 1 .*: expected a sentence in mystnb\.figure\.caption, got ''",
    ),
    "no semicolon": (
        pictures.plot_cells_return_nothing,
        [plot(source="axes.plot(x)")],
        r"cell 1 .*: expected a plot cell to end in ';', got 'axes\.plot\(x\)'",
    ),
    "returned object": (
        pictures.plot_cells_return_nothing,
        [plot(result("[<Line2D>]"), figure())],
        r"cell 1 .*: expected a plot cell that returns no object, got '\[<Line2D>\]'",
    ),
    "metadata of an editor": (
        metadata.cell_metadata,
        [code("x", vscode={})],
        r"cell 1 .*: expected metadata coursekit, mystnb, tags, got vscode",
    ),
    "no set-up cell": (
        shared_cells.starts_with_the_setup_cell,
        ["# Title", code("import coursekit")],
        r"expected the set-up cell of setup_cell\.txt as first code cell, got cell 2 .*",
    ),
    "edited stub": (
        shared_cells.exercises_equal_the_bank,
        [code("dimension = 8192", coursekit={"exercise": "vlad.dimension", "part": "stub"})],
        r"cell 1 .*: expected the bank's text \(make notebooks writes it\), got another",
    ),
    "unknown exercise": (
        shared_cells.exercises_equal_the_bank,
        [code("x", coursekit={"exercise": "vlad.nothing", "part": "stub"})],
        r"cell 1 .*: exercise_id: expected a name in the bank, .*",
    ),
    "unknown part": (
        shared_cells.exercises_equal_the_bank,
        [code("x", coursekit={"exercise": "vlad.dimension"})],
        r"cell 1 .*: part: expected one of statement, stub, got None",
    ),
}

ACCEPTED: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "in order": (execution.executed_in_order, executed(1, 2, 3)),
    "print in a function": (
        execution.printed_outputs_are_stored,
        [code("def f():\n    print(1)")],
    ),
    "tag with a reason": (
        execution.exceptions_have_a_reason,
        [code("x", tags=["nbval-ignore-output"], coursekit={"reason": REASON})],
    ),
    "tolerance with a reason": (
        execution.tolerances_have_a_reason,
        [
            code("x"),
            code(FEATURES, coursekit={"tolerance": {"whole": {"absolute": 1}, "reason": REASON}}),
            code("sift", figure(), coursekit={"tolerance": {"figure": 9, "reason": REASON}}),
        ],
    ),
    "both sides": (
        execution.nothing_is_asserted,
        [code("print('by hand', V, 'coursekit', W)\ntesting = 1\nprint(testing)")],
    ),
    "harmless tag": (execution.exceptions_have_a_reason, [code("x", tags=["hide-input"])]),
    "strict comment": (execution.exceptions_have_a_reason, [code("# NBVAL_CHECK_OUTPUT\nx")]),
    "sound figures": (pictures.alternative_text, [plot(), plot(name="other")]),
    "sound captions": (pictures.names_and_captions, [plot(), plot(name="other")]),
    "plot cell": (pictures.plot_cells_return_nothing, [plot()]),
    "set-up cell": (
        shared_cells.starts_with_the_setup_cell,
        ["# Title", code(shared_cells.setup_cell())],
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    rule, cells, expected = REFUSED[name]
    first, *_ = rule(notebook(*cells))
    assert re.fullmatch(expected, first)


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    rule, cells = ACCEPTED[name]
    assert list(rule(notebook(*cells))) == []


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("<coursekit.VLAD at 0x7f3a12bc>", "an address in stdout: '0x7f3a12bc'"),
        ("done in 3.1 s", "a timing in stdout: '3.1 s'"),
        ("12 ms", "a timing in stdout: '12 ms'"),
        (" 40%|████      | 4/10", "a progress bar in stdout: '0%|'"),
        ("2026-07-01", "a date or an hour in stdout: '2026-07-01'"),
        ("at 12:30:15", "a date or an hour in stdout: '12:30:15'"),
        ("read /home/diane/photo.jpg", "an absolute path in stdout: '/home/diane/photo.jpg'"),
        (r"C:\photos", "an absolute path in stdout: 'C:\\\\'"),
        ("UserWarning: mind", "a warning in stdout: 'UserWarning:'"),
        ("<script>alert(1)</script>", "a script in stdout: '<script'"),
        ('<p onclick="x()">', "a script in stdout: '<p onclick='"),
    ],
)
def test_text_that_varies_is_refused(text: str, got: str) -> None:
    problems = list(outputs.reproducible_text(notebook(code("x", text))))
    assert problems == [f"cell 1 ('x'): expected text that any run repeats, got {got}"]


@pytest.mark.parametrize(
    "text",
    [
        "(2000, 128) float32",
        "16 words of 128 dimensions, 1/2 and/or 3/4",
        "<div><p>photos/bananas_0.jpg</p></div>",
        "https://github.com/owner/name",
        "ratio 1:2, mAP 0.61 → 0.74",
        "2 sets, min(a, b)",
    ],
)
def test_text_that_stays_is_accepted(text: str) -> None:
    assert list(outputs.reproducible_text(notebook(code("x", text)))) == []


@pytest.mark.parametrize(
    "number", ["0.12345", "1.2345", "12.345", "-123.45", "1.2345e-05", "0.12340", ".12345"]
)
def test_five_digits_are_too_many(number: str) -> None:
    problems = list(outputs.significant_digits(notebook(code("x", f"[0.5, {number}]"))))
    assert problems == [f"cell 1 ('x'): expected at most 4 digits, got {number.lstrip('-')}"]


@pytest.mark.parametrize(
    "text",
    [
        "0.1234",
        "0.001234",
        "123.4",
        "1.234e-05",
        "16384",
        "16384.0",
        "1. 2.",
        "numpy 1.26.41",
        "v0.12345x",
    ],
)
def test_four_digits_and_whole_numbers_are_accepted(text: str) -> None:
    assert list(outputs.significant_digits(notebook(code("x", text)))) == []


def test_metadata_of_another_kernel_is_refused() -> None:
    sample = notebook()
    sample.node.metadata["kernelspec"] = {"name": "venv", "display_name": "/home/diane/venv"}
    (problem,) = metadata.notebook_metadata(sample)
    assert problem.startswith("expected the metadata {'kernelspec': ")
