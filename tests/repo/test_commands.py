"""The commands that the README promises exist and do what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "chapters/index.md", "chapters/course.md"]
PROMISED = {"book", "serve", "test", "notebooks", "bench", "clean", "help", "set-repository"}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, flags=re.MULTILINE))


def make(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # Not the flags of the make that runs this test.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(["make", *words], cwd=cwd, capture_output=True, text=True, env=plain)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Return a folder in which the installation has just been done."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
        os.utime(tmp_path / name, (time.time() - 60,) * 2)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch(mode=0o755)
    (tmp_path / ".venv" / ".ready").touch()
    return tmp_path


def test_promised_commands_exist() -> None:
    assert targets() >= PROMISED


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_pages_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"(?:^|`)make ([a-z-]+)", text, flags=re.MULTILINE)
    assert set(named) <= targets()


def test_readme_names_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^make book\b", readme, flags=re.MULTILINE)
    assert re.search(r"^make test\b", readme, flags=re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "chapters/api/index.md"])
def test_python_in_pages_runs(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^(?:```|~~~)python\n(.*?)^(?:```|~~~)", text, flags=re.M | re.S)
    assert blocks
    for code in blocks:
        subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_in_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_help_is_the_default_and_lists_every_command() -> None:
    listed = re.findall(r"^  make ([a-z-]+) +\S", make().stdout, flags=re.MULTILINE)
    assert set(listed) == targets()
    assert make("help").stdout == make().stdout


def test_a_second_run_installs_nothing(installed: Path) -> None:
    planned = make("--dry-run", "book", cwd=installed).stdout
    assert "jupyter-book build" in planned
    assert "pip" not in planned


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_change_of_the_requirements_installs_anew(installed: Path, name: str) -> None:
    os.utime(installed / name, (time.time() + 60,) * 2)
    assert "pip --disable-pip-version-check install" in make("-n", "book", cwd=installed).stdout


def test_without_a_python_the_message_says_what_to_do(installed: Path) -> None:
    shutil.rmtree(installed / ".venv")
    run = make("book", "PYTHON=", cwd=installed)
    assert run.returncode != 0
    assert run.stderr.startswith("No Python >= 3.11 with venv was found.")


def test_the_site_is_built_clean_and_strictly() -> None:
    recipe = MAKEFILE.partition("\nbook:")[2].partition("\n\n")[0]
    assert recipe.index("rm -rf _build") < recipe.index("jupyter-book build . -W -n --keep-going")


def test_ci_runs_make_test_and_nothing_after_it() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.rstrip().endswith("\nexec make test")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_make_test_checks_everything_in_one_run_of_pytest() -> None:
    planned = make("--dry-run", "test").stdout
    for step in ("ruff check", "ruff format --check", "-m mypy", "jupyter-book build"):
        assert step in planned
    last = planned.rstrip().rpartition("-m pytest")[2]
    assert planned.count("-m pytest") == 1
    assert {"--nbval", "tests", "coursekit", "chapters"} <= set(last.split())
