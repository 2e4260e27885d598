"""Downloads: whole, verified, resumed; else nothing but a message that says what to do."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket

import pytest

from coursekit.data import DownloadError
from coursekit.data._download import Remote, fetch, forget_checksum

CONTENT = bytes(range(256)) * 400
SHA256 = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Make what a break loses, at most one chunk, nothing at all."""
    monkeypatch.setattr("coursekit.data._download._CHUNK", 100)


@pytest.fixture(params=["http", "ftp"])
def server(request):
    chosen = request.getfixturevalue(f"{request.param}_files")
    chosen.files["set.bin"] = CONTENT
    return chosen


@pytest.mark.parametrize("checksum", [SHA256, "md5:" + hashlib.md5(CONTENT).hexdigest()])
def test_a_file_comes_whole_and_alone(server, tmp_path, checksum):
    path = fetch(Remote(server.url("set.bin"), checksum), tmp_path / "a" / "b", progress=False)
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["set.bin"]


def test_a_file_that_is_there_is_not_asked_for(server, tmp_path):
    (tmp_path / "set.bin").write_bytes(CONTENT)
    fetch(Remote(server.url("set.bin"), SHA256), tmp_path)
    assert server.asked == []


def test_a_wrong_checksum_leaves_nothing(server, tmp_path):
    remote = Remote(server.url("set.bin"), "sha256:" + "0" * 64)
    with pytest.raises(DownloadError, match=r"^set\.bin: expected a download from .*0{64} but got"):
        fetch(remote, tmp_path, progress=False)
    assert names(tmp_path) == []


def test_a_damaged_file_that_is_there_is_named_and_kept(server, tmp_path):
    (tmp_path / "set.bin").write_bytes(b"else")
    got = hashlib.sha256(b"else").hexdigest()
    path = re.escape(str(tmp_path / "set.bin"))
    message = (
        rf"^{path}: expected {SHA256}, got sha256:{got}; delete the file to download it again$"
    )
    with pytest.raises(ValueError, match=message):
        fetch(Remote(server.url("set.bin"), SHA256), tmp_path)
    assert names(tmp_path) == ["set.bin"]


def test_a_truncated_body_is_kept_and_resumed(server, tmp_path):
    remote = Remote(server.url("set.bin"), SHA256)
    server.cut = 1000
    for kept in (1000, 2000):
        with pytest.raises(DownloadError, match=r"; call again to go on where it stopped, or get"):
            fetch(remote, tmp_path, progress=False)
        assert not (tmp_path / "set.bin").exists()
        assert (tmp_path / "set.bin.part").read_bytes() == CONTENT[:kept]
    server.cut = None
    assert fetch(remote, tmp_path, progress=False).read_bytes() == CONTENT
    assert names(tmp_path) == ["set.bin"]
    asked = str(server.asked)
    assert ("bytes=2000-" in asked) or ("REST 2000" in asked)


def test_a_server_without_ranges_starts_over(http_files, tmp_path):
    http_files.files["set.bin"] = CONTENT
    http_files.ranges = False
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:500])
    path = fetch(Remote(http_files.url("set.bin"), SHA256), tmp_path, progress=False)
    assert path.read_bytes() == CONTENT


def test_a_file_that_changed_on_the_server_is_not_glued_to_its_old_half(http_files, tmp_path):
    http_files.files["set.bin"] = bytes(CONTENT[::-1])
    http_files.cut = 1000
    remote = Remote(http_files.url("set.bin"))
    with pytest.raises(DownloadError):
        fetch(remote, tmp_path, progress=False)
    http_files.files["set.bin"], http_files.etag, http_files.cut = CONTENT, '"v2"', None
    assert fetch(remote, tmp_path, progress=False).read_bytes() == CONTENT
    assert http_files.asked[-1][1] == "bytes=1000-"


def test_a_partial_file_that_is_too_long_is_dropped(http_files, tmp_path):
    http_files.files["set.bin"] = CONTENT
    (tmp_path / "set.bin.part").write_bytes(CONTENT + b"more")
    path = fetch(Remote(http_files.url("set.bin"), SHA256), tmp_path, progress=False)
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == ["set.bin"]


def test_an_archive_comes_as_it_is_stored(http_files, tmp_path):
    archive = http_files.files["set.tgz"] = gzip.compress(CONTENT)
    http_files.headers["Content-Encoding"] = "x-gzip"  # as some servers say of every .tgz
    (tmp_path / "set.tgz.part").write_bytes(archive[:100])
    path = fetch(Remote(http_files.url("set.tgz")), tmp_path, progress=False)
    assert path.read_bytes() == archive


def test_a_file_that_moved_is_followed_and_resumed(http_files, tmp_path):
    http_files.files["new/set.bin"] = CONTENT
    http_files.moved["set.bin"] = "new/set.bin"
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:500])
    path = fetch(Remote(http_files.url("set.bin"), SHA256), tmp_path, progress=False)
    assert path.read_bytes() == CONTENT
    assert http_files.asked[-1] == ("/new/set.bin", "bytes=500-")


@pytest.mark.parametrize("given", ["bytes 0-9/*", "bytes 7-102399/102400", "nonsense"])
def test_a_range_that_was_not_asked_for_is_refused_and_not_kept(http_files, tmp_path, given):
    http_files.files["set.bin"] = CONTENT
    http_files.headers["Content-Range"] = given
    (tmp_path / "set.bin.part").write_bytes(CONTENT[:500])
    with pytest.raises(DownloadError, match=rf"got the range '{re.escape(given)}'; get the file"):
        fetch(Remote(http_files.url("set.bin"), SHA256), tmp_path, progress=False)
    assert names(tmp_path) == []


def test_a_missing_file_says_what_to_put_where(server, tmp_path):
    url = server.url("gone.bin")
    message = (
        rf"^gone\.bin: expected a download from {re.escape(url)}, got .*(404|550).*; get the "
        rf"file by other means and put it at "
        rf"{re.escape(str(tmp_path / 'gone.bin'))}$"
    )
    with pytest.raises(DownloadError, match=message):
        fetch(Remote(url), tmp_path, progress=False)
    assert names(tmp_path) == []


@pytest.mark.parametrize("scheme", ["http", "ftp"])
def test_no_network_says_what_to_put_where(tmp_path, scheme):
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]  # nobody listens here any more
    url = f"{scheme}://127.0.0.1:{port}/set.bin"
    with pytest.raises(DownloadError, match=rf"{re.escape(url)}.*put it at .*set\.bin$"):
        fetch(Remote(url, SHA256), tmp_path, progress=False)
    assert names(tmp_path) == []


def test_the_first_download_fixes_an_unpublished_checksum(server, tmp_path):
    remote = Remote(server.url("set.bin"))
    path = fetch(remote, tmp_path, progress=False)
    assert (tmp_path / "set.bin.sha256").read_text() == f"{SHA256}\n"
    path.unlink()
    server.files["set.bin"] = b"another file"
    with pytest.raises(DownloadError, match=r"does not match"):
        fetch(remote, tmp_path, progress=False)
    path.write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"delete the file to download it again$"):
        fetch(remote, tmp_path)


def test_a_file_put_there_by_hand_fixes_it_too(tmp_path):
    (tmp_path / "set.bin").write_bytes(CONTENT)
    fetch(Remote("http://127.0.0.1:1/set.bin"), tmp_path)
    assert (tmp_path / "set.bin.sha256").read_text() == f"{SHA256}\n"


def test_a_recorded_checksum_can_be_taken_back(server, tmp_path):
    remote = Remote(server.url("set.bin"))
    fetch(remote, tmp_path, progress=False).unlink()
    forget_checksum(remote, tmp_path)
    server.files["set.bin"] = b"another file"
    assert fetch(remote, tmp_path, progress=False).read_bytes() == b"another file"


def test_a_bar_is_drawn_where_it_is_wanted(server, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("coursekit.data._download._DELAY", 0)
    fetch(Remote(server.url("set.bin"), SHA256), tmp_path / "loud")
    assert "set.bin: 100%" in capsys.readouterr().err
    fetch(Remote(server.url("set.bin"), SHA256), tmp_path / "quiet", progress=False)
    assert "%" not in capsys.readouterr().err
