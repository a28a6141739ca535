"""Reading the files of the MyGO authors' implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

RENAMED = {
    "ent_token": "entity_encoder.entity_token",
    "ent_embeddings": "entity_encoder.structure.weight",
    "pos_str_ent": "entity_encoder.structure_offset",
    "pos_vis_ent": "entity_encoder.image.offset",
    "pos_txt_ent": "entity_encoder.text.offset",
    "rel_embeddings": "relation.weight",
    "lp_token": "triple_encoder.context_token",
    "visual_token_embedding.weight": "entity_encoder.image.codes",
    "text_token_embedding.weight": "entity_encoder.text.codes",
    "tucker_decoder.W": "decoder.core",
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


def translate_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the parameters of an authors' checkpoint under the names that `MyGO` uses.

    What their code stores but never uses (a relation encoder, offsets of relation media) is left
    out. Token ids and masks are not part of their checkpoints.
    """
    import torch

    places = [state[name].flatten() for name in ("pos_head", "pos_rel", "pos_tail")]
    translated = {"triple_encoder.places": torch.stack(places)}
    for name, value in state.items():
        if name in RENAMED:
            translated[RENAMED[name]] = _without_unit_axes(RENAMED[name], value)
        for prefix, new_prefix in RENAMED_PREFIXES.items():
            if name.startswith(prefix):
                translated[new_prefix + name.removeprefix(prefix)] = value
    return translated


def _without_unit_axes(name: str, value: Tensor) -> Tensor:
    """Return a parameter in our shape: theirs have axes of length one for the sequence."""
    if name.endswith(("offset", "context_token")):
        return value.flatten()
    if name.endswith("entity_token"):
        return value.reshape(1, -1)
    return value[:, 0] if value.ndim == 3 and value.shape[1] == 1 else value
