"""Running a student's function on the probes, so that nothing it does can spoil the check.

Every call gets its own copies of the inputs; prints and warnings are swallowed; an exception is
kept, not raised. There is no time limit: Python has no portable way to stop a function safely
(signals work on one system and in one thread only), so an endless loop is stopped as everywhere in
a notebook, by interrupting the kernel.
"""

from __future__ import annotations

import io
import re
import sysconfig
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.exercises.bank import Probe
from coursekit.exercises.numeric import Numbers, agrees, read_numbers

_NOT_THEIRS = (str(Path(__file__).parents[1]), sysconfig.get_path("stdlib"))
_LIBRARIES = {"site-packages", "dist-packages"}


@dataclass(frozen=True, eq=False)
class Trial:
    """One call: the inputs, what the reference gives, and what the student's function did.

    `error` is what the function raised, or a `NotNumbersError` about what it returned; `got` is
    then empty.
    """

    inputs: Probe
    want: Numbers
    raw: Any
    got: Numbers
    error: Exception | None = None

    def passes(self, tolerance: float) -> bool:
        """Say whether the student's function gave what the reference gives."""
        return self.error is None and agrees(self.got, self.want, tolerance)


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow prints, warnings and floating-point errors of the code inside."""
    with (
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def call(function: Callable[..., Any], inputs: Probe) -> Numbers:
    """Call `function` on copies of `inputs` and read its result as numbers.

    Parameters
    ----------
    function : callable
    inputs : tuple
        Positional arguments.

    Returns
    -------
    array of numbers, a copy
    """
    return read_numbers(function(*deepcopy(inputs)))


def try_out(function: Callable[..., Any], reference: Callable[..., Any], inputs: Probe) -> Trial:
    """Run the student's function once.

    Parameters
    ----------
    function : callable
        The student's.
    reference : callable
        The right one.
    inputs : tuple
        One probe.

    Returns
    -------
    Trial
    """
    want = call(reference, inputs)
    raw: Any = None
    try:
        raw = function(*deepcopy(inputs))
        return Trial(inputs, want, raw, read_numbers(raw))
    except Exception as error:  # whatever the student's code raises is what we report
        return Trial(inputs, want, raw, np.zeros(0), error)


def place(error: Exception) -> str:
    """Say which line of the student's code raised `error`, as far as Python knows.

    Parameters
    ----------
    error : Exception
        With the traceback it was caught with.

    Returns
    -------
    str
        "line 3: return x[0]", or "" if the student's code was not reached (a wrong signature).
    """
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if _is_theirs(frame.filename)]
    if not theirs:
        return ""
    line = f"line {theirs[-1].lineno}"
    return f"{line}: {theirs[-1].line}" if theirs[-1].line else line


def _is_theirs(filename: str) -> bool:
    return not filename.startswith(_NOT_THEIRS) and _LIBRARIES.isdisjoint(Path(filename).parts)


def quote(error: Exception) -> str:
    """Return the type and message of `error` in one line, without addresses.

    Parameters
    ----------
    error : Exception

    Returns
    -------
    str

    Examples
    --------
    >>> quote(KeyError("a"))
    "KeyError: 'a'"
    """
    try:
        message = str(error)
    except Exception:  # a student's exception class may fail to print
        message = ""
    message = re.sub(r"0x[0-9a-fA-F]+", "0x…", " ".join(message.split()))
    return f"{type(error).__name__}: {message}".removesuffix(": ")
