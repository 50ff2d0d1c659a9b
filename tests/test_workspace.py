"""The workspace loses no edit, whatever is done to it and in whatever order."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit import workspace as module
from labkit.trouble import Trouble
from labkit.workspace import Workspace, copied, write
from tests.drills import as_ordinary_user

LAB = "07-add-column"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace", tmp_path / ".labs")


@pytest.fixture
def loaded(workspace: Workspace) -> Iterator[Path]:
    with workspace.held(LAB):
        project = workspace.begin(LAB)
        write(project, "alembic.ini", "[alembic]\n")
        write(project, "migrations/env.py", "pass\n")
        workspace.finish(LAB, "mark", {})
        yield project


def test_a_project_that_was_just_loaded_has_no_edits(workspace: Workspace, loaded: Path) -> None:
    assert workspace.edits(LAB) == []
    assert workspace.is_loaded(LAB)
    assert workspace.database_mark(LAB) == "mark"


def test_changed_new_and_deleted_files_are_edits(workspace: Workspace, loaded: Path) -> None:
    (loaded / "alembic.ini").write_text("[other]\n")
    (loaded / "new.py").write_text("")
    (loaded / "migrations" / "env.py").unlink()
    assert workspace.edits(LAB) == ["alembic.ini", "migrations/env.py", "new.py"]


def test_a_link_put_in_place_of_a_file_is_an_edit(workspace: Workspace, loaded: Path) -> None:
    (loaded / "alembic.ini").unlink()
    (loaded / "alembic.ini").symlink_to("elsewhere")
    assert workspace.edits(LAB) == ["alembic.ini"]


def test_what_tools_leave_behind_is_no_edit(workspace: Workspace, loaded: Path) -> None:
    (loaded / "__pycache__").mkdir()
    (loaded / "__pycache__" / "env.cpython-311.pyc").write_bytes(b"")
    (loaded / "stray.pyc").write_bytes(b"")
    assert workspace.edits(LAB) == []


def test_a_folder_that_nobody_loaded_is_all_edits(workspace: Workspace) -> None:
    project = workspace.project(LAB)
    project.mkdir(parents=True)
    (project / "mine.py").write_text("")
    assert workspace.edits(LAB) == ["mine.py"]
    assert not workspace.is_loaded(LAB)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"other": 1}', "\x00"])
def test_a_broken_note_of_what_was_loaded_makes_everything_an_edit(
    workspace: Workspace, loaded: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / ".labs" / "loaded" / f"{LAB}.json").write_text(content)
    assert workspace.edits(LAB) == ["alembic.ini", "migrations/env.py"]


def test_loading_again_leaves_nothing_of_the_last_time(workspace: Workspace, loaded: Path) -> None:
    again = workspace.begin(LAB)
    assert again == loaded
    assert list(again.iterdir()) == []


def test_setting_aside_moves_the_project_and_bringing_back_returns_it(
    workspace: Workspace, loaded: Path
) -> None:
    (loaded / "mine.py").write_text("mine")
    kept = workspace.set_aside(LAB)
    assert not loaded.exists()
    assert (kept.folder / "mine.py").read_text() == "mine"
    assert workspace.kept(LAB) == [kept]
    workspace.bring_back(kept)
    assert (loaded / "mine.py").read_text() == "mine"
    assert workspace.edits(LAB) == ["mine.py"]
    assert workspace.kept(LAB) == []


def test_two_projects_set_aside_in_one_second_are_both_kept(
    workspace: Workspace, loaded: Path
) -> None:
    first = workspace.set_aside(LAB)
    loaded.mkdir()
    second = workspace.set_aside(LAB)
    assert first.folder != second.folder
    assert {kept.folder for kept in workspace.kept(LAB)} == {first.folder, second.folder}


def test_a_copy_has_the_files_and_is_gone_afterwards(loaded: Path, tmp_path: Path) -> None:
    with copied(loaded, tmp_path / "copies") as copy:
        assert copy.name == loaded.name
        assert (copy / "alembic.ini").read_text() == "[alembic]\n"
        (copy / "alembic.ini").write_text("changed")
    assert (loaded / "alembic.ini").read_text() == "[alembic]\n"
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_copy_leaves_out_what_cannot_be_copied(loaded: Path, tmp_path: Path) -> None:
    os.mkfifo(loaded / "pipe")
    (loaded / ".venv").mkdir()
    (loaded / "dangling").symlink_to("nowhere")
    with copied(loaded, tmp_path / "copies") as copy:
        assert sorted(path.name for path in copy.iterdir()) == ["alembic.ini", "migrations"]


def test_a_file_is_written_whole_or_not_at_all(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Trouble) as told:
        write(loaded, "alembic.ini", "[new]\n")
    assert "was not written: the disk is full." in told.value.what
    assert told.value.why == "Nothing was lost: a file is written whole or not at all."
    assert (loaded / "alembic.ini").read_text() == "[alembic]\n"
    assert [path.name for path in loaded.iterdir() if path.name.startswith(".")] == []


def test_a_link_that_leads_out_of_the_project_is_not_followed(loaded: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (loaded / "linked").symlink_to(tmp_path / "outside")
    with pytest.raises(Trouble) as told:
        write(loaded, "linked/a.py", "text")
    assert told.value.what == "linked/a.py was not written: a link in the project leads out of it."
    assert list((tmp_path / "outside").iterdir()) == []
    assert told.value.why == "A folder of the project was replaced by a link."
    assert told.value.mend == "Remove the link, or run `invoke reset` for this lab."


def test_a_folder_that_cannot_be_written_is_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "workspace").write_text("a file where the folder should be")
    with pytest.raises(Trouble) as told:
        workspace.begin(LAB)
    assert "cannot be used: " in told.value.what
    assert told.value.mend == f"See what is there: ls -la {tmp_path / 'workspace'}"


def test_a_lab_that_another_terminal_holds_is_waited_for_and_then_told(
    workspace: Workspace, loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOCK_SECONDS", 0)
    with pytest.raises(Trouble) as told, workspace.held(LAB):
        pass
    assert told.value.what.startswith(f"Another terminal has been working on {LAB}")
    assert told.value.why == "A run of it is still going on there."
    assert told.value.mend == ("Let it end or stop it with Ctrl-C, then run this command again.")


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that everybody may enter and only its owner may write."""
    made = Path(tempfile.mkdtemp(prefix="labs-closed-"))
    made.chmod(0o555)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_a_read_only_workspace_is_told(closed: Path) -> None:
    def begin() -> None:
        Workspace(closed / "workspace", closed / ".labs").begin(LAB)

    with pytest.raises(Trouble) as told:
        as_ordinary_user(begin)
    what, why, mend = str(told.value).split("\n")
    assert what == f"{closed / 'workspace'} cannot be used: Permission denied."
    assert why == "It is read-only or belongs to somebody else."
    assert (
        mend == f"ls -ld {closed} shows whose it is; make it yours, or work in a clone of your own."
    )


def test_a_file_that_cannot_be_read_is_told(workspace: Workspace, closed: Path) -> None:
    project = closed / "workspace" / LAB
    closed.chmod(0o755)
    project.mkdir(parents=True)
    (project / "secret").write_text("")
    (project / "secret").chmod(0)

    def look() -> None:
        Workspace(closed / "workspace", closed / ".labs").edits(LAB)

    with pytest.raises(Trouble) as told:
        as_ordinary_user(look)
    assert str(told.value).startswith(f"{project / 'secret'} cannot be used: Permission denied.")


def test_a_lab_that_is_held_elsewhere_is_waited_for(workspace: Workspace) -> None:
    told = []
    with workspace.held(LAB) as first:

        def wait() -> None:
            told.append("waiting")
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), workspace.held(LAB, wait):
            pass
        assert first.scratch.is_dir()
    assert told == ["waiting"]
    with workspace.held(LAB, wait) as again:
        assert not again.cut_off


def test_what_a_killed_command_left_to_work_in_is_swept_and_told(workspace: Workspace) -> None:
    with workspace.held(LAB) as hold:
        left = hold.scratch
    left.mkdir(parents=True)
    (left / "copy").write_text("")
    with workspace.held(LAB) as hold:
        assert hold.cut_off
        assert list(hold.scratch.iterdir()) == []
    assert not left.exists()


def test_a_run_that_was_cut_off_is_known_by_what_it_left(
    workspace: Workspace, loaded: Path
) -> None:
    assert not workspace.was_cut_off(LAB)
    workspace.begin(LAB)
    (loaded / "new.py").write_text("")
    assert workspace.was_cut_off(LAB)
    assert not workspace.is_loaded(LAB)
    assert workspace.edits(LAB) == ["new.py"]


def test_a_page_that_did_not_end_is_not_loaded_but_has_no_edits(
    workspace: Workspace, loaded: Path
) -> None:
    workspace.finish(LAB, "mark", {}, whole=False)
    assert not workspace.is_loaded(LAB)
    assert workspace.edits(LAB) == []


def test_names_that_are_no_text_are_edits_like_any_other(
    workspace: Workspace, loaded: Path
) -> None:
    odd = os.fsdecode(b"gr\xfcn.txt")
    (loaded / odd).write_text("")
    workspace.finish(LAB, "mark", {})
    assert workspace.edits(LAB) == []
    (loaded / odd).write_text("mine")
    assert workspace.edits(LAB) == [odd]
