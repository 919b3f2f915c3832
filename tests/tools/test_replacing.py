"""Two renders of one stack at the same time leave one of them, whole."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tools.render.replacing import replace_file, replaced_folder

WRITERS, ROUNDS, FILES = 6, 20, 5


def _at_once(write: Callable[[str], None]) -> None:
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, [f"{writer}" for _ in range(ROUNDS) for writer in range(WRITERS)]))


def test_a_folder_is_that_of_one_writer_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    def write(text: str) -> None:
        with replaced_folder(tmp_path / "manifests") as folder:
            for number in range(FILES):
                (folder / f"{number}.yaml").write_text(text)

    _at_once(write)
    texts = [path.read_text() for path in (tmp_path / "manifests").iterdir()]
    assert len(texts) == FILES
    assert len(set(texts)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["manifests"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "stack" / "graph.json"
    long = 200_000
    replace_file(path, "0" * long)

    def write(text: str) -> None:
        replace_file(path, text * long)
        read = path.read_text()
        assert (len(read), len(set(read))) == (long, 1)

    _at_once(write)
    assert [entry.name for entry in path.parent.iterdir()] == ["graph.json"]


def test_what_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "old.yaml").write_text("old")

    def fail() -> None:
        with replaced_folder(tmp_path / "manifests") as folder:
            (folder / "new.yaml").write_text("new")
            message = "two objects of one name"
            raise ValueError(message)

    with pytest.raises(ValueError, match="one name"):
        fail()
    assert [path.name for path in tmp_path.rglob("*")] == ["manifests", "old.yaml"]


def test_a_file_in_the_place_of_the_folder_is_an_error_and_no_endless_loop(tmp_path: Path) -> None:
    (tmp_path / "manifests").write_text("a file")

    def write() -> None:
        with replaced_folder(tmp_path / "manifests"):
            pass

    with pytest.raises(NotADirectoryError):
        write()
