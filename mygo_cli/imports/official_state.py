"""A checkpoint of the MyGO authors' implementation: its sizes, and its parameters by our names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mygo_cli.errors import DataError
from mygo_cli.weights.checkpoints import read_checkpoint

if TYPE_CHECKING:
    from torch import Tensor

STATE, SCHEDULE = "model_state_dict", "scheduler_state_dict"
IMAGE_CODES, TEXT_CODES = "visual_token_embedding.weight", "text_token_embedding.weight"
TUCKER = "tucker_decoder.W"
ANOTHER = "Name a checkpoint that train_mygo_fgc.py wrote."

RENAMED = {
    "ent_token": "entity_encoder.entity_token",
    "ent_embeddings": "entity_encoder.structure.weight",
    "pos_str_ent": "entity_encoder.structure_offset",
    "pos_vis_ent": "entity_encoder.image.offset",
    "pos_txt_ent": "entity_encoder.text.offset",
    "rel_embeddings": "relation.weight",
    "lp_token": "triple_encoder.context_token",
    IMAGE_CODES: "entity_encoder.image.codes",
    TEXT_CODES: "entity_encoder.text.codes",
    TUCKER: "decoder.core",
}
RENAMED_PREFIXES = {
    "str_ent_ln.": "entity_encoder.structure_norm.",
    "vis_ln.": "entity_encoder.image.norm.",
    "txt_ln.": "entity_encoder.text.norm.",
    "proj_ent_vis.": "entity_encoder.image.proj.",
    "proj_ent_txt.": "entity_encoder.text.proj.",
    "str_rel_ln.": "relation_norm.",
    "ent_encoder.": "entity_encoder.encoder.",
    "decoder.": "triple_encoder.encoder.",
    "tucker_decoder.bn0.": "decoder.norm_in.",
    "tucker_decoder.bn1.": "decoder.norm_out.",
}
PLACES = ("pos_head", "pos_rel", "pos_tail")
NORMS = ("str_ent_ln", "str_rel_ln", "vis_ln", "txt_ln", "proj_ent")


@dataclass(frozen=True)
class OfficialState:
    """The parameters of a checkpoint under the authors' names, and the epoch it was written after.

    What a checkpoint does not say, the number of attention heads above all, may stand in its name.
    """

    path: Path
    state: Mapping[str, Tensor]
    epoch: int

    @property
    def sizes(self) -> dict[str, int]:
        """The sizes of the model, by the names of `ModelOptions`."""
        return {
            "dim": self.state["ent_embeddings"].shape[-1],
            "feed_forward": len(self.state["ent_encoder.layers.0.linear1.bias"]),
            "entity_layers": self._layers("ent_encoder"),
            "triple_layers": self._layers("decoder"),
        }

    @property
    def decoder(self) -> str:
        """The decoder plugin that scores as the model does."""
        return "tucker" if TUCKER in self.state else "dot"

    def named(self, word: str) -> int | None:
        """Return the number behind a word in the file's name, which holds some of its settings."""
        found = re.search(rf"{word}_(\d+)", self.path.name)
        return int(found[1]) if found else None

    def _layers(self, encoder: str) -> int:
        prefix = f"{encoder}.layers."
        behind = [name.removeprefix(prefix) for name in self.state if name.startswith(prefix)]
        numbers = [rest.partition(".")[0] for rest in behind]
        return 1 + max(int(number) for number in numbers if number.isdecimal())


def read_official_state(path: Path) -> OfficialState:
    """Return a checkpoint's parameters; raise `DataError` for a file that is none of theirs."""
    content = read_checkpoint(path)
    found = content.get(STATE, content)
    if not isinstance(found, Mapping):
        raise DataError(f"{path}: its {STATE} holds no named tensors.", ANOTHER)
    state = {name: value for name, value in found.items() if hasattr(value, "shape")}
    needed = [*RENAMED, *PLACES, *_examples()]
    missing = [name for name in needed if name not in state and name != TUCKER]
    if missing:
        raise DataError(f"{path} holds no {missing[0]}: it is no model of theirs.", ANOTHER)
    for name, value in state.items():
        _check_numbers(path, name, value, name in needed)
    dim = state["ent_embeddings"].shape[-1]
    for name in PLACES:
        if state[name].numel() != dim:
            raise wrong_shape(path, name, state[name].shape, (1, 1, dim))
    return OfficialState(path, state, _epoch(path, content))


def _check_numbers(path: Path, name: str, value: Tensor, needed: bool) -> None:
    """Raise `DataError` for a parameter that is no plain block of finite numbers."""
    import torch

    if value.layout != torch.strided or value.is_quantized:
        raise DataError(f"{path}: {name} is sparse or quantized.", "Save it as a plain tensor.")
    if needed and (value.ndim == 0 or not value.numel()):
        raise DataError(f"{path}: {name} has the shape {tuple(value.shape)}.", ANOTHER)
    if value.is_floating_point() and not torch.isfinite(value).all():
        raise DataError(f"{path}: {name} holds numbers that are not finite.", ANOTHER)


def wrong_shape(path: Path, name: str, found: Sequence[int], wanted: Sequence[int]) -> DataError:
    """Return the error for a parameter whose shape is not the one that the others ask for."""
    return DataError(
        f"{path}: {name} has the shape {tuple(found)}; its other parameters ask for "
        f"{tuple(wanted)}.",
        "Copy the file again.",
    )


def _examples() -> list[str]:
    """Return one parameter of each part whose parameters are renamed by prefix."""
    layer = "layers.0.linear1.bias"
    norms = [f"{prefix}weight" for prefix in RENAMED_PREFIXES if prefix.startswith(NORMS)]
    return [*norms, f"ent_encoder.{layer}", f"decoder.{layer}"]


def _epoch(path: Path, content: Mapping[Any, Any]) -> int:
    """Return the epochs done as the schedule counts them, else as the file is named, else 0."""
    schedule = content.get(SCHEDULE)
    epoch = schedule.get("last_epoch") if isinstance(schedule, Mapping) else None
    if isinstance(epoch, int) and not isinstance(epoch, bool) and epoch >= 0:
        return epoch
    found = re.search(r"_(\d+)$", path.stem)
    return int(found[1]) if found else 0


def translate_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the parameters of an authors' checkpoint under the names that `MyGO` uses.

    What their code stores but never uses (a relation encoder, offsets of relation media) is left
    out. Token ids and masks are not part of their checkpoints.
    """
    import torch

    places = [state[name].flatten() for name in PLACES]
    translated = {"triple_encoder.places": torch.stack(places)}
    if TUCKER not in state:
        translated["decoder.scale.log"] = torch.zeros(())  # their inner product has no scale
    for name, value in state.items():
        if name in RENAMED:
            translated[RENAMED[name]] = _without_unit_axes(RENAMED[name], value)
        for prefix, new_prefix in RENAMED_PREFIXES.items():
            if name.startswith(prefix):
                translated[new_prefix + name.removeprefix(prefix)] = value
    return translated


def their_name(name: str) -> str:
    """Return what the authors call the parameter that we call `name`."""
    for theirs, ours in RENAMED.items():
        if name == ours:
            return theirs
    for theirs, ours in RENAMED_PREFIXES.items():
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    return name


def _without_unit_axes(name: str, value: Tensor) -> Tensor:
    """Return a parameter in our shape: theirs have axes of length one for the sequence."""
    if name.endswith(("offset", "context_token")):
        return value.flatten()
    if name.endswith("entity_token"):
        return value.reshape(1, -1)
    return value[:, 0] if value.ndim == 3 and value.shape[1] == 1 else value
