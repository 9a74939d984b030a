"""`satchel://`: what fsspec's own suite does not look at, and pandas, pyarrow and zarr on it."""

from __future__ import annotations

import errno
import pickle
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from satchel.files import FileWriter
from satchel.files.filesystem import SatchelFileSystem


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "app.db")


@pytest.fixture
def fs(path: str) -> Iterator[SatchelFileSystem]:
    fs = fsspec.filesystem("satchel", path=path, skip_instance_cache=True)
    yield fs
    fs.close()


def test_it_is_registered(path: str) -> None:
    fs = fsspec.filesystem("satchel", path=path)
    assert isinstance(fs, SatchelFileSystem)
    assert fsspec.filesystem("satchel", path=path) is fs


def test_urls(path: str) -> None:
    with fsspec.open("satchel://a/b.txt", "wb", path=path) as file:
        file.write(b"hello")
    with fsspec.open(f"satchel://a/b.txt::{path}", "rb") as file:
        assert file.read() == b"hello"
    with fsspec.open(f"satchel:///a/b.txt::file://{path}", "rt") as file:
        assert file.read() == "hello"
    fs, inner = fsspec.url_to_fs(f"satchel://a::{path}")
    assert fs.ls(inner, detail=False) == ["a/b.txt"]
    assert fs.unstrip_protocol("a/b.txt") == "satchel://a/b.txt"
    for wrong in ("satchel://a", "satchel://a::memory://x"):
        with pytest.raises(ValueError, match="database"):
            fsspec.url_to_fs(wrong)


def test_relative_paths_follow_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        fs = fsspec.filesystem("satchel", path="app.db")
        assert not fs.exists("a")
        fs.pipe("a", name.encode())
    assert fs.cat("a") == b"two"


def test_databases_and_buckets(path: str) -> None:
    for options in ({}, {"database": "other"}, {"bucket": "b"}, {"database": "other", "bucket": "b"}):
        fs = fsspec.filesystem("satchel", path=path, **options)
        assert fs.ls("") == []
        fs.pipe("a", b"x")


def test_encrypted(path: str) -> None:
    fs = fsspec.filesystem("satchel", path=path, encryption_key="secret")
    fs.pipe("a", b"plain text")
    assert fs.cat("a") == b"plain text"
    assert b"plain text" not in Path(path).read_bytes()


def test_what_is_known(fs: SatchelFileSystem) -> None:
    with fs.open("d/a.csv", "wb", metadata={"k": 1}) as file:
        file.write(b"1,2")
    info = fs.info("d/a.csv")
    assert (info["name"], info["size"], info["type"]) == ("d/a.csv", 3, "file")
    assert (info["content_type"], info["metadata"]) == ("text/csv", {"k": 1})
    assert (fs.isdir("d"), fs.isfile("d"), fs.exists("d/b"), fs.isdir("")) == (True, False, False, True)
    assert fs.created("d/a.csv").tzinfo is not None
    assert fs.modified("d/a.csv") >= fs.created("d/a.csv")
    assert fs.ukey("d/a.csv") == info["sha256"]
    assert fs.checksum("d/a.csv") == int(info["sha256"], 16)
    with pytest.raises(FileNotFoundError):
        fs.info("none")
    with pytest.raises(FileNotFoundError):
        fs.ls("none")


def test_folders(fs: SatchelFileSystem) -> None:
    fs.mkdir("a/b")
    with pytest.raises(FileExistsError):
        fs.mkdir("a/b")
    with pytest.raises(FileNotFoundError):
        fs.mkdir("c/d", create_parents=False)
    fs.makedirs("a/b", exist_ok=True)
    fs.makedirs("", exist_ok=True)
    fs.touch("a/empty")
    assert fs.cat("a/empty") == b""
    assert fs.ls("a", detail=False) == ["a/b", "a/empty"]
    assert fs.ls("a/empty", detail=False) == ["a/empty"]
    with pytest.raises(OSError, match="not empty"):
        fs.rmdir("a")
    with pytest.raises(OSError, match="not empty") as caught:
        fs.rm("a")
    assert caught.value.errno == errno.ENOTEMPTY
    with pytest.raises(FileNotFoundError):
        fs.rm("none")
    fs.rm("a", recursive=True)
    assert fs.ls("") == []


def test_pages_of_a_folder(fs: SatchelFileSystem) -> None:
    names = [f"d/{number:03}" for number in range(25)]
    fs.pipe(dict.fromkeys(names, b"x"))
    found: list[str] = []
    while page := fs.ls("d", detail=False, after=found[-1][2:] if found else None, limit=10):
        assert len(page) <= 10
        found += page
    assert found == names


def test_finding(fs: SatchelFileSystem) -> None:
    for name in ("a.txt", "d/b.txt", "d/e/c.txt", "d/e/c.csv", "d0.txt", "Grüße/☃ ?.txt"):
        fs.pipe(name, name.encode())
    assert fs.find("") == ["Grüße/☃ ?.txt", "a.txt", "d/b.txt", "d/e/c.csv", "d/e/c.txt", "d0.txt"]
    assert fs.find("d") == ["d/b.txt", "d/e/c.csv", "d/e/c.txt"]
    assert fs.find("d", maxdepth=1, withdirs=True) == ["d", "d/b.txt", "d/e"]
    assert fs.find("a.txt") == ["a.txt"]
    assert fs.find("d", detail=True)["d/b.txt"]["size"] == 7
    assert fs.glob("**/*.txt") == ["Grüße/☃ ?.txt", "a.txt", "d/b.txt", "d/e/c.txt", "d0.txt"]
    assert fs.glob("d/*/*.csv") == ["d/e/c.csv"]
    assert fs.cat("Grüße/☃ ?.txt") == "Grüße/☃ ?.txt".encode()
    assert fs.du("d") == 25
    assert fs.cat(["a.txt", "d0.txt"]) == {"a.txt": b"a.txt", "d0.txt": b"d0.txt"}


def test_moving(fs: SatchelFileSystem) -> None:
    fs.pipe({"a": b"a", "d/x": b"x", "d/y/z": b"z"})
    fs.mv("a", "b")
    assert (fs.cat("b"), fs.exists("a")) == (b"a", False)
    fs.mv("b", "d")
    assert (fs.cat("d/b"), fs.exists("b")) == (b"a", False)
    fs.pipe({"only": b"o", "e/x": b""})
    fs.mv("onl?", "d")
    fs.mv("d", "e", recursive=True)
    assert fs.find("") == ["e/d/b", "e/d/only", "e/d/x", "e/d/y/z", "e/x"]
    fs.mv("e/d", "moved", recursive=True)
    assert (fs.find("moved"), fs.exists("e/d")) == (["moved/b", "moved/only", "moved/x", "moved/y/z"], False)


def test_ranges(fs: SatchelFileSystem) -> None:
    content = random.Random(1).randbytes(1_000_000)
    fs.pipe("a", content)
    for start, end in ((0, 10), (300_000, 300_010), (-10, None), (None, 5), (5, -5), (10, 5), (0, 2_000_000)):
        assert fs.cat_file("a", start, end) == content[start:end]
    assert fs.cat_ranges(["a", "a"], [1, 500_000], [5, 500_005]) == [content[1:5], content[500_000:500_005]]
    assert (fs.head("a", 10), fs.tail("a", 10)) == (content[:10], content[-10:])
    assert fs.read_block("a", 100, 10) == content[100:110]


def test_writing(fs: SatchelFileSystem) -> None:
    with fs.open("a", "w", encoding="latin-1", newline="\r\n") as text:
        text.write("Grüße\nzwei")
        assert not fs.exists("a")
    assert fs.cat("a").decode("latin-1") == "Grüße\r\nzwei"
    with fs.open("a", "r", encoding="latin-1") as text:
        assert text.read() == "Grüße\nzwei"
    fs.write_text("b", "one")
    with fs.open("b", "a") as text:
        text.write(" two")
    assert fs.read_text("b") == "one two"
    with fs.open("c.gz", "wb", compression="infer") as file:
        file.write(b"x" * 1000)
    with fs.open("c.gz", "rb", compression="infer") as file:
        assert file.read() == b"x" * 1000
    with pytest.raises(ValueError, match="mode"):
        fs.open("a", "r+b")


@pytest.mark.parametrize("compression", [None, "gzip", "bz2", "zip"])
@pytest.mark.parametrize("mode", ["w", "wb"])
def test_a_block_that_fails_stores_nothing(fs: SatchelFileSystem, mode: str, compression: str | None) -> None:
    fs.pipe("a", b"old")
    with pytest.raises(ZeroDivisionError):
        write_and_fail(fs, mode, compression)
    file = fs.open("a", mode, compression=compression)
    file.write("new" if mode == "w" else b"new")
    del file
    assert fs.cat("a") == b"old"
    with fs.open("a", mode, compression=compression) as file:
        file.write("new" if mode == "w" else b"new")
    with fs.open("a", "rb", compression=compression) as file:
        assert file.read() == b"new"


def write_and_fail(fs: SatchelFileSystem, mode: str, compression: str | None) -> None:
    with fs.open("a", mode, compression=compression) as file:
        file.write("new" if mode == "w" else b"new")
        raise ZeroDivisionError


def write_two(fs: SatchelFileSystem, *, fail: bool) -> None:
    with fs.transaction:
        for name in ("a", "b"):
            with fs.open(name, "wb") as file:
                assert isinstance(file, FileWriter)
                file.write(b"new")
            assert fs.cat(name) == b"old"
        if fail:
            raise ZeroDivisionError


def test_transactions_of_fsspec(fs: SatchelFileSystem) -> None:
    fs.pipe({"a": b"old", "b": b"old"})
    with pytest.raises(ZeroDivisionError):
        write_two(fs, fail=True)
    assert fs.cat(["a", "b"]) == {"a": b"old", "b": b"old"}
    write_two(fs, fail=False)
    assert fs.cat(["a", "b"]) == {"a": b"new", "b": b"new"}


def test_pickling(fs: SatchelFileSystem) -> None:
    fs.pipe("a", b"x")
    assert pickle.loads(pickle.dumps(fs)).cat("a") == b"x"
    mapper = fs.get_mapper("m")
    mapper["k/l"] = b"v"
    assert (dict(pickle.loads(pickle.dumps(mapper))), fs.cat("m/k/l")) == ({"k/l": b"v"}, b"v")


def test_pandas(path: str) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"n": range(1000), "text": [f"Zeile {number} ü" for number in range(1000)]})
    options: dict[str, Any] = {"storage_options": {"path": path}}
    frame.to_csv("satchel://t/a.csv", index=False, **options)
    frame.to_csv("satchel://t/a.csv.gz", index=False, **options)
    frame.to_parquet("satchel://t/a.parquet", **options)
    frame.to_json("satchel://t/a.json", orient="records", lines=True, **options)
    for read in (
        pandas.read_csv("satchel://t/a.csv", **options),
        pandas.read_csv(f"satchel://t/a.csv::{path}"),
        pandas.read_csv("satchel://t/a.csv.gz", **options),
        pandas.read_parquet("satchel://t/a.parquet", **options),
        pandas.read_json("satchel://t/a.json", orient="records", lines=True, **options),
    ):
        pandas.testing.assert_frame_equal(read, frame)
    columns = pandas.read_parquet("satchel://t/a.parquet", columns=["n"], **options)
    assert list(columns.columns) == ["n"]


def test_pyarrow(fs: SatchelFileSystem) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    dataset = pytest.importorskip("pyarrow.dataset")
    table = pyarrow.table({"year": [2024, 2024, 2025, 2025], "n": [1, 2, 3, 4]})
    dataset.write_dataset(table, "data", format="parquet", partitioning=["year"], filesystem=fs)
    assert len(fs.find("data")) == 2
    found = dataset.dataset("data", format="parquet", partitioning=["year"], filesystem=fs)
    assert sorted(found.to_table()["n"].to_pylist()) == [1, 2, 3, 4]
    assert found.to_table(filter=dataset.field("year") == 2025)["n"].to_pylist() == [3, 4]
    dataset.write_dataset(
        table,
        "data",
        format="parquet",
        partitioning=["year"],
        filesystem=fs,
        existing_data_behavior="delete_matching",
    )
    assert found.count_rows() == 4


def test_zarr(fs: SatchelFileSystem, path: str) -> None:
    zarr = pytest.importorskip("zarr", reason="zarr is not installed")
    numpy = pytest.importorskip("numpy")
    values = numpy.arange(10_000).reshape(100, 100)
    group = zarr.open_group("satchel://z", mode="w", storage_options={"path": path})
    array = group.create_array("a", shape=values.shape, chunks=(30, 30), dtype=values.dtype)
    array[:] = values
    array.attrs["unit"] = "m"
    again = zarr.open_group("satchel://z", mode="r", storage_options={"path": path})
    assert (again["a"][10:20, 95] == values[10:20, 95]).all()
    assert (again["a"][:] == values).all()
    assert again["a"].attrs["unit"] == "m"
    assert "z/a/zarr.json" in fs.find("z")
