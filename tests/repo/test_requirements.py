"""Three files say what is needed: ranges for users, the lock, what conda installs."""

from __future__ import annotations

import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]

# The same library under the name that conda-forge gives it.
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
NOT_OURS = {"python", "pip", "ipykernel", "jupyterlab"}  # what Jupyter needs to run at all


def requirements(lines: list[str]) -> dict[str, Requirement]:
    parsed = (Requirement(line) for line in lines)
    return {str(canonicalize_name(item.name)): item for item in parsed}


def locked() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return requirements([line for line in lines if line and not line.startswith("#")])


NEEDED = requirements([*PROJECT["dependencies"], *EXTRAS["deep"], *EXTRAS["book"], *EXTRAS["dev"]])
FOR_READERS = requirements([*PROJECT["dependencies"], *EXTRAS["deep"]])


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_each_requirement_is_locked_within_its_range(name: str) -> None:
    [pin] = locked()[name].specifier
    assert pin.operator == "=="
    assert pin.version in NEEDED[name].specifier


@pytest.mark.parametrize("name", ["torch", "torchvision"])
def test_torch_and_torchvision_are_locked_as_a_pair(name: str) -> None:
    assert str(locked()[name].specifier) == {"torch": "==2.14.1", "torchvision": "==0.29.2"}[name]


def test_the_lock_holds_names_and_versions_only() -> None:
    for requirement in locked().values():
        assert requirement.url is None
        assert Version(next(iter(requirement.specifier)).version)


# The oldest and the newest micro versions that readers have: Debian 12 has 3.11.2.
@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.13.9"])
def test_the_lock_can_be_installed_on(python: str) -> None:
    ranges = {
        str(canonicalize_name(item.name)): item.metadata.json.get("requires_python", "")
        for item in distributions()
    }
    pinned = ranges.keys() & locked().keys()
    assert [name for name in pinned if python not in SpecifierSet(str(ranges[name]))] == []


def conda() -> dict[str, Requirement]:
    """Return what environment.yml installs, through conda and pip, under the names of PyPI."""
    listed: list[Any] = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    [pip] = [item["pip"] for item in listed if isinstance(item, dict)]
    lines = [item for item in [*listed, *pip] if isinstance(item, str)]
    plain = [line.replace("=", "==") if "=" in line and ">" not in line else line for line in lines]
    found = requirements([line for line in plain if not line.startswith("-")])
    return {CONDA_NAMES.get(name, name): item for name, item in found.items()}


def test_conda_installs_what_a_reader_needs() -> None:
    assert conda().keys() - NOT_OURS == FOR_READERS.keys()


@pytest.mark.parametrize("name", sorted(FOR_READERS))
def test_conda_asks_for_the_same_versions(name: str) -> None:
    assert conda()[name].specifier == FOR_READERS[name].specifier


def test_conda_installs_coursekit_from_the_repository() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    [pip] = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert "--editable ." in pip
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_conda_has_a_python_that_the_package_admits() -> None:
    [python] = [str(item.specifier)[2:] for name, item in conda().items() if name == "python"]
    assert python in Requirement(f"python{PROJECT['requires-python']}").specifier
