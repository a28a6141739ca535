"""A map of the entities: their vectors in two dimensions, computed once and kept in the run."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from mygo_cli.errors import DataError
from mygo_cli.files import parsed_json
from mygo_cli.graph.triples import Array

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run

log = logging.getLogger(__name__)

FILE = "map.json"
MOST_FOR_TSNE = 3000  # entities; it takes some seconds for so many, and PCA shows the rest
PERPLEXITY = 30.0  # neighbours that t-SNE keeps near


def entity_map(run: Run) -> Array:
    """Return a place for each entity, float32 (N, 2) in 0..1: near ones have vectors alike.

    By t-SNE (van der Maaten and Hinton 2008) from the first two principal components on, by those
    alone for a large graph. A folder that cannot be written to costs a note.
    """
    path = run.folder.path / FILE
    about = {"epoch": run.content["epoch"], "entities": len(run.graph.entities)}
    if (kept := _kept(path, about)) is not None:
        return kept
    found = project(run.entity_vectors())
    try:
        rounded = [[round(float(each), 4) for each in place] for place in found]
        run.folder.write(path, json.dumps({**about, "places": rounded}) + "\n")
    except DataError as error:
        log.warning(f"The map is not kept: {error.problem}")
    return found


def project(vectors: Array) -> Array:
    """Return vectors (N, D) in two dimensions, float32 (N, 2), each from 0 to 1."""
    count = len(vectors)
    centred = np.asarray(vectors, dtype=np.float64) - vectors.mean(0)
    if min(vectors.shape) < 2 or not centred.any():
        flat = np.zeros((count, 2))
    else:
        from sklearn.decomposition import PCA

        flat = PCA(2, random_state=0).fit_transform(centred)
    if 4 <= count <= MOST_FOR_TSNE and flat.std() > 0:
        from sklearn.manifold import TSNE

        nearest = min(PERPLEXITY, (count - 1) / 3)
        begin = flat / flat[:, 0].std() * 1e-4  # as small as its authors begin
        flat = TSNE(2, perplexity=nearest, init=begin, random_state=0).fit_transform(centred)
    low, span = flat.min(0), np.maximum(np.ptp(flat, 0), 1e-9)
    places: Array = ((flat - low) / span).astype(np.float32)
    return places


def _kept(path: Any, about: dict[str, int]) -> Array | None:
    """Return the places of the file, None where there is none or one about something else."""
    try:
        content = parsed_json(path.read_text(encoding="utf-8"))
        places = np.array(content["places"], dtype=np.float32)
        same = {key: content[key] for key in about} == about
    except (OSError, ValueError, KeyError, TypeError):  # it is computed again
        return None
    fits = places.shape == (about["entities"], 2) and bool(np.isfinite(places).all())
    return places if same and fits else None
