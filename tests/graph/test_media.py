"""Pictures are found by the name of their folder, and nothing else is taken for one."""

from __future__ import annotations

import os

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
