"""Atomic writing and hashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_sdk.errors import EdgeSdkError
from edge_sdk.files import atomic_path, check_place, remove_parts, sha256


def write_half(target: Path, error: BaseException) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error


def test_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "mask.nii.gz"
    with atomic_path(target) as temporary:
        assert temporary.name.endswith("mask.nii.gz")
        temporary.write_text("done")
        assert not target.exists()
    assert target.read_text() == "done"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_a_file_gets_the_mode_of_any_new_file(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "weights.safetensors") as temporary:
            temporary.touch(mode=0o600)  # as safetensors does
    finally:
        os.umask(before)
    assert (tmp_path / "weights.safetensors").stat().st_mode & 0o777 == mode
    assert [path.name for path in tmp_path.iterdir()] == ["weights.safetensors"]


def test_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "mask.mha"
    target.write_text("old")
    with pytest.raises(ValueError, match="stop"):
        write_half(target, ValueError("stop"))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_error_removes_the_folders_that_were_made(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_half(tmp_path / "a" / "b" / "c.txt", KeyboardInterrupt())
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    for name in (".part-0123abcd-a.pt", ".part-0123abcd-b.json", ".part-mine", "a.pt"):
        (tmp_path / name).touch()
    remove_parts(tmp_path / "a.pt")
    assert {path.name for path in tmp_path.iterdir()} == {".part-0123abcd-b.json", ".part-mine", "a.pt"}
    remove_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".part-mine", "a.pt"}


def test_directory_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "p.edgepkg"
    target.mkdir()
    (target / "stale").write_text("x")
    with atomic_path(target, replace_directory=True) as temporary:
        temporary.mkdir()
        (temporary / "fresh").write_text("y")
    assert [item.name for item in target.iterdir()] == ["fresh"]
    assert list(tmp_path.iterdir()) == [target]


def test_parent_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(EdgeSdkError, match=r"cannot be written .*writable place"),
        atomic_path(tmp_path / "file" / "x.mha"),
    ):
        pass


def test_directory_with_files_is_kept_unless_told(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis").write_text("x")
    with (
        pytest.raises(EdgeSdkError, match="directory is in the way"),
        atomic_path(tmp_path / "home") as temporary,
    ):
        temporary.mkdir()
    assert (tmp_path / "home" / "thesis").read_text() == "x"


def test_file_does_not_replace_a_directory(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with (
        pytest.raises(EdgeSdkError, match="directory is in the way"),
        atomic_path(tmp_path / "out") as temporary,
    ):
        temporary.write_text("x")
    assert [item.name for item in tmp_path.iterdir()] == ["out"]


def test_sha256_of_a_known_text(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_error_names_the_output_not_the_temporary_file() -> None:
    target = Path("/proc/x.mha")
    with pytest.raises(EdgeSdkError, match=r"^/proc/x\.mha: cannot be written"), atomic_path(target) as temporary:
        temporary.write_text("x")


def test_place_is_checked_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeSdkError, match="a directory is in the way"):
        check_place(tmp_path)
    for unwritable in (tmp_path / "file" / "x.mha", Path("/proc/x.mha")):
        with pytest.raises(EdgeSdkError, match=r"x\.mha: cannot be written"):
            check_place(unwritable)
    check_place(tmp_path / "new" / "x.mha")
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("output", "read", "refused"),
    [
        ("a.mha", "a.mha", "a.mha"),
        ("link.mha", "a.mha", "link.mha"),
        ("folder/../a.mha", "a.mha", "a.mha"),
        ("a.nhdr", "a.mhd", "a.raw"),
        ("b.mha", "a.mha", None),
        ("a.nii", "a.mha", None),
        ("a.mha", "absent.mha", None),
    ],
)
def test_no_output_replaces_what_is_read(tmp_path: Path, output: str, read: str, refused: str | None) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("a.mha", "a.mhd", "a.raw"):
        (tmp_path / name).write_text("measured")
    (tmp_path / "link.mha").symlink_to(tmp_path / "a.mha")
    if refused is None:
        check_place(tmp_path / output, inputs=[None, tmp_path / read])
    else:
        with pytest.raises(EdgeSdkError, match=rf"{refused}: is an input"):
            check_place(tmp_path / output, inputs=[None, tmp_path / read])
