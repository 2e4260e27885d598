"""Archives and pickles of others: extracted whole or not at all, and never trusted."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import re
import shutil
import tarfile

import numpy as np
import pytest

from coursekit.data._archives import read_pickle, unpack


def member(name, content=b"pixels", **fields):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, io.BytesIO(content)


def archive_of(path, *members):
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, content)
    return path


def test_files_and_folders_come_out(tmp_path):
    archive = archive_of(
        tmp_path / "a.tgz",
        member("jpg", b"", type=tarfile.DIRTYPE),
        member("jpg/1.jpg", b"one"),
        member("./deep/er/2.jpg", b"two"),
    )
    target = unpack(archive, tmp_path / "out", progress=False)
    found = {str(p.relative_to(target)): p.read_bytes() for p in target.rglob("*.jpg")}
    assert found == {"jpg/1.jpg": b"one", "deep/er/2.jpg": b"two"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tgz", "out"]


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / "out").mkdir()
    assert unpack(tmp_path / "gone.tgz", tmp_path / "out") == tmp_path / "out"


def refused(tmp_path, archive, message):
    with pytest.raises(ValueError, match=f"^{re.escape(str(archive))}: {message}"):
        unpack(archive, tmp_path / "in" / "out", progress=False)
    left = {p for p in tmp_path.rglob("*") if p.is_file()} - {archive}
    assert left == set()
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["../evil.jpg", "jpg/../../evil.jpg", "/evil.jpg", "C:evil.jpg", "a\\..\\..\\evil.jpg"]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path, name):
    archive = archive_of(tmp_path / "a.tgz", member("good.jpg"), member(name))
    message = rf"expected names within the archive, got {re.escape(repr(name))}$"
    refused(tmp_path, archive, message)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_are_refused(tmp_path, kind):
    link = member("link.jpg", b"", type=kind, linkname="/etc/passwd")
    archive = archive_of(tmp_path / "a.tgz", member("good.jpg"), link)
    refused(tmp_path, archive, r"expected files and folders, got 'link\.jpg', ")


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_truncated_archive_leaves_nothing(tmp_path, share):
    noise = np.random.default_rng(0).bytes(50_000)
    whole = archive_of(tmp_path / "a.tgz", *(member(f"{i}.jpg", noise) for i in range(3)))
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    refused(tmp_path, whole, "expected a whole archive, got: ")


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
def test_a_flipped_bit_leaves_nothing(tmp_path, at):
    noise = np.random.default_rng(0).bytes(50_000)
    archive = archive_of(tmp_path / "a.tgz", member("1.jpg", noise))
    content = bytearray(archive.read_bytes())
    content[int(at * len(content))] ^= 16
    archive.write_bytes(content)
    refused(tmp_path, archive, "expected a whole archive, got: ")


# mtime: gzip writes the second of the day, and two workers would collect two different tests.
@pytest.mark.parametrize(
    "content",
    [b"", b"<html>moved</html>", gzip.compress(b"no tar" * 200, mtime=0)],
    ids=["empty", "page", "gzip of no tar"],
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    archive = tmp_path / "a.tgz"
    archive.write_bytes(content)
    refused(tmp_path, archive, "expected a whole archive, got: ")


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_an_interrupted_extraction_leaves_nothing(tmp_path, monkeypatch, error):
    def stop(source, target):
        target.write(source.read(2))
        raise error

    archive = archive_of(tmp_path / "a.tgz", member("1.jpg"))
    monkeypatch.setattr(shutil, "copyfileobj", stop)
    with pytest.raises(error if isinstance(error, type) else OSError):
        unpack(archive, tmp_path / "out", progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tgz"]


def pickled(tmp_path, content):
    path = tmp_path / "gnd.pkl"
    path.write_bytes(content)
    return path


PLAIN = {"imlist": ["a", "b"], "gnd": [{"bbx": [1.5, 2.0], "n": 3, "none": None, "ok": True}]}


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_plain_data_is_read(tmp_path, protocol):
    assert read_pickle(pickled(tmp_path, pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_arrays_and_scalars_are_read(tmp_path, protocol):
    arrays = [np.arange(3), np.array([["x"]]), np.float64(2.5), np.zeros(0, dtype=np.int64)]
    read = read_pickle(pickled(tmp_path, pickle.dumps(arrays, protocol)))
    for got, expected in zip(read, arrays, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_arrays_of_an_older_numpy_are_read(tmp_path):
    content = pickle.dumps(np.arange(3), 2).replace(b"numpy._core.", b"numpy.core.")
    assert b"numpy.core.multiarray" in content
    np.testing.assert_array_equal(read_pickle(pickled(tmp_path, content)), [0, 1, 2])


def test_strings_of_python_2_are_read(tmp_path):
    assert read_pickle(pickled(tmp_path, b"(dp0\nS'imlist'\np1\n(lp2\nS'caf\\xe9'\np3\nas.")) == {
        "imlist": ["café"]
    }


class Malicious:
    def __reduce__(self):
        return os.mkdir, ("hacked",)


@pytest.mark.parametrize(
    ("content", "reference"),
    [
        (pickle.dumps([Malicious()]), r"posix\.mkdir|nt\.mkdir"),
        (b"cos\nsystem\n(S'exit 1'\ntR.", r"os\.system"),
        (b"cbuiltins\neval\n(S'1'\ntR.", r"builtins\.eval"),
        (b"(S'exit 1'\nios\nsystem\n.", r"os\.system"),
        (b"cnumpy\nload\n.", r"numpy\.load"),
        (b"c_codecs\ndecode\n.", r"_codecs\.decode"),
        (b"cnumpy\nndarray.tofile\n.", r"numpy\.ndarray\.tofile"),
    ],
)
def test_a_malicious_pickle_is_refused_before_it_acts(tmp_path, monkeypatch, content, reference):
    monkeypatch.chdir(tmp_path)
    message = rf"gnd\.pkl: expected a pickle of plain data, got: a reference to ({reference})$"
    with pytest.raises(ValueError, match=message):
        read_pickle(pickled(tmp_path, content))
    assert not (tmp_path / "hacked").exists()


def test_no_codec_but_the_harmless_one_is_run(tmp_path):
    content = b"c_codecs\nencode\n(Vx\nVzip\ntR."
    with pytest.raises(ValueError, match=r"plain data, got: the encoding 'zip'$"):
        read_pickle(pickled(tmp_path, content))


@pytest.mark.parametrize("content", [b"", b"<html>", b"\x80\x04]", pickle.dumps(PLAIN)[:-20]])
def test_what_is_no_pickle_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r"gnd\.pkl: expected a pickle of plain data, got: "):
        read_pickle(pickled(tmp_path, content))
