"""`mygo tokenize`, `mygo cache` and `mygo tokens` from the command line, on small tokenizers."""

import json
from pathlib import Path

import pytest
import torch
from token_fakes import Grey, Learner, Letters, write_graph
from typer.testing import CliRunner

from mygo_cli import backends, console
from mygo_cli.app import app
from mygo_cli.commands.tokenize import parse_shard
from mygo_cli.errors import BackendError, DataError, MygoError, UsageError


@pytest.fixture(autouse=True)
def _fakes(monkeypatch, tmp_path):
    """Install the fake tokenizers, in an empty folder with a small graph in `small`."""
    torch.set_num_threads(1)
    console.show_logs()
    found = {"visual-words": Learner, "grey": Grey, "bert": Letters}

    def load(group, name):
        if name not in found:
            raise BackendError(f"{name}: no such backend.")
        return found[name]

    monkeypatch.setattr(backends, "load", load)
    monkeypatch.setattr(
        backends, "find", lambda group, name: backends.Backend(group, name, "x:y", "fakes", "1.0")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MYGO_WORK", raising=False)
    write_graph(tmp_path / "small")


def mygo(*words, code=0):
    """Run a command; return what it prints on stdout, and on stderr."""
    result = CliRunner().invoke(app, [*words], catch_exceptions=True)
    if isinstance(result.exception, MygoError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout, result.stderr


def tokenized(*words):
    return mygo("tokenize", "--data", "small", "--device", "cpu", *words)


def test_both_modalities_with_their_defaults():
    out, _ = tokenized()
    assert "mygo-work/cache/small/image-visual-words-" in out
    assert "mygo-work/cache/small/text-bert-" in out
    assert out.rstrip().endswith("Next: mygo train --data small")
    again, _ = tokenized()
    assert again.count("is already complete") == 2
    forced, _ = tokenized("--force")
    assert "already complete" not in forced


def test_the_built_in_graph_is_the_default():
    out, _ = mygo("tokenize", "--no-image", "--device", "cpu")
    assert "cache/world/text-bert-" in out
    assert "656" in out


def test_json():
    out, err = tokenized("--json", "--image-backend", "grey", "--image-option", "levels=32")
    image, text = json.loads(out)["caches"]
    assert (image["backend"], image["done"], image["covered"], image["entities"]) == (
        "grey", 6, 3, 4,
    )  # fmt: skip
    assert text["modality"] == "text"
    assert image["complete"] is True
    assert err == ""
    facts = json.loads(mygo("cache", "info", image["path"], "--json")[0])[0]
    assert facts["options"] == "levels=32, weights=None"
    assert facts["backend_package"] == "fakes 1.0"


def test_bad_pictures_are_counted_listed_and_fatal_when_strict():
    for number in range(7):
        Path(f"small/images/thing_0/bad{number}.png").write_bytes(b"")
    out, _ = tokenized("--no-text")
    assert "failed: thing_0/bad0.png: the file is empty" in out
    assert "... and 2 more" in out
    with pytest.raises(DataError, match=r"bad0\.png"):
        tokenized("--no-text", "--strict", "--force")


def test_limit_says_that_the_cache_is_unfinished():
    out, _ = tokenized("--limit", "3")
    assert "without --limit" in out
    assert "Next: mygo train" in tokenized()[0]


def test_a_graph_without_pictures():
    write_graph(Path("plain"), pictures_each=(0, 0))
    out, err = mygo("tokenize", "--data", "plain", "--device", "cpu")
    assert "plain has no pictures" in err
    assert "image" not in out
    with pytest.raises(DataError, match="nothing to tokenize"):
        mygo("tokenize", "--data", "plain", "--device", "cpu", "--no-text")


def test_weights_and_options():
    Path("w.pt").write_bytes(b"")
    out, _ = tokenized("--no-text", "--image-weights", "w.pt", "--json")
    (image,) = json.loads(out)["caches"]
    facts = json.loads(mygo("cache", "info", image["path"], "--json")[0])[0]
    assert f"weights={Path('w.pt').resolve()}" in facts["options"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--no-image", "--no-text"), "nothing to do"),
        (("--image-option", "levels"), "--image-option levels: write it as key=value"),
        (("--image-option", "lvels=3"), r"unknown setting lvels\. Did you mean levels"),
        (("--image-option", "levels=many"), "levels = 'many' is not a whole number"),
        (("--text-model", "x"), "--text-model: bert takes no model"),
        (("--shard", "3/2"), "--shard 3/2"),
        (("--device", "toaster"), "--device toaster"),
    ],
)
def test_wrong_usage(words, message):
    with pytest.raises(UsageError, match=message):
        mygo("tokenize", "--data", "small", *words)


def test_precision():
    out, err = tokenized("--no-text", "--precision", "bf16", "--json")
    (image,) = json.loads(out)["caches"]
    assert json.loads(mygo("cache", "info", image["path"], "--json")[0])[0]["precision"] == "bf16"
    assert err == ""
    _, err = tokenized("--no-text")
    assert "was begun in bf16 and stays so; --force makes it in float32." in err.replace("\n", "")
    mygo("tokenize", "--data", "small", "--precision", "fp8", code=2)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_shards_that_are_none(text):
    with pytest.raises(UsageError):
        parse_shard(text)


def test_an_unknown_backend():
    with pytest.raises(BackendError, match="nosuch"):
        tokenized("--image-backend", "nosuch")


def test_shards_are_merged_into_the_cache_of_one_run():
    whole = tokenized("--no-text", "--batch-size", "2", "--cache-dir", "whole")
    assert "Next: mygo train" in whole[0]
    for number in (1, 2):
        out, _ = tokenized("--no-text", "--batch-size", "2", "--shard", f"{number}/2")
        assert "mygo cache merge" in out
    parts = sorted(Path("mygo-work/cache/small").glob("*.shard-*"))
    merged = next(Path("whole/small").glob("*.h5")).name
    out, _ = mygo("cache", "merge", f"mygo-work/cache/small/{merged}", *map(str, parts))
    assert merged in out
    assert "good" in mygo("cache", "verify", f"mygo-work/cache/small/{merged}")[0]
    assert "already complete" in tokenized("--no-text")[0]


# mygo cache


def test_info_of_all_caches():
    with pytest.raises(DataError, match="holds no token cache"):
        mygo("cache", "info")
    tokenized()
    out, _ = mygo("cache", "info")
    assert "small/image-" in out
    assert len(json.loads(mygo("cache", "info", "--json")[0])) == 2


def test_verify_exits_1_with_a_line_per_fault():
    tokenized()
    assert mygo("cache", "verify", "--data", "small")[0].count(": good") == 2
    Path("small/images/thing_0/0.png").unlink()
    out, _ = mygo("cache", "verify", "--data", "small", code=1)
    assert "the pictures of small changed" in out
    assert out.count(": good") == 1
    faults = json.loads(mygo("cache", "verify", "--data", "small", "--json", code=1)[0])
    assert sorted(map(len, faults.values())) == [0, 1]
    Path("small").rename("other")  # a graph without caches is not held against those of another
    with pytest.raises(DataError, match=r"cache of other\. Make it with.* --data other"):
        mygo("cache", "verify", "--data", "other")


# mygo tokens


def test_tokens_show():
    with pytest.raises(DataError, match="no complete token cache"):
        mygo("tokens", "show", "thing_0", "--data", "small")
    tokenized()
    out, err = mygo(
        "tokens", "show", "thing_0", "--data", "small", "--html", "a.html", "--png", "a.png"
    )
    assert "0.png: " in out
    assert "word piece" in out
    assert Path("a.html").read_text().count("<figure>") == 2
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert "Wrote a.html." in err
    shown = json.loads(mygo("tokens", "show", "Thing 0", "--data", "small", "--json")[0])
    assert shown["entity"] == "thing_0"
    assert len(shown["image"]["kept"]) == 8
    assert {kept["piece"] for kept in shown["text"]["kept"]} == set("description ") - {" "}


def test_tokens_show_of_an_entity_without_pictures():
    tokenized()
    out, _ = mygo("tokens", "show", "thing_1", "--data", "small")
    assert "no image tokens" in out
    with pytest.raises(DataError, match="no tokenized picture to draw"):
        mygo("tokens", "show", "thing_1", "--data", "small", "--png", "a.png")


def test_tokens_show_needs_the_tokenizer_that_made_the_cache(monkeypatch):
    tokenized()
    monkeypatch.setattr(Letters, "info", property(lambda self: Grey().info))
    with pytest.raises(UsageError, match="made by another version of bert"):
        mygo("tokens", "show", "thing_1", "--data", "small")


def test_tokens_words():
    with pytest.raises(DataError, match="no complete token cache of pictures of small"):
        mygo("tokens", "words", "--data", "small")
    tokenized()
    out, err = mygo("tokens", "words", "--data", "small", "--html", "w.html", "--json")
    words = json.loads(out)
    assert all(1 <= word["entities"] <= word["patches"] for word in words)
    assert [word["entities"] for word in words] == sorted(
        (word["entities"] for word in words), reverse=True
    )
    page = Path("w.html").read_text()
    assert page.count("<img") == len(words)
    assert "Wrote w.html." in err
    assert (
        len(json.loads(mygo("tokens", "words", "--data", "small", "--top", "2", "--json")[0])) == 2
    )


def test_tokens_stats():
    with pytest.raises(DataError, match="no complete token cache"):
        mygo("tokens", "stats", "--data", "small")
    tokenized()
    assert "3 of 4" in mygo("tokens", "stats", "--data", "small")[0]
    image, text = json.loads(mygo("tokens", "stats", "--data", "small", "--json")[0])
    assert (image["covered"], text["covered"]) == (3, 4)
