"""An environment for somebody without labkit: what pip brings for three packages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PACKAGES = ("alembic", "sqlalchemy", "psycopg2-binary")


def build(folder: Path) -> Path:
    """Make it out of what is installed, as pip would lay it down; returns its Python."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--symlinks", str(folder)], check=True
    )
    python = folder / "bin" / "python"
    site = next((folder / "lib").glob("python*/site-packages"))
    for name in closure(PACKAGES):
        for file in distribution(name).files or ():
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.is_file():
                target = site / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
    script = folder / "bin" / "alembic"
    script.write_text(
        f"#!{python}\nimport sys\nfrom alembic.config import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return python


def closure(names: tuple[str, ...]) -> set[str]:
    """The packages and all that they require here."""
    found: set[str] = set()
    waiting = [_plain(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            required = distribution(name).requires or []
        except PackageNotFoundError:
            raise AssertionError(f"{name} is required and not installed") from None
        found.add(name)
        for text in required:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(_plain(requirement.name))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def variables(url: str) -> dict[str, str]:
    """What such a person has set."""
    return {"DATABASE_URL": url, "LC_ALL": "C.UTF-8"}
