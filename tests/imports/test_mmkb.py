"""MMKB's triples, names and pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mygo_cli.errors import DataError
from mygo_cli.imports.dataset_folder import write_dataset
from mygo_cli.imports.mmkb import read_mmkb, short_names
from mygo_cli.imports.pictures import place_pictures

DBPEDIA = "http://dbpedia.org"
TRIPLES = f"""\
<{DBPEDIA}/resource/Peru> <{DBPEDIA}/ontology/capital> <{DBPEDIA}/resource/Lima> .
<{DBPEDIA}/resource/AC/DC>\t<http://www.w3.org/2002/07/owl#sameAs>\t<{DBPEDIA}/resource/Perú> .
"""
INDEX = f"<{DBPEDIA}/resource/Peru>\tIMG1\n<{DBPEDIA}/resource/AC/DC>\tIMG2\n<{DBPEDIA}/x>\tIMG3\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.mkdir()
    (path / "DB15K_EntityTriples.txt").write_text(TRIPLES, encoding="utf-8")
    (path / "DB15K_ImageIndex.txt").write_text(INDEX)
    (path / "FB15K_ImageIndex.txt").write_text("another\tIMG9\n")
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    path = tmp_path / "pictures"
    (path / "IMG1").mkdir(parents=True)
    for name in ("IMG1/a.png", "IMG1/b.JPG", "IMG2.png"):
        Image.new("RGB", (4, 4)).save(path / name)
    (path / "IMG1" / "notes.txt").write_text("no picture")
    (path / "IMG1" / ".hidden.png").write_bytes(b"")
    return path


def test_triples(folder: Path) -> None:
    found = read_mmkb(folder)
    assert found.dataset.entities == ["Peru", "Lima", "AC/DC", "Perú"]
    assert found.dataset.facts == {
        "train": [("Peru", "capital", "Lima"), ("AC/DC", "sameAs", "Perú")]
    }
    assert found.picture_keys == {"Peru": ["IMG1"], "AC/DC": ["IMG2"]}
    assert found.unknown == 1


N_TRIPLES = """\
# started 2016-04-01T10:00:00Z
<http://ex.org/Ada> <http://ex.org/knows> <http://ex.org/Bob> .
<http://ex.org/Bob> <http://ex.org/knows> <http://ex.org/Cid>.
<http://ex.org/Cid>\t<http://ex.org/knows>\t<http://ex.org/Ada>.  # the last of three
#\t<http://ex.org/Ada> and others
<http://ex.org/Ada> <http://ex.org/says> "a \\"b\\" c."@en .
<http://ex.org/Ada> <http://ex.org/age> "5"^^<http://ex.org/int>.
_:b0 <http://ex.org/knows> _:b1.
<http://ex.org/New York> <http://ex.org/knows> <http://ex.org/Bob> .
"""


def test_n_triples(tmp_path: Path) -> None:
    path = tmp_path / "facts.nt"
    path.write_text(N_TRIPLES)
    found = read_mmkb(path).dataset
    assert found.facts["train"] == [
        ("Ada", "knows", "Bob"),
        ("Bob", "knows", "Cid"),
        ("Cid", "knows", "Ada"),
        ("Ada", "says", '"a \\"b\\" c."@en'),
        ("Ada", "age", '"5"^^<http://ex.org/int>'),
        ("_:b0", "knows", "_:b1"),
        ("New York", "knows", "Bob"),
    ]


@pytest.mark.parametrize(
    "line", ["<a b> <r> <c d", "<a> <r> c.d", "#a\tr\tb", "<U.S.>\tin\t<St.Paul>"]
)
def test_what_is_no_n_triples_is_split_as_before(tmp_path: Path, line: str) -> None:
    path = tmp_path / "facts.txt"
    path.write_text(line + "\n")
    if line.startswith("<a b>"):
        with pytest.raises(DataError, match="5 terms"):
            read_mmkb(path)
    else:
        cells = line.split("\t") if "\t" in line else line.split()
        names = [cell.removeprefix("<").removesuffix(">") for cell in cells]
        assert read_mmkb(path).dataset.facts["train"] == [tuple(names)]


def test_comments_in_the_index(folder: Path) -> None:
    (folder / "DB15K_ImageIndex.txt").write_text("# started at ten\n" + INDEX)
    assert read_mmkb(folder).picture_keys == {"Peru": ["IMG1"], "AC/DC": ["IMG2"]}


def test_freebase_ids_and_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "facts.txt"
    path.write_text("/m/027rn /location/country/capital /m/06cx9\n")
    found = read_mmkb(path)
    assert found.dataset.facts == {"train": [("/m/027rn", "/location/country/capital", "/m/06cx9")]}
    assert found.picture_keys == {}


def test_two_of_the_same_last_part_keep_all() -> None:
    names = short_names(["<http://a.org/x#Peru>", "<http://b.org/Peru>", "<Lima>", "<http://c/>"])
    assert list(names.values()) == ["http://a.org/x#Peru", "http://b.org/Peru", "Lima", "http://c/"]
    assert short_names(["<Peru>", "Peru", "<Lima>"]) == {
        "<Peru>": "<Peru>",
        "Peru": "Peru",
        "<Lima>": "Lima",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b\n", r"DB15K_EntityTriples\.txt:1: 2 terms, expected head, relation and tail"),
        ("a b c d .\n", r"DB15K_EntityTriples\.txt:1: 4 terms"),
        ("\n", r"DB15K_EntityTriples\.txt holds no triples"),
    ],
)
def test_bad_triples(folder: Path, text: str, message: str) -> None:
    (folder / "DB15K_EntityTriples.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        read_mmkb(folder)


def test_other_folders(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \*_EntityTriples\.txt"):
        read_mmkb(tmp_path)
    (folder / "YAGO15K_EntityTriples.txt").write_text(TRIPLES)
    with pytest.raises(DataError, match=r"DB15K_.* and YAGO15K_.*Name the file"):
        read_mmkb(folder)


@pytest.mark.parametrize("copy", [False, True])
def test_pictures(folder: Path, pictures: Path, tmp_path: Path, copy: bool) -> None:
    found = read_mmkb(folder)
    graph = write_dataset(tmp_path / "out", found.dataset)
    assert place_pictures(graph, found.picture_keys, pictures, copy) == (3, 2)
    assert place_pictures(graph, found.picture_keys, pictures, copy) == (3, 2)
    assert graph.pictures() == (("Peru/a.png", "Peru/b.JPG"), (), ("AC_DC/IMG2.png",), ())
    assert (graph.images / "Peru" / "a.png").is_symlink() is not copy
    assert sorted(path.name for path in (graph.images / "Peru").iterdir()) == ["a.png", "b.JPG"]


def test_pictures_of_several_keys_are_told_apart(pictures: Path, tmp_path: Path) -> None:
    (pictures / "IMG4").mkdir()
    Image.new("RGB", (4, 4)).save(pictures / "IMG4" / "a.png")
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "X_EntityTriples.txt").write_text("Peru r Lima\n")
    graph = write_dataset(tmp_path / "out", read_mmkb(tmp_path / "source").dataset)
    place_pictures(graph, {"Peru": ["IMG1", "IMG4"]}, pictures)
    assert graph.pictures()[0] == ("Peru/IMG1-a.png", "Peru/IMG1-b.JPG", "Peru/IMG4-a.png")


def test_pictures_by_entity_id(pictures: Path, tmp_path: Path) -> None:
    (pictures / "IMG1").rename(pictures / "m.027rn")
    (tmp_path / "facts.txt").write_text("/m/027rn r /m/06cx9\n")
    graph = write_dataset(tmp_path / "out", read_mmkb(tmp_path / "facts.txt").dataset)
    assert place_pictures(graph, {}, pictures) == (2, 1)


def test_a_link_to_a_picture_that_moved_is_mended(
    folder: Path, pictures: Path, tmp_path: Path
) -> None:
    found = read_mmkb(folder)
    graph = write_dataset(tmp_path / "out", found.dataset)
    place_pictures(graph, found.picture_keys, pictures)
    pictures = pictures.rename(tmp_path / "elsewhere")
    assert not (graph.images / "Peru" / "a.png").exists()
    place_pictures(graph, found.picture_keys, pictures)
    assert (graph.images / "Peru" / "a.png").exists()


def test_an_index_with_spaces_in_names(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "X_EntityTriples.txt").write_text("New York\tin\tUSA\n")
    (source / "X_ImageIndex.txt").write_text("New York\tIMG1\nUSA IMG2\n")
    assert read_mmkb(source).picture_keys == {"New York": ["IMG1"], "USA": ["IMG2"]}


def test_a_copy_takes_the_place_of_a_link(folder: Path, pictures: Path, tmp_path: Path) -> None:
    found = read_mmkb(folder)
    graph = write_dataset(tmp_path / "out", found.dataset)
    place_pictures(graph, found.picture_keys, pictures)
    content = (pictures / "IMG1" / "a.png").read_bytes()
    place_pictures(graph, found.picture_keys, pictures, copy=True)
    assert not (graph.images / "Peru" / "a.png").is_symlink()
    assert (graph.images / "Peru" / "a.png").read_bytes() == content
    assert (pictures / "IMG1" / "a.png").read_bytes() == content


def test_a_folder_without_their_pictures(folder: Path, tmp_path: Path) -> None:
    found = read_mmkb(folder)
    graph = write_dataset(tmp_path / "out", found.dataset)
    with pytest.raises(DataError, match=r"holds no picture of any entity"):
        place_pictures(graph, found.picture_keys, tmp_path)
    with pytest.raises(DataError, match=r"nowhere cannot be read: No such file"):
        place_pictures(graph, found.picture_keys, tmp_path / "nowhere")


def test_a_key_that_leads_out_of_the_folder(folder: Path, pictures: Path, tmp_path: Path) -> None:
    found = read_mmkb(folder)
    graph = write_dataset(tmp_path / "out", found.dataset)
    with pytest.raises(DataError, match="holds no picture"):
        place_pictures(graph, {"Peru": ["..", "../pictures/IMG1", "."]}, pictures / "IMG1")


def test_pictures_of_other_endings(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "other"
    (source / "IMG1").mkdir(parents=True)
    for name in ("IMG1/photo.jfif", "IMG2.1"):
        Image.new("RGB", (4, 4)).save(source / name, format="JPEG")
    graph = write_dataset(tmp_path / "out", read_mmkb(folder).dataset)
    assert place_pictures(graph, {"Peru": ["IMG1"], "Lima": ["IMG2"]}, source) == (2, 2)
    assert place_pictures(graph, {"Lima": ["IMG2.1"]}, source) == (1, 1)
    assert graph.pictures()[0] == ("Peru/photo.jfif",)
