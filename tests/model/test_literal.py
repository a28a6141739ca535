"""The fast step against the paper's, literally: values and gradients in float64."""

from __future__ import annotations

import pytest
import torch
from small_models import both_tables, small_model

from mygo_cli.bench.literal import LiteralLoss
from mygo_cli.distributed.group import ALONE
from mygo_cli.model.mygo import MyGO
from mygo_cli.model.queries import Queries
from mygo_cli.settings.sections import TrainingSettings
from mygo_cli.training.step import StepData, StepLoss
from mygo_plugins.decoder.tucker import TuckER, TuckEROptions

ENTITIES = 9


def step_data(questions: int = 7, seed: int = 0) -> StepData:
    """Return questions, some with several answers, and a sample that is contrasted."""
    source = torch.Generator().manual_seed(seed)
    queries = Queries(
        torch.randint(ENTITIES, (questions,), generator=source),
        torch.randint(3, (questions,), generator=source),
        torch.rand(questions, generator=source) < 0.5,
    )
    rows = torch.cat((torch.arange(questions), torch.tensor([0, 0, 3])))
    answers = torch.randint(ENTITIES, (len(rows),), generator=source)
    sample = torch.tensor([8, 2, 3, 0, 4, 5])
    return StepData(queries, rows, answers, None, None, sample)


def gradients(model: MyGO, losses: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return the gradient of each parameter of an uneven sum of both losses."""
    named = dict(model.named_parameters())
    found = torch.autograd.grad(losses[0] + 3 * losses[1], list(named.values()))
    return dict(zip(named, found, strict=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("triple_layers", [1, 2])
@pytest.mark.parametrize("entity_layers", [1, 2])
@pytest.mark.parametrize("tables", ["both", "image", "text", "neither"])
def test_values_and_gradients(tables, entity_layers, triple_layers, smoothing):
    image, text = both_tables()
    model = small_model(
        1,
        image if tables in ("both", "image") else None,
        text if tables in ("both", "text") else None,
        entity_layers=entity_layers,
        triple_layers=triple_layers,
    ).train()
    settings = TrainingSettings(label_smoothing=smoothing, contrastive=1.0)
    data = step_data()
    ours = StepLoss(model, settings, ALONE)(data)
    theirs = LiteralLoss(model, settings)(data)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    expected = gradients(model, theirs)
    for name, gradient in gradients(model, ours).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-7, atol=1e-9, msg=name)
        assert expected[name].abs().max() > 1e-9, name


def test_float32_is_as_close_as_it_can_be():
    model = small_model(3, *both_tables()).train()
    settings, data = TrainingSettings(contrastive=1.0), step_data()
    exact = LiteralLoss(model, settings)(data)
    expected = gradients(model, exact)
    model.float()
    losses = StepLoss(model, settings, ALONE)(data)
    torch.testing.assert_close(losses.double(), exact, rtol=1e-4, atol=0)
    # How much float32 loses where sums nearly cancel depends on the processor: the paper's own
    # step tells how much.
    literal = gradients(model, LiteralLoss(model, settings)(data))
    for name, gradient in gradients(model, losses).items():
        error, theirs = (
            (each.double() - expected[name]).norm() / expected[name].norm()
            for each in (gradient, literal[name])
        )
        assert error < max(2e-5, 10 * theirs), name


class WithCore(TuckER):
    """A decoder of someone else that has a core, and does something else with it."""

    def forward(
        self, query: torch.Tensor, relation: torch.Tensor, entities: torch.Tensor
    ) -> torch.Tensor:
        """Return TransE's scores."""
        return -torch.cdist(query + relation, entities)


def test_a_decoder_with_a_core_is_asked_as_it_is():
    model = small_model(4, *both_tables()).train()
    model.decoder = WithCore(8, TuckEROptions(0.0, 0.0, 0.0, 0.0)).double()
    settings, data = TrainingSettings(contrastive=1.0), step_data()
    ours = StepLoss(model, settings, ALONE)(data)
    torch.testing.assert_close(LiteralLoss(model, settings)(data), ours, rtol=1e-10, atol=1e-10)
