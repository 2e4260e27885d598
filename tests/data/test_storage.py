"""The data folder, and images that are made once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from coursekit.data._storage import cached_image, data_folder, written_whole

IMAGE = np.arange(600, dtype=np.uint8).reshape(10, 20, 3)


class Maker:
    """Makes the image and counts how often."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return IMAGE.copy()


def test_the_folder_is_what_the_variable_says(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "mine"))
    assert data_folder() == tmp_path / "mine"
    monkeypatch.setenv("COURSEKIT_DATA", "~/mine")
    assert data_folder() == Path.home() / "mine"


@pytest.mark.parametrize("value", [None, ""])
def test_without_the_variable_it_is_the_users_cache(monkeypatch, tmp_path, value):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("COURSEKIT_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("COURSEKIT_DATA", value)
    assert data_folder().parts[-1] == "coursekit"


def test_an_image_is_made_once(tmp_path):
    make = Maker()
    for _ in range(3):
        np.testing.assert_array_equal(cached_image(tmp_path / "a" / "x.npz", make), IMAGE)
    assert make.calls == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.npz"]


def test_an_image_from_the_cache_can_be_written_to(tmp_path):
    for _ in range(2):
        image = cached_image(tmp_path / "x.npz", Maker())
        image[:] = 0
    np.testing.assert_array_equal(cached_image(tmp_path / "x.npz", Maker()), IMAGE)


@pytest.mark.parametrize("at", [0, 5, 40, 200, 500, -30, -1])
def test_a_damaged_byte_never_shows(tmp_path, at):
    path = tmp_path / "x.npz"
    cached_image(path, Maker())
    content = bytearray(path.read_bytes())
    content[at] ^= 255
    path.write_bytes(content)
    np.testing.assert_array_equal(cached_image(path, Maker()), IMAGE)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", b"\x80\x04."])
def test_a_damaged_file_is_written_anew(tmp_path, content):
    path, make = tmp_path / "x.npz", Maker()
    path.write_bytes(content)
    for _ in range(2):
        np.testing.assert_array_equal(cached_image(path, make), IMAGE)
    assert make.calls == 1


def test_another_array_in_its_place_is_not_taken_for_it(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, other=IMAGE)
    np.testing.assert_array_equal(cached_image(path, Maker()), IMAGE)


def test_where_nothing_can_be_written_the_image_comes_all_the_same(tmp_path):
    (tmp_path / "file").touch()
    image = cached_image(tmp_path / "file" / "x.npz", Maker())  # a file is no folder
    np.testing.assert_array_equal(image, IMAGE)


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def stop(file, **_):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", stop)
    with pytest.raises(KeyboardInterrupt):
        cached_image(tmp_path / "x.npz", Maker())
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "x.txt"
    target.write_text("old")
    reader = tmp_path / "reader.txt"
    reader.hardlink_to(target)  # as a process that has the old file open sees it
    with written_whole(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert reader.read_text() == "old"


def test_a_draft_that_was_given_up_is_gone(tmp_path):
    def give_up():
        with written_whole(tmp_path / "x.txt") as draft:
            draft.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        give_up()
    assert list(tmp_path.iterdir()) == []
