"""A fresh kernel in an empty directory, with the guard armed before the first cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel, start_new_kernel

from tests.notebooks.workspace import Workspace

GUARD = Path(__file__).with_name("guard.py")
PERTURBATIONS = Path(__file__).with_name("perturbations.py")


class GuardedKernel(RunningKernel):  # type: ignore[misc]  # nbval has no types
    """nbval's kernel, with our environment and our guard.

    Parameters
    ----------
    workspace : Workspace
    startup_timeout : float, default 60
        In seconds.
    perturbation : str, default ""
        A function of `tests.notebooks.perturbations`, as ``name`` or ``name:seed``; by default
        none.

    Raises
    ------
    RuntimeError
        If the guard could not be armed: no cell runs unguarded. Or if there is no such
        perturbation.
    """

    def __init__(
        self, workspace: Workspace, startup_timeout: float = 60, perturbation: str = ""
    ) -> None:
        # The parent's __init__ knows no environment, so it is replaced rather than called.
        self._stderr = (workspace.root / "kernel.log").open("w")
        self.km, self.kc = start_new_kernel(
            startup_timeout=startup_timeout,
            kernel_name=CURRENT_ENV_KERNEL_NAME,  # the environment under test, whatever is stored
            stderr=self._stderr,
            cwd=str(workspace.cwd),
            env=workspace.environment(),
        )
        self._ensure_iopub_up()
        arm = f"arm({workspace.writable!r}, {str(workspace.journal)!r})"
        self._prepare(GUARD, arm, startup_timeout)
        if perturbation:
            name, _, seed = perturbation.partition(":")
            self._prepare(PERTURBATIONS, f"{name}({int(seed or 0)})", startup_timeout)

    def _prepare(self, module: Path, call: str, timeout: float) -> None:
        """Execute the text of a module in the kernel, then a call of one of its functions."""
        text = module.read_text(encoding="utf-8") + call
        namespace = f"{{'__name__': 'notebook_{module.stem}'}}"
        # One expression, so that no name of ours is left among the notebook's variables.
        code = f"exec(compile({text!r}, {module.name!r}, 'exec'), {namespace})"
        message = self.kc.execute(code, silent=True, store_history=False)
        content = self._reply(message, timeout)
        self.await_idle(message, timeout)
        if content["status"] != "ok":
            self.stop()
            raise RuntimeError(f"{module.stem}: expected {call} to run, got {content}")

    def _reply(self, message: str, timeout: float) -> Any:
        while True:
            reply = self.get_message("shell", timeout=timeout)
            if reply["parent_header"].get("msg_id") == message:
                return reply["content"]

    def stop(self) -> None:
        super().stop()
        self._stderr.close()
