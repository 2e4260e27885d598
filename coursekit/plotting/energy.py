"""How the squared length of a vector is shared among the visual words."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from coursekit.plotting.style import WORD_COLOURS
from coursekit.types import FloatArray
from coursekit.validation import as_floating


def plot_energy(shares: dict[str, FloatArray], ax: Axes) -> None:
    """Draw the share of each word, largest first, one curve for each normalisation.

    Parameters
    ----------
    shares : dict of str to (K,) floating
        ‖v_k‖² / ‖V‖² of each word, by name of the normalisation.
    ax : Axes
        Where to draw.

    Raises
    ------
    ValueError
        If a curve is not one-dimensional.

    References
    ----------
    Jégou et al. 2009 (burstiness); Arandjelović & Zisserman 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> plot_energy({"none": np.array([0.2, 0.8])}, axes)
    >>> axes.lines[0].get_ydata().tolist()
    [0.8, 0.2]
    """
    for number, (name, share) in enumerate(shares.items()):
        values = as_floating(share, f"shares[{name!r}]")
        if values.ndim != 1:
            raise ValueError(f"shares[{name!r}]: expected shape (K,), got {values.shape}")
        ordered = sorted(values.tolist(), reverse=True)
        marker = "os^D"[number % 4]
        ax.plot(
            range(1, len(ordered) + 1), ordered,
            marker=marker, color=WORD_COLOURS[number % len(WORD_COLOURS)], label=name,
        )  # fmt: skip
    ax.set(xlabel="words, from the heaviest", ylabel="share of $\\|V\\|^2$", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))  # words are counted
    ax.legend(frameon=False)
