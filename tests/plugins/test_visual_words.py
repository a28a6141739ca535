"""Visual words: real features of a packaged backbone, and words learned from the pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_sample_image

from mygo_cli.errors import BackendError, DataError, UsageError
from mygo_cli.testing import check_image_tokenizer
from mygo_cli.weights.libraries import import_timm
from mygo_cli.weights.loading import read_tensors
from mygo_plugins.image import backbone
from mygo_plugins.image.backbone import PACKAGED, Backbone
from mygo_plugins.image.visual_words import VisualWords, VisualWordsOptions, _Sample


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def pictures() -> list[Image.Image]:
    """Four halves of two photographs."""
    halves = []
    for name in ("china.jpg", "flower.jpg"):
        photograph = Image.fromarray(load_sample_image(name))
        halves += [photograph.crop((x, 0, x + 320, 427)) for x in (0, 320)]
    return halves


def _batch(tokenizer: VisualWords, pictures: list[Image.Image]) -> torch.Tensor:
    return torch.from_numpy(np.stack([tokenizer.prepare(picture) for picture in pictures]))


def test_packaged_weights_recognise_photographs() -> None:
    """The renamed weights and the normalisation are right: the classifier knows what it sees."""
    timm = import_timm()
    model = timm.create_model(PACKAGED)
    settings = model.pretrained_cfg
    backbone._load(model, PACKAGED, backbone._published_weights(PACKAGED, settings))
    names = timm.data.ImageNetInfo()
    for file, name in (("china.jpg", "palace"), ("flower.jpg", "daisy")):
        picture = Image.fromarray(load_sample_image(file)).crop((107, 0, 534, 427))
        pixels = np.asarray(picture.resize((224, 224), Image.Resampling.BICUBIC)) / 255.0
        pixels = (pixels - settings["mean"]) / settings["std"]
        with torch.inference_mode():
            scores = model(torch.from_numpy(pixels).float().permute(2, 0, 1)[None])
        assert names.index_to_description(int(scores.argmax())) == name


def _packaged() -> dict[str, torch.Tensor]:
    """Return the packaged weights, named as in efficientnet_pytorch."""
    return read_tensors(backbone._published_weights(PACKAGED, {}))


def test_weights_are_renamed_by_name_in_whatever_order_they_lie(tmp_path: Path) -> None:
    tensors = _packaged()
    torch.save(dict(reversed(tensors.items())), tmp_path / "w.pth")
    model = Backbone(PACKAGED, str(tmp_path / "w.pth"), stride=16, image_size=128).model
    loaded = model.state_dict()
    for ours, theirs in (
        ("conv_stem.weight", "_conv_stem.weight"),
        ("blocks.0.0.bn1.running_var", "_blocks.0._bn1.running_var"),  # has no expansion
        ("blocks.1.1.bn1.bias", "_blocks.2._bn0.bias"),
        ("blocks.6.0.conv_pwl.weight", "_blocks.15._project_conv.weight"),
        ("bn2.weight", "_bn1.weight"),
    ):
        torch.testing.assert_close(loaded[ours], tensors[theirs], rtol=0, atol=0)


def test_a_layer_that_is_missing_shifts_no_other(tmp_path: Path) -> None:
    tensors = _packaged()
    del tensors["_blocks.2._bn0.bias"]  # the next one has its shape
    torch.save(tensors, tmp_path / "w.pth")
    with pytest.raises(BackendError, match=r"it has no blocks\.1\.1\.bn1\.bias"):
        Backbone(PACKAGED, str(tmp_path / "w.pth"), stride=16, image_size=128)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "tf_efficientnet_b0"])
def test_packaged_weights_fit_no_other_backbone(name: str) -> None:
    model = import_timm().create_model(name, num_classes=0)
    with pytest.raises(BackendError, match=f"does not hold weights of timm's {name}"):
        backbone._load(model, name, backbone._published_weights(PACKAGED, {}))


def test_contract() -> None:
    check_image_tokenizer(VisualWords, VisualWordsOptions(words=16))


def test_words_are_learned_and_reproducible(pictures: list[Image.Image]) -> None:
    options = VisualWordsOptions(words=32)
    found = []
    for sizes in ((4,), (1, 3)):
        tokenizer = VisualWords(options, "cpu")
        tokenizer.fit(_batch(tokenizer, pictures).split(list(sizes)))
        found.append(tokenizer)
    first, second = found
    np.testing.assert_array_equal(first.codebook(), second.codebook())
    assert first.info == second.info
    assert (first.info.vocab_size, first.info.dim, first.info.max_tokens) == (32, 112, 64)
    tokens = first.encode(_batch(first, pictures))
    assert tokens.shape == (4, 64)
    assert tokens.dtype == torch.int64
    assert len(tokens.unique()) > 16
    shared = [len(np.intersect1d(tokens[0], tokens[other])) for other in (1, 2, 3)]
    assert shared[0] > max(shared[1:]), "two halves of a photograph share most words"


def test_takes_over_a_codebook(pictures: list[Image.Image]) -> None:
    first = VisualWords(VisualWordsOptions(words=16), "cpu")
    batch = _batch(first, pictures)
    with pytest.raises(DataError, match="not known yet"):
        first.encode(batch)
    first.fit([batch])
    second = VisualWords(VisualWordsOptions(words=16), "cpu")
    second.use_codebook(first.codebook())
    assert torch.equal(second.encode(batch), first.encode(batch))
    features = second._features(batch)
    nearest = torch.cdist(features, torch.from_numpy(first.codebook())).argmin(-1)
    assert torch.equal(nearest, first.encode(batch))


def test_fewer_patches_than_words() -> None:
    tokenizer = VisualWords(VisualWordsOptions(words=500), "cpu")
    batch = _batch(tokenizer, [Image.new("RGB", (9, 9), "red")])
    tokenizer.fit([batch, batch])
    used = np.abs(tokenizer.codebook()).sum(1) > 0
    assert 0 < used.sum() <= 64
    assert not used[used.sum() :].any()
    assert tokenizer.encode(batch).max() < used.sum()


def test_no_pictures_at_all() -> None:
    with pytest.raises(DataError, match="no pictures"):
        VisualWords(VisualWordsOptions(), "cpu").fit([])


def test_draw_does_not_depend_on_batches() -> None:
    rows = np.arange(3000, dtype=np.float32)[:, None]
    drawn = []
    for parts in (1, 7, 100):
        sample = _Sample(200, seed=3)
        for part in np.array_split(rows, parts):
            sample.add(part)
        drawn.append(sample.distinct())
    assert len(drawn[0]) == 200
    assert 1300 < drawn[0].mean() < 1700
    np.testing.assert_array_equal(drawn[0], drawn[1])
    np.testing.assert_array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (4000, 3), (160, 120)])
@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA", "L"])
def test_prepares_any_picture(size: tuple[int, int], mode: str) -> None:
    tokenizer = VisualWords(VisualWordsOptions(), "cpu")
    pixels = tokenizer.prepare(Image.new(mode, size))
    assert pixels.shape == (3, 128, 128)
    assert pixels.dtype == np.float32
    assert (pixels == -1).all()


def test_fingerprint_follows_weights_and_options(tmp_path: Path) -> None:
    torch.manual_seed(0)
    for name in ("a.pth", "b.pth"):
        model = import_timm().create_model("test_resnet")
        torch.save(model.state_dict(), tmp_path / name)
    prints = [
        VisualWords(
            VisualWordsOptions(backbone="test_resnet", weights=str(tmp_path / name), seed=seed),
            "cpu",
        ).info.fingerprint
        for name, seed in (("a.pth", 0), ("a.pth", 1), ("b.pth", 0))
    ]
    assert len(set(prints)) == 3


@pytest.mark.parametrize(("name", "size"), [("test_resnet", 64), ("test_vit", 160)])
def test_any_backbone_with_weights_by_hand(tmp_path: Path, name: str, size: int) -> None:
    model = import_timm().create_model(name)
    torch.save({"state_dict": model.state_dict()}, tmp_path / "weights.pth")
    options = VisualWordsOptions(
        backbone=name, weights=str(tmp_path / "weights.pth"), image_size=size, words=8
    )
    tokenizer = VisualWords(options, "cpu")
    batch = torch.randn(2, 3, size, size)
    tokenizer.fit([batch])
    tokens = tokenizer.encode(batch)
    assert tokens.shape == (2, (size // 16) ** 2)
    assert tokenizer.codebook().shape == (8, tokenizer.info.dim)


def test_backbone_in_a_folder(tmp_path: Path) -> None:
    timm = import_timm()
    model = timm.create_model("test_resnet")
    timm.models.save_for_hf(model, tmp_path)
    made = Backbone(str(tmp_path), None, stride=16, image_size=64)
    torch.testing.assert_close(made.model.state_dict()["conv1.0.weight"], model.conv1[0].weight)
    (tmp_path / "pytorch_model.bin").unlink()
    with pytest.raises(BackendError, match=r"has no file model\.safetensors or pytorch_model\.bin"):
        Backbone(str(tmp_path), None, stride=16, image_size=64)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"backbone": "resnet81"}, UsageError, "no backbone resnet81. Did you mean resnet"),
        ({"backbone": "resnet18.nowhere"}, UsageError, "cannot make the backbone"),
        ({"stride": 64}, UsageError, "no stride 64. It has 2, 4, 8, 16, 32"),
        ({"backbone": "test_vit"}, UsageError, "160 pixels, not 128. Pass --image-option"),
        ({"weights": "none.pth"}, DataError, "none.pth: no such file"),
    ],
)
def test_mistakes_cost_one_line(options: dict[str, object], error: type, says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        VisualWords(VisualWordsOptions(**options), "cpu")  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_weights_of_another_backbone(tmp_path: Path) -> None:
    torch.save(import_timm().create_model("test_resnet").state_dict(), tmp_path / "w.pth")
    with pytest.raises(BackendError, match=r"w\.pth does not hold weights of timm's tf_eff"):
        VisualWords(VisualWordsOptions(weights=str(tmp_path / "w.pth")), "cpu")


def test_other_backbone_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "model_info", offline)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(BackendError, match=r"timm/resnet18.*by hand: --image-weights FILE"):
        VisualWords(VisualWordsOptions(backbone="resnet18"), "cpu")


@pytest.mark.parametrize(
    "options", [{"stride": 0}, {"words": 0}, {"image_size": 100}, {"image_size": 8}]
)
def test_options_that_cannot_be(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        VisualWordsOptions(**options)  # type: ignore[arg-type]


def _drawing(size: tuple[int, int], place: tuple[int, int]) -> Image.Image:
    """Return a red and blue square on nearly white paper."""
    noise = np.random.default_rng(0).integers(245, 256, (size[1], size[0], 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    picture.paste((200, 0, 0), (*place, place[0] + 12, place[1] + 20))
    picture.paste((0, 0, 200), (place[0] + 12, place[1], place[0] + 20, place[1] + 20))
    return picture


def test_cropping_takes_the_margins_and_nothing_else(pictures: list[Image.Image]) -> None:
    cropping = VisualWords(VisualWordsOptions(words=4, crop=True), "cpu")
    whole = VisualWords(VisualWordsOptions(words=4), "cpu")
    small, large = _drawing((60, 40), (3, 9)), _drawing((200, 90), (150, 40))
    np.testing.assert_array_equal(cropping.prepare(small), cropping.prepare(large))
    assert not np.array_equal(whole.prepare(small), whole.prepare(large))
    blank, dot = Image.new("RGB", (30, 20), "white"), Image.new("RGB", (1, 1), "red")
    for picture in (*pictures, blank, dot):
        np.testing.assert_array_equal(cropping.prepare(picture), whole.prepare(picture))
    edge = Image.new("RGB", (30, 20), "white")
    edge.putpixel((0, 0), (0, 0, 0))  # the corners are no longer of one colour
    np.testing.assert_array_equal(cropping.prepare(edge), whole.prepare(edge))


def test_cropping_makes_another_tokenizer_and_leaves_older_caches_theirs() -> None:
    plain, cropping = (
        VisualWords(VisualWordsOptions(crop=crop), "cpu").info for crop in (False, True)
    )
    assert plain.fingerprint != cropping.fingerprint
    assert plain.fingerprint.startswith("c169d216")  # as docs/backends/visual-words.md names it
