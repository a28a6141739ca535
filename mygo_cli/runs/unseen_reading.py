"""An unseen entity read as a run learned to read: tokenizers, chosen tokens, weights of experts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from mygo_cli.cache.finding import IMAGE, TEXT, check_cache_fits
from mygo_cli.cache.format import TokenCache
from mygo_cli.errors import DataError, UsageError
from mygo_cli.files import expanded
from mygo_cli.graph.triples import Array
from mygo_cli.model.entity_encoder import ModalityTokens
from mygo_cli.model.experts import ModalityExperts
from mygo_cli.ranking.unseen import UnseenScorer, fit_unseen, with_unseen
from mygo_cli.runs.bundle import caches_of
from mygo_cli.settings.sections import SelectBy
from mygo_cli.tokenizing.unseen import ItemTokenizer
from mygo_cli.tokens.table import positions_of, weights_of
from mygo_cli.tokens.unseen import ItemReader

if TYPE_CHECKING:
    from mygo_cli.runs.run import Run
    from mygo_cli.runs.unseen import Unseen

MOST_FACTS = 1000  # of validation that weights are fitted to, evenly spread
WORDS = {IMAGE: "picture", TEXT: "text"}


def scorer_with(run: Run, unseen: Unseen) -> UnseenScorer:
    """Return what answers questions about an unseen entity, in the row behind the graph's.

    Raises what `rank_unseen` raises for an entity that cannot be read.
    """
    items = items_of(run, unseen)
    tokens = {name: _how_to_read(run, name)[1].read(each) for name, each in items.items()}
    if not any(each.table.mask.any() for each in tokens.values()):
        raise UsageError(
            "There is nothing to read of the unseen entity.",
            "Give a picture, or a text of more than the commonest words.",
        )
    return with_unseen(run.single(), tokens, _weights(run, frozenset(tokens)))


# The reader of a modality that a run's model is known to fit: to compare all codes takes a while.
_CHECKED: WeakKeyDictionary[Run, dict[str, ItemReader]] = WeakKeyDictionary()
_FITTED: WeakKeyDictionary[Run, dict[frozenset[str], Tensor | None]] = WeakKeyDictionary()


def _weights(run: Run, parts: frozenset[str]) -> Tensor | None:
    """Return how much each expert counts by these modalities, kept while there is the run.

    None, for as much as ever, where they are all that the run reads.
    """
    if parts == frozenset(run.settings.tokens.used):
        return None
    fitted = _FITTED.setdefault(run, {})
    if parts not in fitted:
        places = np.linspace(0, len(run.graph.valid) - 1, min(len(run.graph.valid), MOST_FACTS))
        facts = run.graph.valid[places.astype(np.int64)]
        fitted[parts] = fit_unseen(run.single(), parts, run.graph.train, facts)
    return fitted[parts]


def items_of(run: Run, unseen: Unseen) -> dict[str, list[Array]]:
    """Return the token ids of each picture and of the text, int64 (T,), of what was given."""
    items = {}
    if unseen.images:
        given = unseen.images
        paths = [expanded(path) for path in ([given] if isinstance(given, (str, Path)) else given)]
        items[IMAGE] = _how_to_read(run, IMAGE)[0].pictures(paths)
    if unseen.text is not None:
        items[TEXT] = [_how_to_read(run, TEXT)[0].text(unseen.text)]
    return items


def _how_to_read(run: Run, modality: str) -> tuple[ItemTokenizer, ItemReader]:
    """Return what reads items of a modality as the run's model learned to read them."""
    encoder, used = run.model.entity_encoder, run.settings.tokens.used
    module = encoder.image if modality == IMAGE else encoder.text
    path = caches_of(run).get(modality)
    if module is None or path is None:
        raise UsageError(
            f"The run {run.name} reads no {WORDS[modality]}s.",
            f"Leave the {WORDS[modality]} out, or name a run that was trained with tokens of them.",
        )
    experts = {} if run.model.experts is None else run.model.experts.named()
    most = run.settings.tokens.image.max_pictures if modality == IMAGE else None
    opened = TokenCache.open(path)
    check_cache_fits(opened, run.graph)
    select_by = run.settings.tokens.select_by
    options = used[modality].keep, most, select_by, modality in experts
    found = _opened(path, path.stat().st_mtime_ns, run.device, *options)
    checked = _CHECKED.setdefault(run, {})
    if checked.get(modality) is not found[1] and not _reads(
        found[1], module, experts.get(modality)
    ):
        raise DataError(
            f"{path} is not what the run {run.name} was trained on any more.",
            "Train again on the tokens that there are now.",
        )
    checked[modality] = found[1]
    return found


@lru_cache(maxsize=4)
def _opened(
    path: Path,
    _changed: int,
    device: torch.device,
    keep: int,
    most: int | None,
    select_by: SelectBy,
    with_known: bool,
) -> tuple[ItemTokenizer, ItemReader]:
    """Return what reads as a cache was read, kept until the file changes.

    Making a tokenizer reads its weights, and `with_known` all of the cache.
    """
    cache = TokenCache.open(path)
    known = np.unique(positions_of(cache, most)[1]) if with_known else None
    weights = weights_of(cache, select_by, most)
    reader = ItemReader(cache, cache.codebook(), known, keep, most, weights)
    return ItemTokenizer.of(cache, device), reader


def _reads(reader: ItemReader, module: ModalityTokens, experts: ModalityExperts | None) -> bool:
    """Say whether the model learned from the cache of a reader: by the codes that it holds."""
    codes = module.codes.cpu().numpy()
    if module.mask.any() and codes.shape[1] != reader.codebook.shape[1]:
        return False
    held = {code.tobytes() for code in reader.codebook}
    if module.mask.any() and not all(code.tobytes() in held for code in codes):
        return False
    count = 0 if reader.known is None else max(1, len(reader.known))
    return experts is None or len(experts.bag.codes) == count
