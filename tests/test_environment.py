from __future__ import annotations

import re
import tomllib

import yaml

from analysis.constraints import constraints
from checkout import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~! ;]", text)[0].lower()) for text in requirements}


def test_environment_yml_is_python_pip_and_the_project() -> None:
    environment = yaml.safe_load((CHECKOUT / "environment.yml").read_text())
    *conda, pip = environment["dependencies"]
    assert conda == [f"python{PROJECT['requires-python']}", "pip"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    assert environment["channels"] == ["conda-forge", "nodefaults"]


def test_constraints_are_the_lock_without_its_hashes() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert (CHECKOUT / "constraints.txt").read_text() == constraints(lock)
    assert lock.count("--hash=sha256:") > lock.count("==")


def test_the_lock_holds_every_direct_dependency_and_names_no_address() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    locked = names([line for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))])
    assert names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["dev"]) <= locked
    assert "://" not in lock


def test_the_lock_covers_the_three_systems() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert "sys_platform == 'win32'" in lock and "sys_platform == 'darwin'" in lock
