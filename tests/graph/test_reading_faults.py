"""What cannot be read costs one line that names file, line number and way out."""

from __future__ import annotations

import gzip

import pytest

from mygo_cli.errors import DataError
from mygo_cli.graph.reading import read_graph

GOOD = "a\tr\tb\n"


def message_of(folder):
    with pytest.raises(DataError) as caught:
        read_graph(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 1
    return message


@pytest.mark.parametrize(
    ("files", "place", "parts"),
    [
        ({"train.txt": GOOD + "a\tr\n"}, "train.txt:2:", ["2 columns, expected head, relation"]),
        ({"train.txt": GOOD + "a\tr\tb\tc\n"}, "train.txt:2:", ["4 columns", "Take the other"]),
        ({"train.txt": GOOD, "entities.tsv": "id\tname\na\tA\nb\tB\tcity\n"}, "entities.tsv:3:",
         ["3 columns, 2 in the header", "Name each column"]),
        ({"train.txt": "a,r,b\n"}, "train.txt:1:", ["1 column,", "rename it to train.csv."]),
        ({"train.txt.gz": "a,r,b\n"}, "train.txt.gz:1:", ["rename it to train.csv.gz."]),
        ({"train.txt": "\na;r;b\n"}, "train.txt:2:", ["semicolons"]),
        ({"train.tsv": "a r b\n"}, "train.tsv:1:", ["separated by spaces: put one tab"]),
        ({"train.txt": "# made in 2016\n" + GOOD}, "train.txt:1:", ["if it is a comment"]),
        ({"train.tsv": "ab\n"}, "train.tsv:1:", ["Put one tab between columns."]),
        ({"train.csv": "a\tr\tb\n"}, "train.csv:1:", ["by commas.", "rename it to train.tsv."]),
        ({"train.csv": "a;r;b\n"}, "train.csv:1:", ["semicolons"]),
        ({"train.csv": "a,r,b\nParis, Texas,r,b\n"}, "train.csv:2:", ['"Paris, Texas"']),
        ({"train.csv": 'a,r,b\n"c,r,b\n'}, "train.csv:2:", ["not CSV", "quote"]),
        ({"train.txt": "a\t\tb\n"}, "train.txt:1:", ["the relation is empty", "delete the line"]),
        ({"train.txt": "\tr\tb\n"}, "train.txt:1:", ["the head is empty"]),
        ({"train.txt": ""}, "train.txt:", ["no triples"]),
        ({"train.txt": "\n \n"}, "train.txt:", ["no triples"]),
        ({"train.csv": "head,relation,tail\n"}, "train.csv:", ["no triples"]),
        ({"train.txt": GOOD, "valid.txt": ""}, "valid.txt:", ["no triples", "delete the file"]),
        ({"train.txt": GOOD.encode() + b"a\tr\t\xe9\n"}, "train.txt:2:", ["0xe9", "as UTF-8"]),
        ({"train.txt": GOOD.encode("utf-16")}, "train.txt:", ["not UTF-8 but UTF-16"]),
        ({"train.txt": GOOD.encode("utf-16-le")}, "train.txt:", ["UTF-16", "file as UTF-8"]),
        ({"train.txt": GOOD.encode("utf-16-be")}, "train.txt:", ["UTF-16", "file as UTF-8"]),
        ({"train.txt": GOOD + "a\tr\tb\0\n"}, "train.txt:2:", ["a NUL byte in the tail", "tr -d"]),
        ({"train.csv": "a,r\0,b\n"}, "train.csv:1:", ["NUL", "tr -d"]),
        ({"train.txt": "tail\trelation\thead\nb\tr\ta\0\n"}, "train.txt:2:", ["in the head"]),
        ({"train.txt": GOOD, "entities.tsv": "a\nb\tB\0\n"}, "entities.tsv:2:",
         ["a NUL byte in the display name"]),
        ({"train.txt.gz": gzip.compress(GOOD.encode() * 99)[:-9]}, "train.txt.gz:", ["cut off"]),
        ({"train.txt.gz": b"\x1f\x8b\x08\x00broken....."}, "train.txt.gz:", ["damaged"]),
        ({"train.txt.gz": GOOD.encode()}, "train.txt.gz:", ["not a gzip file", ".gz"]),
        ({"train.txt": GOOD, "entities.tsv": "a\nB\n"}, "train.txt:1:",
         ["the entity b is not in entities.tsv", "Did you mean B?", "Or add it"]),
        ({"train.txt": GOOD, "entities.tsv": "a\nb\n\na\n"}, "entities.tsv:4:", ["on line 1"]),
        ({"train.txt": GOOD, "entities.tsv": "\n"}, "entities.tsv:", ["no entities", "optional"]),
        ({"train.txt": GOOD, "entities.tsv": "a\tb\tc\td\n"}, "entities.tsv:1:",
         ["4 columns, expected entity, [display name], [kind] separated by tabs"]),
    ],
)  # fmt: skip
def test_bad_files(make_folder, files, place, parts):
    folder = make_folder(files)
    message = message_of(folder)
    assert message.startswith(f"{folder}/{place}")
    for part in parts:
        assert part in message


def test_two_files_for_one_split(make_folder):
    message = message_of(make_folder({"train.txt": GOOD, "train.tsv": GOOD}))
    assert "train.tsv and train.txt" in message


def test_missing_folder(tmp_path):
    message = message_of(tmp_path / "nowhere")
    assert "no such folder" in message
    assert "train.txt" in message


def test_a_file_for_a_folder(tmp_path):
    (tmp_path / "train.txt").write_text(GOOD)
    assert "is a file, not a folder" in message_of(tmp_path / "train.txt")


def test_no_train_file(make_folder):
    message = message_of(make_folder({"valid.txt": GOOD}))
    assert "no train file" in message
    assert "train.txt (or .tsv, .csv" in message


def test_a_train_file_by_another_name(make_folder):
    folder = make_folder({"training.tsv": GOOD, "valid.txt": GOOD})
    assert message_of(folder).endswith("no train file. Rename training.tsv to train.tsv.")
    (folder / "training.tsv").rename(folder / "train.tsv")
    assert len(read_graph(folder).train) == 1


def test_a_folder_called_train_is_no_train_file(make_folder):
    assert "no train file" in message_of(make_folder({"train.txt/x.png": b""}))


def test_the_folder_above_a_graph(make_folder):
    folder = make_folder({"train.tsv": GOOD})
    assert f"Did you mean {folder}?" in message_of(folder.parent)


def test_bad_lines_can_be_collected(make_folder):
    faults = []
    folder = make_folder({"train.txt": "a\tr\n" + GOOD + "x\n", "entities.tsv": "a\nb\nb\n"})
    graph = read_graph(folder, faults.append)
    assert [(fault.file.name, fault.line) for fault in faults] == [
        ("entities.tsv", 3), ("train.txt", 1), ("train.txt", 3),
    ]  # fmt: skip
    assert len(graph.train) == 1
