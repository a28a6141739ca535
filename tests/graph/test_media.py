"""Pictures are found by the name of their folder, and nothing else is taken for one."""

from __future__ import annotations

import os
from pathlib import Path

from mygo_cli.folders import world_folder
from mygo_cli.graph.media import folder_name, list_pictures
from mygo_cli.graph.reading import read_graph


def put(images, *paths):
    for path in paths:
        (images / path).parent.mkdir(parents=True, exist_ok=True)
        (images / path).write_bytes(b"x")


def test_natural_order_and_endings(tmp_path):
    put(tmp_path, "a/10.png", "a/2.JPG", "a/1.jpeg", "a/b.WebP", "a/c.svg", "a/d.tiff")
    put(tmp_path, "a/notes.txt", "a/.hidden.png", "a/Thumbs.db", "a/sub/3.png")
    found = list_pictures(tmp_path, ["a", "b"])
    assert found.pictures == (
        ("a/1.jpeg", "a/2.JPG", "a/10.png", "a/b.WebP", "a/c.svg", "a/d.tiff"),
        (),
    )
    assert found.unmatched == found.loose == found.unreadable == found.shared == ()


FIRST_BYTES = {
    "photo.jfif": b"\xff\xd8\xff\xe0",
    "google_0": b"\x89PNG\r\n\x1a\n",
    "x.avif": b"\0\0\0\x20ftypavif",
    "y.HEIC": b"\0\0\0\x18ftypheic",
    "b.1": b"BM\x36\x0c\0\0\0\0\0\0",
    "w": b"RIFF\x10\0\0\0WEBPVP8 ",
    "scan.big": b"MM\0*",
    "drawing": b"<svg xmlns",
}


def test_pictures_of_other_names_are_known_by_their_first_bytes(tmp_path):
    put(tmp_path, "a/sound", "a/Bmw.txt", "a/film.mp4", "a/none", "a/cut.png.part", "README")
    (tmp_path / "a" / "sound").write_bytes(b"RIFF\x10\0\0\0WAVEfmt ")
    (tmp_path / "a" / "Bmw.txt").write_bytes(b"BMW, a maker of cars")
    (tmp_path / "a" / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    (tmp_path / "a" / "none").write_bytes(b"")
    (tmp_path / "a" / "cut.png.part").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name, first in FIRST_BYTES.items():
        (tmp_path / "a" / name).write_bytes(first)
    (tmp_path / "loose").write_bytes(FIRST_BYTES["google_0"])
    found = list_pictures(tmp_path, ["a"])
    assert sorted(found.pictures[0]) == sorted(f"a/{name}" for name in FIRST_BYTES)
    assert found.loose == ("loose",)


def test_a_file_that_may_not_be_read_is_no_picture(tmp_path, monkeypatch):
    put(tmp_path, "a/1.png", "a/secret")

    def refuse(path, *_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert list_pictures(tmp_path, ["a"]).pictures == (("a/1.png",),)


def test_folders_inside_an_entitys_folder(tmp_path):
    put(tmp_path, "a/1.png", "a/more/2.png", "a/.git/x.png", "ghost/more/1.png")
    found = list_pictures(tmp_path, ["a"])
    assert found.pictures == (("a/1.png",),)
    assert found.deeper == ("a/more",)


def test_what_fits_nobody(tmp_path):
    put(tmp_path, "ghost/1.png", "loose.png", "README.md", ".git/1.png", "a/1.png")
    found = list_pictures(tmp_path, ["a"])
    assert (found.unmatched, found.loose) == (("ghost",), ("loose.png",))


def test_ids_with_slashes_and_dots(tmp_path):
    put(tmp_path, "m_02/1.png", ".NET/1.png", "北 京/1.png")
    entities = ["/m/02", "m/02", ".NET", "..", ".", "北 京"]
    found = list_pictures(tmp_path, entities)
    assert folder_name("m/02") == "m_02"
    assert found.pictures == ((), ("m_02/1.png",), (".NET/1.png",), (), (), ("北 京/1.png",))


def test_two_entities_for_one_folder(tmp_path):
    put(tmp_path, "a_b/1.png", "c_d/1.png")
    found = list_pictures(tmp_path, ["a/b", "a_b", "c/d", "c/d_"])
    assert found.pictures == ((), ("a_b/1.png",), ("c_d/1.png",), ())
    assert found.shared == (("a_b", ("a/b", "a_b")),)


def test_links(tmp_path):
    put(tmp_path, "a/1.png", "real/1.png")
    (tmp_path / "a" / "loop.png").symlink_to("loop.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "dangling.png").symlink_to("nothing.png")
    (tmp_path / "a" / "2.png").symlink_to("1.png")
    (tmp_path / "b").symlink_to("b")
    (tmp_path / "c").symlink_to("real")
    found = list_pictures(tmp_path, ["a", "b", "c", "real"])
    assert found.pictures == (("a/1.png", "a/2.png"), (), ("c/1.png",), ("real/1.png",))
    assert [path for path, _ in found.unreadable] == ["b", "a/loop.png"]


def test_a_name_that_is_not_utf8(tmp_path):
    put(tmp_path, "a/1.png")
    (tmp_path / "a" / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    found = list_pictures(tmp_path, ["a"])
    assert found.pictures == (("a/1.png",),)
    assert found.unreadable == (("a/\\xff.png", "Its name is not UTF-8"),)


def test_a_folder_that_may_not_be_listed(tmp_path, monkeypatch):
    put(tmp_path, "a/1.png", "b/1.png")
    scandir = os.scandir

    def refuse(path):
        if path == tmp_path / "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = list_pictures(tmp_path, ["a", "b"])
    assert found.pictures == ((), ("b/1.png",))
    assert found.unreadable == (("a", "Permission denied"),)


def test_no_folder_of_pictures(tmp_path):
    (tmp_path / "file").write_text("x")
    assert list_pictures(tmp_path / "nothing", ["a"]).pictures == ((),)
    assert list_pictures(tmp_path / "file", ["a"]).pictures == ((),)


def test_the_built_in_graph():
    graph = read_graph(world_folder())
    pictures = graph.pictures()
    assert sum(map(len, pictures)) == 652
    assert graph.picture_list.unmatched == ()
    assert all((graph.images / path).is_file() for path in pictures[graph.find_entity("Malta")])
