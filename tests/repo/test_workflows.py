"""The workflows call our commands, on pinned actions, with no more rights than they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / ".github" / "workflows"
WORKFLOWS = {
    path.stem: yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    for path in sorted(FOLDER.glob("*.yml"))
}


def steps(workflow: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for job in workflow["jobs"].values():
        yield from job["steps"]


def test_there_are_workflows_for_tests_pages_and_newest_packages() -> None:
    assert WORKFLOWS.keys() == {"test", "publish", "newest"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_more(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_major_version(name: str) -> None:
    used = [step["uses"] for step in steps(WORKFLOWS[name]) if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_pull_requests_run_everything_on_each_python() -> None:
    workflow = WORKFLOWS["test"]
    assert "pull_request" in workflow["on"]
    job = workflow["jobs"]["everything"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert "bash .ci/run" in [step.get("run") for step in job["steps"]]


def test_pull_requests_run_the_units_on_other_systems() -> None:
    job = WORKFLOWS["test"]["jobs"]["units"]
    assert job["strategy"]["matrix"]["system"] == ["macos-latest", "windows-latest"]


def extras(job: dict[str, Any]) -> set[str]:
    """Return the extras that a job installs."""
    [installed] = re.findall(
        r"\.\[([\w,]+)\]", " ".join(step.get("run", "") for step in job["steps"])
    )
    return set(installed.split(","))


@pytest.mark.parametrize(("workflow", "job"), [("test", "units"), ("newest", "chapters")])
def test_other_systems_install_what_their_tests_import(workflow: str, job: str) -> None:
    assert extras(WORKFLOWS[workflow]["jobs"][job]) == {"deep", "dev"}


def test_other_systems_run_no_test_of_what_they_do_not_install() -> None:
    command = WORKFLOWS["test"]["jobs"]["units"]["steps"][-1]["run"]
    ignored = set(re.findall(r"--ignore=(\S+)", command))
    assert ignored == {f"tests/{name}" for name in ("site", "repo", "notebooks", "proofs")}
    assert {"coursekit", "tests"} <= set(command.split())


def test_proofs_and_a_drawn_order_run_weekly_with_time_to_spare() -> None:
    job = WORKFLOWS["newest"]["jobs"]["proofs"]
    commands = [step.get("run", "").partition(" PYTHON")[0] for step in job["steps"]]
    assert commands[-2:] == ["make proofs", "make shuffle"]
    assert int(job["timeout-minutes"]) >= 2 * 30 + 20


def test_the_site_is_published_from_make_book() -> None:
    built = [step.get("run", "") for step in WORKFLOWS["publish"]["jobs"]["build"]["steps"]]
    assert "make book PYTHON=python" in built


def test_newest_packages_are_tried_weekly_without_the_lock() -> None:
    workflow = WORKFLOWS["newest"]
    assert "schedule" in workflow["on"]
    [step] = [step for step in steps(workflow) if step.get("run") == "bash .ci/run"]
    assert step["env"]["LOCK"] == ""
