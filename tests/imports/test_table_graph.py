"""What tables hold becomes facts, names, descriptions and pictures; the rest is counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tables import FACTS, HEADER, ITEMS, guess, item_rows, table, write_pictures

from mygo_cli.errors import DataError
from mygo_cli.imports.table_graph import Gathered, gather
from mygo_cli.imports.table_pictures import find_pictures
from mygo_cli.imports.table_reading import BETWEEN


def left_out(found: Gathered) -> dict[str, tuple[int, str]]:
    return {what: (count, example) for what, count, example in found.left_out.rows()}


def from_items(*rows: list[str]) -> Gathered:
    return gather(guess(table(HEADER, [*item_rows(), *rows], "items.csv")))


def test_facts_of_both_kinds():
    items = table(HEADER, item_rows(), "items.csv")
    found = gather(guess(table(["x", "y", "z"], FACTS), items))
    colours = [("c1", "Colour", "red"), ("c1", "Colour", "blue"), ("c2", "Colour", "red")]
    assert list(found.facts)[:3] == colours
    assert list(found.facts)[5:] == FACTS
    assert list(found.entities)[:3] == ["c1", "red", "blue"]
    assert found.names["c1"] == 'Chair "Ä"'
    assert found.texts["t2"] == [item_rows()[4][2]]
    assert [relation for _, relation, _ in found.examples] == ["Colour", "goes with", "made by"]
    assert left_out(found) == {"column of items.csv: numbers or dates": (1, "Price: 12.50")}


def test_rows_that_say_nothing():
    rows = [("a", "r", "b"), ("a", "r", "b"), ("a", "", "b"), ("", "r", "b"), ("b", "r", "c")]
    found = gather(guess(table(["head", "relation", "tail"], rows)))
    assert list(found.facts) == [("a", "r", "b"), ("b", "r", "c")]
    assert left_out(found) == {
        "fact that is there already": (1, "t.csv: a, r, b"),
        "row of t.csv with an empty cell": (2, "a, , b"),
    }


def test_items_in_several_rows_and_without_id():
    again = ["c1", "Other name", item_rows()[0][2], "c1_b.png", "green", ""]
    found = from_items(again, ["", "Nobody", "", "", "red", ""])
    assert found.names["c1"] == 'Chair "Ä"'
    assert found.texts["c1"] == [item_rows()[0][2]]
    assert [file for _, file in found.pictures["c1"]] == ["c1.png", "c1_b.png"]
    assert ("c1", "Colour", "green") in found.facts
    assert left_out(found)["another name of an item that has one"] == (1, "c1: Other name")
    assert left_out(found)["row of items.csv without sku"] == (1, ", Nobody, , , red,")


def test_labels_are_kept_byte_for_byte():
    heads = ['5" "x"', "Ü;|ü", "  \u3000".strip() or "\\", "{a: 1}", "é", "e\u0301", "#1", "'"]
    rows = [(head, "is\u00a0a", "👩\u200d🔬") for head in heads]
    found = gather(guess(table(["head", "relation", "tail"], rows)))
    assert list(found.facts) == rows


def test_line_breaks_become_blanks():
    found = gather(
        guess(table(["head", "relation", "tail"], [("a\r\n b", "r\t1", f"c{BETWEEN}d")]))
    )
    assert list(found.facts) == [("a b", "r 1", "c"), ("a b", "r 1", "d")]
    assert left_out(found)["line break or tab in a name, now a blank"][1] == "a b"


def test_rows_that_are_too_long():
    odd = table(["head", "relation", "tail"], FACTS)
    odd.too_long.append(["a", "b", "c"])
    found = gather(guess(odd))
    assert left_out(found)["row of t.csv with more cells than columns"] == (1, "a, b, c")


def test_no_fact_at_all():
    with pytest.raises(DataError, match=r"t\.csv: no fact is left\. Name columns with --head"):
        gather(guess(table(["id", "price"], [["a", "1"], ["b", "2"]])))


def names_of(pictures: dict[str, list[Path]]) -> dict[str, list[str]]:
    return {entity: [path.name for path in paths] for entity, paths in pictures.items()}


@pytest.fixture
def bare() -> Gathered:
    """Return entities without a column of pictures."""
    rows = [[*row[:3], *row[4:]] for row in item_rows()]
    return gather(guess(table([*HEADER[:3], *HEADER[4:]], rows, "items.csv")))


def test_pictures_in_one_folder(bare, tmp_path):
    files = ("c1.png", "c1_2.jpg", "c1 (3).png", "C2.PNG", "t1-b.png", "Café_chair-2.png")
    images = write_pictures(tmp_path, *files, "Cafe\u0301 chair.png", "who.png", "c33.png")
    (images / "notes.txt").write_text("no picture")
    (images / ".hidden.png").write_text("")
    (images / "c1.svg").write_text("<svg/>")
    assert names_of(find_pictures(bare, images)) == {
        "c1": ["c1 (3).png", "c1.png", "c1_2.jpg"],
        "c2": ["C2.PNG", "Cafe\u0301 chair.png", "Café_chair-2.png"],
        "t1": ["t1-b.png"],
    }
    found = left_out(bare)
    assert found["picture that belongs to nobody"] == (2, str(images / "c33.png"))
    assert found["file among the pictures that is none"] == (1, str(images / "notes.txt"))
    assert found["SVG drawing, which mygo does not read"] == (1, str(images / "c1.svg"))


def test_cells_that_say_that_nothing_is_known():
    rows = [["a", "N/A"], ["b", "red; -"], ["c", "red"], ["d", "none"]]
    found = gather(guess(table(["id", "colour"], rows)))
    assert list(found.facts) == [
        ("b", "colour", "red"),
        ("c", "colour", "red"),
        ("d", "colour", "none"),
    ]
    (left,) = (row for row in found.left_out.rows() if "nothing is known" in row[0])
    assert left[1:] == (2, "a, colour: N/A")


def test_a_name_that_is_too_long_for_a_folder(tmp_path):
    rows = [["\u5c71" * 90, "red", "1.png"], ["b", "red", "2.png"], ["c", "red", ""]]
    found = gather(guess(table(["id", "colour", "picture"], rows)))
    assert names_of(find_pictures(found, write_pictures(tmp_path, "1.png", "2.png"))) == {
        "b": ["2.png"]
    }
    assert left_out(found)["picture of an entity whose folder would have too long a name"][0] == 1


def test_pictures_in_a_folder_each(bare, tmp_path):
    images = write_pictures(tmp_path, "c1/front.png", "a/c2/1.png", "Desk/1.png", "misc/t1.png")
    found = names_of(find_pictures(bare, images))
    assert found == {"c2": ["1.png"], "t2": ["1.png"], "c1": ["front.png"], "t1": ["t1.png"]}


def test_links_that_go_round_and_names_that_are_not_utf8(bare, tmp_path):
    images = write_pictures(tmp_path / "in", "c1.png", "sub/c2.png")
    (images / "sub" / "up").symlink_to(images)
    (images / "sub" / "side").symlink_to(write_pictures(tmp_path / "out", "c3.png"))
    with (images / "c1.png").open("rb") as file:
        Path(os.fsdecode(os.fsencode(images) + b"/\xe4.png")).write_bytes(file.read())
    found = names_of(find_pictures(bare, images))
    assert found == {"c1": ["c1.png"], "c2": ["c2.png"], "c3": ["c3.png"]}
    count, example = left_out(bare)["picture that belongs to nobody"]
    assert (count, example) == (1, rf"{images}/\xe4.png")


def test_a_name_that_two_have_is_nobodys(tmp_path):
    rows = [["a1", "Same", "x"], ["a2", "Same", "y"], ["a3", "Third", "x"]]
    found = gather(guess(table(["id", "name", "colour"], rows)))
    images = write_pictures(tmp_path, "Same.png", "third.png", "x.png")
    assert names_of(find_pictures(found, images)) == {"a3": ["third.png"], "x": ["x.png"]}
    assert left_out(found)["picture that belongs to nobody"][0] == 1


def test_pictures_named_in_a_column(tmp_path):
    cells = ["1.png", "b/1.png; 2.png", r"b\3.png", "http://x.org/7.png?w=9", "lost.png"]
    rows = [[*row[:3], cell, *row[4:]] for row, cell in zip(item_rows(), cells, strict=True)]
    found = gather(guess(table(HEADER, rows, str(tmp_path / "items.csv"))))
    write_pictures(tmp_path / "pics", "a/1.png", "b/1.png", "2.png", "b/3.png", "7.png", "c1.png")
    pictures = find_pictures(found, tmp_path / "pics")
    shown = {
        entity: [path.relative_to(tmp_path / "pics").as_posix() for path in paths]
        for entity, paths in pictures.items()
    }
    assert shown == {
        "c1": ["c1.png"],
        "c2": ["b/1.png", "2.png"],
        "c3": ["b/3.png"],
        "t1": ["7.png"],
    }
    assert left_out(found)["picture named in a table and not found"] == (1, "t2: lost.png")


def test_pictures_called_alike_are_those_of_the_folder_called_like_the_item(tmp_path):
    rows = [["c1", "red", "1.png"], ["c2", "red", "1.png"], ["c3", "blue", "1.png"]]
    found = gather(guess(table(["id", "colour", "picture"], rows)))
    images = write_pictures(tmp_path, "a/1.png", "C1/1.png", "c2/1.png")
    pictures = find_pictures(found, images)
    assert {entity: [path.parent.name for path in paths] for entity, paths in pictures.items()} == {
        "c1": ["C1"],
        "c2": ["c2"],
    }
    alike = left_out(found)["picture named in a table that several files are called"]
    assert alike == (1, "c3: 1.png")


def test_pictures_beside_the_table(tmp_path):
    path = write_pictures(tmp_path, "c1.png", "c2.png") / "items.csv"
    found = gather(guess(table(HEADER, item_rows(), str(path))))
    assert names_of(find_pictures(found, None)) == {"c1": ["c1.png"], "c2": ["c2.png"]}


def test_pictures_by_another_id(tmp_path):
    names = dict(zip(ITEMS, (row[1] for row in item_rows()), strict=True))
    facts = [(names[head], relation, names.get(tail, tail)) for head, relation, tail in FACTS]
    rows = [[*row[:3], *row[4:]] for row in item_rows()]
    items = table([*HEADER[:3], *HEADER[4:]], rows, "items.csv")
    found = gather(guess(table(["a", "b", "c"], facts, "facts.csv"), items))
    pictures = find_pictures(found, write_pictures(tmp_path, "t1.png", "Desk.png"))
    assert names_of(pictures) == {"Desk": ["Desk.png"], "Table, round": ["t1.png"]}


def test_folders_that_two_entities_claim(tmp_path):
    rows = [["a/b", "x", "1.png"], ["a_b", "y", ""], ["..", "x", "2.png"]]
    found = gather(guess(table(["id", "colour", "image"], rows)))
    images = write_pictures(tmp_path, "a_b.png", "1.png", "2.png")
    assert names_of(find_pictures(found, images)) == {"a_b": ["a_b.png"]}
    assert left_out(found)["picture of an entity whose folder is another's"] == (2, "a/b")


def test_a_folder_of_pictures_that_is_not_there(bare, tmp_path):
    with pytest.raises(
        DataError, match=r"nowhere: no such folder\. Name the one with the pictures"
    ):
        find_pictures(bare, tmp_path / "nowhere")


def test_a_list_is_parted_where_it_was():
    lists = ["Smith; Jones" + BETWEEN + "Lee", "Lee" + BETWEEN, "Lee" + BETWEEN, "AC|DC" + BETWEEN]
    rows = [[f"A{n}", authors] for n, authors in enumerate(lists)]
    found = gather(guess(table(["id", "authors"], rows)))
    assert list(found.facts) == [
        ("A0", "authors", "Smith; Jones"),
        ("A0", "authors", "Lee"),
        ("A1", "authors", "Lee"),
        ("A2", "authors", "Lee"),
        ("A3", "authors", "AC|DC"),
    ]


def test_errors_of_excel_are_counted():
    rows = [["a", "#REF!"], ["b", "red"], ["#N/A", "blue"], ["c", "#DIV/0!"]]
    found = gather(guess(table(["id", "colour"], rows)))
    assert list(found.facts) == [("b", "colour", "red")]
    assert {what: count for what, count, _ in found.left_out.rows()} == {
        "cell of t.csv that says that nothing is known": 2,
        "row of t.csv without id": 1,
    }
