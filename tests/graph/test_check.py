"""Each thing that `mygo data check` promises to find is found, and named with its line."""

from __future__ import annotations

import io
import shlex

import numpy as np
import pytest
from PIL import Image

from mygo_cli.errors import DataError
from mygo_cli.folders import world_folder
from mygo_cli.graph import pictures
from mygo_cli.graph.check import MOST_FAULTS, check_graph

# A graph with nothing to find but the notes on what it does not have.
CLEAN = {
    "train.txt": "a\tr\tb\nb\tr\tc\nc\ts\ta\n",
    "valid.txt": "a\tr\tc\n",
    "test.txt": "b\ts\ta\n",
    "descriptions.tsv": "a\tA.\nb\tB.\nc\tC.\n",
}


def picture(kind="PNG", size=40):
    noise = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, kind)
    return out.getvalue()


@pytest.fixture
def check(make_folder):
    """Return a function from changes to the clean graph to the findings, without the folder."""

    def run(changes, **options):
        files = {name: text for name, text in {**CLEAN, **changes}.items() if text is not None}
        folder = make_folder(files)
        return [
            (found.severity, found.file.removeprefix(f"{folder}").lstrip("/"), found.line,
             f"{found.message} {found.way_out}")
            for found in check_graph(folder, **options)
        ]  # fmt: skip

    return run


IMAGES = {f"images/{entity}/1.png": picture() for entity in "abc"}


def test_nothing_to_find(check):
    assert check(IMAGES) == []


def only(findings, severity):
    return [found for found in findings if found[0] == severity]


@pytest.mark.parametrize(
    ("changes", "severity", "file", "line", "part"),
    [
        ({"train.txt": CLEAN["train.txt"] + "b\tr\tc\n"}, "warning", "train.txt", 4,
         "repeats line 2; 1 line of 4 in the file repeats an earlier one. Each triple counts once"),
        ({"train.txt": CLEAN["train.txt"] + "b\tr\tc\n" * 2}, "warning", "train.txt", 4,
         "repeats line 2; 2 lines of 5 in the file repeat an earlier one"),
        ({"valid.txt": "a\tr\tb\n" * 2}, "error", "valid.txt", None, "2 (1) also stand in train"),
        ({"test.txt": "b\ts\ta\nb\tr\tc\n"}, "warning", "test.txt", 2,
         "also stands in train (such triples: 1 of 2). Delete them"),
        ({"valid.txt": "a\tr\tc\nc\tr\tx\n"}, "warning", "valid.txt", 2,
         "the entity x is not in train (such triples: 1 of 2). All that a model knows"),
        ({"test.txt": "y\ts\ta\n"}, "warning", "test.txt", 1, "the entity y is not in train"),
        ({"test.txt": "b\tq\ta\n"}, "warning", "test.txt", 1,
         "the relation q is not in train (such triples: 1 of 1). Move some"),
        ({"train.txt": CLEAN["train.txt"] + "a\tr\ta\n"}, "note", "", None,
         "1 triple from an entity to itself, such as a r a"),
        ({"entities.tsv": "a\nb\nc\nd\n", "images/d/1.png": picture(),
          "descriptions.tsv": CLEAN["descriptions.tsv"] + "d\tD.\n"}, "note", "", None,
         "1 entity in no triple: d. They are answers all the same; if they should not, take"),
        ({"entities.tsv": "d\nb\ne\nc\na\n", "images/d/1.png": picture(),
          "images/e/1.png": picture(),
          "descriptions.tsv": CLEAN["descriptions.tsv"] + "d\tD.\ne\tE.\n"}, "note", "", None,
         "2 entities in no triple: d, e."),
        ({"valid.txt": None}, "note", "", None,
         "no valid file, so no epoch can be selected on one. Train with --holdout 0.05"),
        ({"test.txt": None}, "note", "", None, "no test file"),
        ({"dev.txt": "a\tr\tb\n"}, "note", "", None, "not read: dev.txt."),
        ({"descriptions.tsv": None}, "note", "", None, "no descriptions file"),
        ({"descriptions.tsv": "a\tA.\n"}, "note", "descriptions.tsv", None, "1 of 3 entities"),
        ({"descriptions.tsv": CLEAN["descriptions.tsv"] + "x\tX.\n"}, "warning",
         "descriptions.tsv", 4, "1 name that no entity has: x."),
        ({"descriptions.tsv": "a\n"}, "error", "descriptions.tsv", 1, "1 column"),
        ({"images/x/1.png": picture()}, "warning", "images", None, "1 folder named for no entity"),
        ({"images/a.png": picture()}, "warning", "images", None, "1 picture in no folder: a.png"),
        ({"images/a/2.png": b""}, "warning", "images/a/2.png", None, "the file is empty"),
        ({"images/a/2.png": b"<html>"}, "warning", "images/a/2.png", None, "not a picture"),
        ({"images/a/2.png": picture()[:900]}, "warning", "images/a/2.png", None, "cut short"),
        ({"images/a/2.jpg": picture("JPEG", 99)[:-800]}, "warning", "images/a/2.jpg", None,
         "cut short"),
        ({"images/a/more/x/2.png": picture()}, "warning", "images", None,
         "1 folder inside an entity's folder, whose pictures are not read: a/more."),
        ({"images/a/2.svg": b"<svg/>"}, "warning", "images", None, "1 SVG drawing"),
        ({"images/a/2.PSD": b"8BPS"}, "warning", "images", None,
         "1 file of a kind that is not read (.psd): a/2.PSD. Convert them to PNG"),
        ({"images/a/2.png.part": b"x"}, "warning", "images", None,
         "(.part): a/2.png.part. They were not copied or downloaded to their end: do it again."),
    ],
)  # fmt: skip
def test_each_finding(check, changes, severity, file, line, part):
    found = only(check({**IMAGES, **changes}), severity)
    assert [(where, number) for _, where, number, _ in found] == [(file, line)]
    assert part in found[0][3]


def test_files_by_the_names_of_kg_bert(check):
    changes = {"valid.txt": None, "descriptions.tsv": None, "dev.tsv": CLEAN["valid.txt"]}
    texts = {"entity2text.txt": "a\tA\n", "entity2textlong.txt": CLEAN["descriptions.tsv"]}
    found = check({**IMAGES, **changes, **texts, "relations.txt": "r\ns\n"})
    assert only(found, "warning") == [
        ("warning", "dev.tsv", None, "not read by this name. Rename it to valid.tsv."),
        ("warning", "entity2textlong.txt", None,
         "not read by this name. Rename it to descriptions.txt."),
    ]  # fmt: skip
    notes = [text for *_, text in only(found, "note")]
    assert "not read: entity2text.txt, relations.txt. " in notes


def test_pictures_known_by_content_alone(check):
    changes = {"images/a/photo.jfif": picture("JPEG"), "images/b/google_0": picture()}
    message = "2 pictures known by content, not by name: a/photo.jfif, b/google_0. "
    assert check({**IMAGES, **changes}) == [("note", "images", None, message)]


def test_a_folder_without_pictures_may_lie_inside_an_entitys(check):
    assert check({**IMAGES, "images/a/notes/x.txt": b"x"}) == []


def test_a_phones_picture_is_named(check):
    found = check({**IMAGES, "images/a/2.heic": b"\0\0\0\x18ftypheic" + bytes(99)})
    assert found[0][:3] == ("warning", "images/a/2.heic", None)
    assert "not a picture that can be read" in found[0][3]


def test_missing_pictures(check):
    assert check({}) == [("note", "images", None, "no such folder, so no entity has a picture. ")]
    message = "1 of 3 entities have a picture. "
    assert check({"images/a/1.png": picture()}) == [("note", "images", None, message)]


def test_pictures_in_a_folder_of_another_name(check):
    (found,) = check({"Bilder/a/1.png": picture(), "notes/x.txt": b"x"})
    assert found[:3] == ("warning", "Bilder", None)
    assert "holds pictures, and is not read. Call the folder images: mv " in found[3]


def test_loose_pictures_find_their_entities_by_the_command_that_is_named(make_folder, tmp_path):
    folder = make_folder({**CLEAN, "images/a.png": picture(), "images/b_2.png": picture()})
    (said,) = (x.text for x in check_graph(folder) if "in no folder" in x.message)
    command = shlex.split(said.partition("; or ")[2])
    assert command == [
        *("mygo", "init", "graph-2"),
        *(f"{folder}/{split}.txt" for split in ("train", "valid", "test")),
        *("--images", f"{folder}/images"),
    ]


def test_pictures_need_not_be_opened(check):
    assert check({**IMAGES, "images/a/2.png": b""}, open_pictures=False) == []


def test_two_entities_for_one_folder(check):
    train = "a\tr\tb/c\nb_c\tr\ta\n"
    found = check({"train.txt": train, "images/b_c/1.png": picture()})
    assert ("warning", "images/b_c") in [found[:2] for found in found]


def test_relations_that_give_answers_away(check):
    rows = "".join(f"x{n}\tfather\ty{n}\ny{n}\tchild\tx{n}\n" for n in range(10))
    notes = [found[3] for found in only(check({"train.txt": CLEAN["train.txt"] + rows}), "note")]
    assert any("the 10 pairs of father are pairs of child too, backwards" in note for note in notes)


def test_relations_of_which_one_gives_half_of_the_other_away(check):
    rows = "".join(f"x{n}\tfather\ty{n}\nx{n}\tparent\ty{n}\n" for n in range(9))
    more = "x9\tfather\ty9\n" + "".join(f"x{n}\tparent\tz{n}\n" for n in range(20))
    notes = [
        found[3] for found in only(check({"train.txt": CLEAN["train.txt"] + rows + more}), "note")
    ]
    assert any(
        "90 % of the 10 pairs of father are pairs of parent too: a model can" in note
        for note in notes
    )


def test_a_huge_picture_is_not_decoded(check, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 1000)
    found = check(IMAGES)
    assert [where for _, where, _, _ in found] == [f"images/{entity}/1.png" for entity in "abc"]
    assert all("is more than 1,000 pixels" in text for *_, text in found)


def test_progress(check):
    seen = []
    check(IMAGES, progress=lambda *told: seen.append(told))
    assert seen == [("pictures", 3, 3)]


def test_bad_lines_hide_the_rest(check):
    found = check({"train.txt": "a\nb\n" + CLEAN["train.txt"], "valid.txt": "x\n"})
    assert [part[:3] for part in found] == [
        ("error", "train.txt", 1), ("error", "train.txt", 2), ("error", "valid.txt", 1),
    ]  # fmt: skip


def test_a_file_that_ends_reading(check):
    found = check({"train.txt": b"a\n\xff\n"})
    assert [part[:3] for part in found] == [("error", "train.txt", 2)]


def test_so_many_bad_lines(check):
    found = check({"train.txt": "a\n" * 100})
    assert len(only(found, "error")) == MOST_FAULTS
    assert "there may be more" in found[-1][3]


def test_worst_first(check):
    found = check({"valid.txt": "a\tr\tb\n", "test.txt": "a\tr\tx\n"})
    severities = [severity for severity, *_ in found]
    assert severities == ["error", "warning", "note", "note"]


def test_no_dataset(tmp_path):
    with pytest.raises(DataError, match="no train file"):
        check_graph(tmp_path)


def test_the_built_in_graph_is_clean():
    assert {finding.severity for finding in check_graph(world_folder())} == {"note"}
