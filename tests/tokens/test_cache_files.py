"""Reading, checking, finding and joining token cache files."""

import dataclasses
import os
import zlib

import h5py
import numpy as np
import pytest
from PIL import Image
from token_fakes import Grey, Learner, Letters, small_graph, tokenize

from mygo_cli import __version__
from mygo_cli.cache.finding import caches_in, check_cache_fits, newest_cache, out_of_date
from mygo_cli.cache.format import TokenCache
from mygo_cli.cache.merging import merge_caches
from mygo_cli.cache.sources import PENDING
from mygo_cli.cache.verifying import find_faults
from mygo_cli.errors import DataError, UsageError
from mygo_cli.files import HeldElsewhere, only_writer
from mygo_cli.graph.reading import read_graph
from mygo_cli.tokenizing.job import Job
from mygo_cli.tokens.table import load_tokens


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def image_cache(graph, folder):
    return tokenize(graph, Learner(), Job(folder, batch_size=2)).path


@pytest.fixture
def text_cache(graph, folder):
    return tokenize(graph, Letters(), Job(folder), backend="letters").path


# The format, as another program would read it


def test_the_file_is_what_the_format_says(graph, image_cache):
    sources_sha256 = TokenCache.open(image_cache).header.sources_sha256
    with h5py.File(image_cache) as file:
        attributes = dict(file.attrs)
        assert attributes.pop("names_crc32") == zlib.crc32(
            "".join(f"{n}\0" for n in (*graph.entities, *file["items/key"].asstr())).encode()
        )
        owners = (file["items/entity"][:].tobytes(), file["drop_ids"][:].tobytes())
        assert attributes.pop("owners_crc32") == zlib.crc32(b"".join(owners))
        assert file["items/crc32"][1] == zlib.crc32(
            file["items/tokens"][1].tobytes(), int(file["items/length"][1])
        )
        assert file["codebook"].attrs["crc32"] == zlib.crc32(file["codebook"][:].tobytes())
        assert attributes.pop("created").startswith("20")
        assert attributes == {
            "format": "mygo-tokens",
            "format_version": 1,
            "modality": "image",
            "backend": "fake",
            "backend_package": "",
            "options": "{}",
            "fingerprint": Learner().info.fingerprint,
            "vocab_size": 64,
            "dim": 2,
            "max_tokens": 16,
            "dataset": "small",
            "entities_sha256": graph.entities_sha256,
            "sources_sha256": sources_sha256,
            "precision": "float32",
            "mygo_version": __version__,
            "complete": True,
        }
        types = {
            "items/entity": "int32",
            "items/tokens": "uint16",
            "items/length": "uint16",
            "items/status": "uint8",
            "items/crc32": "uint32",
            "codebook": "float32",
            "drop_ids": "int32",
        }
        assert {name: str(file[name].dtype) for name in types} == types
        for name in ("entities", "items/key", "items/error"):
            assert h5py.check_string_dtype(file[name].dtype).encoding == "utf-8"
        assert file["entities"].asstr()[:].tolist() == list(graph.entities)


def test_a_large_vocabulary_takes_uint32(graph, folder):
    class Many(Letters):
        @property
        def info(self):
            info = super().info
            return type(info)(70_000, 3, 12, "f" * 64)

        def codebook(self):
            return np.zeros((70_000, 3), dtype=np.float32)

        def encode(self, texts):
            return [[69_999] for _ in texts]

    cache = TokenCache.open(tokenize(graph, Many(), Job(folder), backend="many").path)
    assert cache.items().tokens.dtype == np.uint32
    assert cache.items().tokens[0, 0] == 69_999


def test_names_of_any_script_survive(tmp_path, folder):
    root = tmp_path / "ключ 知识"
    (root / "images" / "中国").mkdir(parents=True)
    (root / "train.txt").write_text("中国\tr\tétoile\n", encoding="utf-8")
    Image.new("RGB", (4, 4)).save(root / "images" / "中国" / "旗 1.png")
    graph = read_graph(root)
    cache = TokenCache.open(tokenize(graph, Grey(), Job(folder)).path)
    assert cache.entities == ["中国", "étoile"]
    assert cache.keys() == ["中国/旗 1.png"]
    assert cache.header.dataset == "ключ 知识"
    assert newest_cache(folder, graph, "image") == cache.path


# Opening other files


def change(path, edit):
    with h5py.File(path, "r+") as file:
        edit(file)


def test_files_that_are_no_cache(image_cache, tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("hello")
    other = tmp_path / "other.h5"
    h5py.File(other, "w").close()
    for path, message in (
        (tmp_path / "none.h5", "no such file"),
        (tmp_path, "is a folder"),
        (text, "not an HDF5 file"),
        (other, "not a token cache"),
    ):
        with pytest.raises(DataError, match=message) as caught:
            TokenCache.open(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_another_format_version(image_cache):
    change(image_cache, lambda file: file.attrs.modify("format_version", 2))
    with pytest.raises(DataError, match="cache format 2; this mygo reads format 1"):
        TokenCache.open(image_cache)


@pytest.mark.parametrize("name", ["fingerprint", "vocab_size"])
def test_a_missing_attribute(image_cache, name):
    change(image_cache, lambda file: file.attrs.__delitem__(name))
    with pytest.raises(DataError, match=f"damaged: it has no {name}"):
        TokenCache.open(image_cache)


def test_cut_short_anywhere_it_is_refused_in_one_line(image_cache):
    whole = image_cache.read_bytes()
    for size in range(0, len(whole), max(1, len(whole) // 12)):
        image_cache.write_bytes(whole[:size])
        faults = find_faults(image_cache)
        assert len(faults) == 1
        assert "\n" not in faults[0]


# Checking


def test_good_caches_have_no_faults(graph, image_cache, text_cache):
    assert find_faults(image_cache, graph) == []
    assert find_faults(text_cache, graph) == []


def set_value(name, place, value):
    def edit(file):
        file[name][place] = value

    return edit


def without_sums(file):
    """Make a cache one of before there were checksums."""
    del file["items/crc32"]
    del file.attrs["names_crc32"], file.attrs["owners_crc32"], file["codebook"].attrs["crc32"]


def resize_codebook(file):
    del file["codebook"]
    file["codebook"] = np.zeros((3, 2), dtype=np.float32)


def as_float(file):
    tokens = file["items/tokens"][:]
    del file["items/tokens"]
    file["items/tokens"] = tokens.astype(np.float32)


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (set_value("items/tokens", (1, 2), 64), "1 items have token ids outside"),
        (set_value("items/length", 1, 17), "longer than 16"),
        (set_value("items/length", 0, 3), "behind their last token"),
        (set_value("items/status", 0, 7), "0, 1 and 2"),
        (set_value("items/status", 0, 0), "calls itself complete, and 1 items are pending"),
        (set_value("items/status", 0, 2), "1 failed items give no reason"),
        (set_value("items/entity", 0, 3), "not ascending"),
        (set_value("items/entity", 5, 4), "rows that entities has not"),
        (set_value("items/key", 0, "thing_0/1.png"), "a picture twice"),
        (set_value("entities", 0, "other"), "entities_sha256"),
        (set_value("codebook", (0, 0), np.inf), "codebook is not finite"),
        (set_value("drop_ids", 0, 64), "drop_ids"),
        (resize_codebook, "codebook has shape"),
        (as_float, "items/tokens has type float32"),
        (lambda file: file.attrs.modify("modality", "sound"), "modality is 'sound'"),
        (lambda file: file["codebook"].attrs.modify("ready", np.False_), "codebook is not stored"),
    ],
)
def test_faults_are_found(image_cache, edit, fault):
    change(image_cache, without_sums)
    assert find_faults(image_cache) == []
    change(image_cache, edit)
    assert any(fault in line for line in find_faults(image_cache))


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (set_value("items/tokens", (1, 2), 3), "1 items differ from their checksum"),
        (set_value("items/length", 1, 3), "1 items differ from their checksum"),
        (set_value("drop_ids", 0, 1), "items/entity and drop_ids differ"),
        (set_value("codebook", (0, 0), 9), "token embeddings differ"),
        (set_value("items/status", 0, 0), "1 items are pending"),
    ],
)
def test_another_bit_is_found_by_all_who_read_it(graph, image_cache, edit, fault):
    change(image_cache, edit)
    assert any(fault in line for line in find_faults(image_cache))
    with pytest.raises(DataError, match=fault) as caught:
        load_tokens(image_cache, graph, 4)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["entities", "items/key"])
def test_another_name_is_found(image_cache, name):
    change(image_cache, set_value(name, 0, "other"))
    assert any("entities and items/key differ" in line for line in find_faults(image_cache))


def test_a_damaged_unfinished_cache_is_made_anew(graph, folder, capsys):
    path = tokenize(graph, Grey(), Job(folder, limit=2)).path
    change(path, set_value("items/tokens", (0, 0), 9))
    tokenize(graph, Grey(), Job(folder))
    assert "is made anew: is damaged: 1 items differ" in capsys.readouterr().err
    assert find_faults(path) == []


def of_another_file(file):
    shape = file["codebook"].shape
    del file["codebook"]
    external = [("/etc/passwd", 0, 4 * shape[0] * shape[1])]
    file.create_dataset("codebook", shape=shape, dtype="f4", external=external)


def linked(file):
    del file["codebook"]
    file["codebook"] = h5py.ExternalLink("other.h5", "/codebook")


def virtual(file):
    tokens = file["items/tokens"]
    layout = h5py.VirtualLayout(tokens.shape, tokens.dtype)
    layout[:] = h5py.VirtualSource("other.h5", "t", tokens.shape)
    del file["items/tokens"]
    file["items"].create_virtual_dataset("tokens", layout)


def a_group(file):
    del file["drop_ids"]
    file.create_group("drop_ids")


@pytest.mark.parametrize(
    ("edit", "fault"),
    [
        (of_another_file, "codebook lies in another file"),
        (linked, "codebook is a link"),
        (virtual, "items/tokens lies in another file"),
        (a_group, "drop_ids is no dataset"),
        (lambda file: file.attrs.create("vocab_size", [1, 2]), "vocab_size is no whole number"),
        (lambda file: file.attrs.create("options", "3"), "options are no JSON object"),
    ],
)
def test_what_is_no_cache_inside_is_refused_on_opening(image_cache, edit, fault):
    change(image_cache, edit)
    with pytest.raises(DataError, match=fault) as caught:
        TokenCache.open(image_cache)
    assert "\n" not in str(caught.value)


def test_a_text_cache_names_one_text_per_entity(text_cache):
    change(text_cache, without_sums)
    change(text_cache, set_value("items/entity", 1, 0))
    assert any("one text per entity" in line for line in find_faults(text_cache))


def test_changed_media_are_found(graph, image_cache, text_cache):
    picture = graph.images / "thing_0" / "0.png"
    picture.write_bytes(picture.read_bytes() + b" ")
    (graph.folder / "descriptions.tsv").write_text("thing_0\tnew words\n")
    graph = read_graph(graph.folder)
    assert "pictures" in find_faults(image_cache, graph)[0]
    assert "texts" in find_faults(text_cache, graph)[0]


# Finding


def test_the_cache_last_made_or_confirmed_is_the_newest(graph, folder):
    grey = tokenize(graph, Grey(), Job(folder), backend="grey").path
    learner = tokenize(graph, Learner(), Job(folder), backend="learner").path
    os.utime(grey, (1, 1))
    assert newest_cache(folder, graph, "image") == learner
    tokenize(graph, Grey(), Job(folder), backend="grey")
    assert newest_cache(folder, graph, "image") == grey
    assert newest_cache(folder, graph, "text") is None
    assert caches_in(folder) == sorted([grey, learner])


def test_unfinished_foreign_and_damaged_caches_are_passed_over(graph, folder, tmp_path):
    tokenize(graph, Grey(), Job(folder, limit=2))
    other = small_graph(tmp_path / "other" / "small", pictures_each=(1, 1, 1))
    tokenize(other, Learner(), Job(folder))
    assert newest_cache(folder, graph, "image") is None
    (folder / "small" / "image-broken-00000000.h5").write_bytes(b"x")
    assert newest_cache(folder, other, "image") is not None
    with pytest.raises(DataError, match=r"image-broken-00000000\.h5 is not an HDF5 file"):
        newest_cache(folder, graph, "image")


def test_a_cache_of_other_entities_does_not_fit(image_cache, tmp_path):
    other = small_graph(tmp_path / "other", pictures_each=(1, 1))
    with pytest.raises(DataError, match="made for other entities"):
        check_cache_fits(TokenCache.open(image_cache), other)
    with pytest.raises(DataError, match="made for other entities"):
        load_tokens(image_cache, other, 4)


def test_a_cache_of_the_entities_in_another_order_does_not_fit(graph, image_cache):
    turned = dataclasses.replace(graph, entities=graph.entities[::-1])
    with pytest.raises(DataError, match=r"made for the entities of .* in another order\. Run mygo"):
        check_cache_fits(TokenCache.open(image_cache), turned)


def test_out_of_date(graph, image_cache, text_cache, capsys):
    assert out_of_date(TokenCache.open(image_cache), graph) == ""
    assert out_of_date(TokenCache.open(text_cache), graph) == ""
    (graph.images / "thing_0" / "0.png").unlink()
    (graph.folder / "descriptions.tsv").unlink()
    graph = read_graph(graph.folder)
    load_tokens(image_cache, graph, 4)
    load_tokens(text_cache, graph, 4)
    said = capsys.readouterr().err
    assert "pictures were added, removed or renamed" in said
    assert "descriptions or names changed" in said


# Tables


def test_the_table_counts_over_all_pictures(graph, image_cache):
    table = load_tokens(image_cache, graph, 5)
    cache = TokenCache.open(image_cache)
    items = cache.items()
    for row in range(4):
        tokens = items.tokens[items.entity == row].ravel()
        tokens = tokens[tokens != 0]
        counts = np.bincount(tokens, minlength=64)
        kept = table.vocabulary[table.ids[row][table.mask[row]]]
        assert len(kept) == min(5, (counts > 0).sum())
        assert sorted(counts[kept])[::-1] == sorted(counts, reverse=True)[: len(kept)]
    np.testing.assert_array_equal(table.codes, cache.codebook()[table.vocabulary])


def test_the_table_of_an_unfinished_cache_reads_what_is_done(graph, folder, capsys):
    path = tokenize(graph, Grey(), Job(folder, limit=2)).path
    change(path, set_value("items/length", 4, 16))  # written, and killed before its status was
    table = load_tokens(path, graph, 5)
    assert table.mask.any(axis=1).tolist() == [True, False, False, False]
    assert "unfinished" in capsys.readouterr().err


def test_the_first_pictures_only(graph, image_cache):
    one = load_tokens(image_cache, graph, 16, max_images=1)
    first = TokenCache.open(image_cache).items().tokens[0]
    kept = one.vocabulary[one.ids[0][one.mask[0]]]
    assert set(kept) == set(first[first != 0])


# Joining


def shards(graph, folder, count=2, **changes):
    return [
        tokenize(graph, Learner(), Job(folder, batch_size=1, shard=(number, count), **changes)).path
        for number in range(1, count + 1)
    ]


def everything(path):
    """Attributes and datasets of a file, but for when it was made."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, thing: found.__setitem__(
                name, thing[()].tolist() if isinstance(thing, h5py.Dataset) else None
            )
        )
        return found, {k: v for k, v in file.attrs.items() if k != "created"}


@pytest.mark.parametrize("count", [2, 4])
def test_merged_shards_equal_one_run(graph, folder, tmp_path, count):
    (graph.images / "thing_0" / "bad.png").write_bytes(b"")
    graph = read_graph(graph.folder)
    whole = tokenize(graph, Learner(), Job(folder / "whole", batch_size=1)).path
    merged = merge_caches(tmp_path / "merged.h5", shards(graph, folder, count))
    assert merged.complete
    assert everything(merged.path) == everything(whole)
    assert find_faults(merged.path, graph) == []


def test_a_missing_shard_leaves_items_pending(graph, folder, tmp_path):
    merged = merge_caches(tmp_path / "merged.h5", shards(graph, folder, 3)[:2])
    assert not merged.complete
    assert merged.pending == 2
    assert (TokenCache.open(merged.path).status() == PENDING).sum() == 2


def test_only_shards_of_one_job_can_be_merged(graph, folder, tmp_path):
    first = shards(graph, folder)[0]
    other_tokenizer = tokenize(graph, Grey(), Job(folder)).path
    with pytest.raises(DataError, match="differ in info"):
        merge_caches(tmp_path / "merged.h5", [first, other_tokenizer])
    changed = shards(graph, folder / "b")[1]
    change(changed, without_sums)
    change(changed, set_value("codebook", (0, 0), 9.0))
    with pytest.raises(DataError, match="differ in codebook"):
        merge_caches(tmp_path / "merged.h5", [first, changed])
    assert not (tmp_path / "merged.h5").exists()


def test_a_damaged_shard_leaves_what_was_there(graph, folder, tmp_path):
    paths, out = shards(graph, folder), tmp_path / "merged.h5"
    merge_caches(out, paths)
    before = out.read_bytes()
    change(paths[1], set_value("items/tokens", (-1, 0), 9))
    for target, force in ((out, True), (tmp_path / "new.h5", False)):
        with pytest.raises(DataError, match="is damaged"):
            merge_caches(target, paths, force)
    assert out.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [out.name]
    with pytest.raises(UsageError, match="is a folder"):
        merge_caches(tmp_path, paths, force=True)


def test_a_merge_leaves_another_one_alone(graph, folder, tmp_path):
    paths, out = shards(graph, folder), tmp_path / "merged.h5"
    part = tmp_path / ".merged.h5.merging"
    part.write_text("of the other")
    with only_writer(out), pytest.raises(HeldElsewhere, match=r"merged\.h5"):
        merge_caches(out, paths)
    assert part.read_text() == "of the other"
    part.unlink()
    paths[1].rename(part)
    with pytest.raises(UsageError, match="both merged and written"):
        merge_caches(out, [paths[0], part])
    assert part.exists()


def test_merge_overwrites_only_when_told_to(graph, folder, tmp_path):
    paths, out = shards(graph, folder), tmp_path / "merged.h5"
    out.write_text("precious")
    with pytest.raises(UsageError, match="--force"):
        merge_caches(out, paths)
    with pytest.raises(UsageError, match="both merged and written"):
        merge_caches(paths[0], paths, force=True)
    assert merge_caches(out, paths, force=True).complete
