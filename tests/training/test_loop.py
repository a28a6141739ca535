"""The training loop: what it yields, asks and minimises."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tiny_training import tiny_graph, tiny_settings, tiny_table

from mygo_cli.errors import MygoError
from mygo_cli.model.contrastive import contrastive_loss
from mygo_cli.model.link_loss import link_loss
from mygo_cli.runs.assemble import build_model
from mygo_cli.training.loop import EpochDone, StepDone, Trainer

NO_DROPOUT = {
    "dropout": 0.0,
    "structure_dropout": 0.0,
    "image_dropout": 0.0,
    "text_dropout": 0.0,
    "expert_dim": 0,
}


def new_trainer(decoder="distmult", model=None, train=None, **training):
    """Return a trainer of a tiny model with both modalities."""
    settings = tiny_settings(training=training, model=model or {}, decoder={"name": decoder})
    torch.manual_seed(0)
    graph = tiny_graph()
    network = build_model(settings, graph, tiny_table(0), tiny_table(1))
    return Trainer(network, graph.train if train is None else train, settings.training)


def test_events():
    trainer = new_trainer(epochs=3, schedule="constant", learning_rate=0.25)
    events = list(trainer.run())
    steps = trainer.steps_per_epoch
    assert steps > 2
    expected = [
        (kind, epoch, step)
        for epoch in (1, 2, 3)
        for kind, step in [*((StepDone, n) for n in range(1, steps + 1)), (EpochDone, None)]
    ]
    assert [(type(e), e.epoch, getattr(e, "step", None)) for e in events] == expected
    assert {e.steps for e in events if isinstance(e, StepDone)} == {steps}
    assert {e.learning_rate for e in events} == {0.25}
    done = [e for e in events if isinstance(e, EpochDone)]
    assert all(math.isfinite(e.loss) and e.contrastive > 0 and e.seconds > 0 for e in done)
    assert trainer.epoch == 3
    assert list(trainer.run()) == []


@pytest.mark.parametrize("questions", ["distinct", "triples", "coin-flip"])
def test_it_learns(questions):
    trainer = new_trainer(
        model=NO_DROPOUT, questions=questions, epochs=30, learning_rate=0.02, label_smoothing=0.0
    )
    losses = [event.loss for event in trainer.run() if isinstance(event, EpochDone)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("questions", ["distinct", "triples", "coin-flip"])
def test_what_an_epoch_asks(monkeypatch, questions):
    trainer = new_trainer(questions=questions, epochs=2, contrastive=0.0)
    asked = []

    def record(data, *rest):
        for row, answer in zip(data.rows.tolist(), data.answers.tolist(), strict=True):
            entity, relation, head = (int(part[row]) for part in data.queries)
            asked.append((answer, relation, entity) if head else (entity, relation, answer))
        sizes.append((len(data.queries.entity), len(data.rows)))
        return torch.zeros(2)

    monkeypatch.setattr(trainer, "_step", record)
    sizes = []
    steps = [event for event in trainer.run() if isinstance(event, StepDone)]
    assert len(steps) == 2 * trainer.steps_per_epoch
    times = 1 if questions == "coin-flip" else 2
    triples = list(map(tuple, trainer.train.tolist()))
    assert sorted(asked) == sorted(triples * times * 2)
    assert max(questions_in for questions_in, _ in sizes) <= 16
    assert any(many > alone for alone, many in sizes) is (questions == "distinct")
    half = len(asked) // 2
    assert asked[:half] != asked[half:]  # another order in the second epoch


def test_a_step_minimises_the_sum_of_both_losses():
    """One step of plain loss code on a copy changes the parameters in the same way."""
    settings = {"batch_size": 1000, "contrastive_entities": 1000, "contrastive": 0.3, "epochs": 1}
    trainer = new_trainer(
        model=NO_DROPOUT, label_smoothing=0.1, clip=0.05, schedule="constant", **settings
    )
    copy = new_trainer(model=NO_DROPOUT, **settings).model
    optimizer = torch.optim.Adam(copy.parameters(), lr=trainer.settings.learning_rate)
    entities, relations = copy.entity_vectors(), copy.relation_vectors()
    everything = trainer._every_question
    logits = copy.scores(everything.queries, entities, relations)
    rows = torch.repeat_interleave(torch.arange(len(everything)), everything.start.diff())
    target = torch.zeros(len(rows), len(entities)).scatter_(1, everything.answers[:, None], 0.9)
    target += 0.1 / len(entities)
    link = -(target * logits[rows].log_softmax(1)).sum(1).mean()
    contrast = contrastive_loss(entities, copy.views(copy.read()), 0.5)
    (link + 0.3 * contrast).backward()
    norm = torch.nn.utils.clip_grad_norm_(copy.parameters(), 0.05)
    assert norm > 0.05
    optimizer.step()
    *_, done = trainer.run()
    assert done.loss == pytest.approx(link.item(), rel=1e-5)
    assert done.contrastive == pytest.approx(contrast.item(), rel=1e-5)
    # Adam's first step is the sign of the gradient: compare where that is not a matter of noise.
    for (name, ours), theirs in zip(
        trainer.model.named_parameters(), copy.parameters(), strict=True
    ):
        clear = theirs.grad.abs() > 1e-6
        torch.testing.assert_close(ours[clear], theirs[clear], atol=2e-5, rtol=0, msg=name)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_link_loss_of_grouped_questions(smoothing):
    torch.manual_seed(1)
    scores = torch.randn(4, 9, dtype=torch.float64, requires_grad=True)
    rows = torch.tensor([0, 0, 0, 1, 2, 2, 3])
    answers = torch.tensor([1, 5, 8, 0, 2, 3, 3])
    expected = torch.zeros((), dtype=torch.float64)
    for row, answer in zip(rows.tolist(), answers.tolist(), strict=True):
        expected = expected + torch.nn.functional.cross_entropy(
            scores[row], torch.tensor(answer), label_smoothing=smoothing
        )
    found = link_loss(scores, rows, answers, smoothing)
    torch.testing.assert_close(found, expected)
    ours, theirs = (
        torch.autograd.grad(loss, scores, retain_graph=True)[0] for loss in (found, expected)
    )
    torch.testing.assert_close(ours, theirs)


def test_grouping_changes_no_sum():
    """Answers of one question cost the same together as asked one by one."""
    losses = []
    for questions in ("distinct", "triples"):
        trainer = new_trainer(
            model=NO_DROPOUT,
            questions=questions,
            epochs=1,
            learning_rate=1e-9,  # so that later steps meet the same model
            label_smoothing=0.0,
            batch_size=7,
        )
        *_, done = trainer.run()
        losses.append(done.loss)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_every_answer_counts_the_same_whatever_its_batch(monkeypatch):
    """Over an epoch in which nothing moves, gradients add up to those of the mean loss."""
    options = {"label_smoothing": 0.0, "contrastive": 0.0, "clip": 1e9, "epochs": 1}
    trainer = new_trainer(model=NO_DROPOUT, batch_size=7, **options)
    sums = {}

    def add_up(loss, learning_rate):
        trainer.model.zero_grad()
        loss.backward()
        for name, parameter in trainer.model.named_parameters():
            sums[name] = sums.get(name, 0) + parameter.grad

    monkeypatch.setattr(trainer.optimizer, "step", add_up)
    list(trainer.run())
    copy = new_trainer(model=NO_DROPOUT, **options)
    everything, model = copy._every_question, copy.model
    queries = everything.queries
    scores = model.scores(queries, model.entity_vectors(), model.relation_vectors())
    rows = torch.repeat_interleave(torch.arange(len(everything)), everything.start.diff())
    mean = link_loss(scores, rows, everything.answers) / len(everything.answers)
    (trainer.steps_per_epoch * mean).backward()
    assert trainer.steps_per_epoch > 5
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(sums[name], parameter.grad, rtol=1e-3, atol=1e-5, msg=name)


def test_no_contrastive_loss_is_never_computed(monkeypatch):
    trainer = new_trainer(contrastive=0.0, epochs=1)

    def never(*arguments):
        raise AssertionError("not asked for")

    monkeypatch.setattr(trainer.model, "views", never)
    *_, done = trainer.run()
    assert done.contrastive == 0


def test_bf16_stays_finite():
    trainer = new_trainer("tucker", precision="bf16", epochs=3)
    events = [event for event in trainer.run() if isinstance(event, EpochDone)]
    assert all(math.isfinite(event.loss) for event in events)
    for name, parameter in trainer.model.named_parameters():
        assert parameter.dtype == torch.float32, name
        assert torch.isfinite(parameter).all(), name


@pytest.mark.parametrize("questions", ["distinct", "coin-flip"])
@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_batches_of_one_question(questions, batch_size):
    """Batch normalisation has no variance to divide by then."""
    trainer = new_trainer(
        "tucker",
        train=np.array([[0, 0, 1], [0, 0, 2], [3, 1, 4]]),
        batch_size=batch_size,
        questions=questions,
        epochs=2,
    )
    *_, done = trainer.run()
    assert math.isfinite(done.loss)
    assert all(torch.isfinite(parameter).all() for parameter in trainer.model.parameters())


def test_a_loss_that_is_no_number_raises():
    trainer = new_trainer(epochs=2)
    with torch.no_grad():
        trainer.model.relation.weight.fill_(math.nan)
    problem = r"not a finite number in epoch 1, step 1 of \d+\. Train with a smaller"
    with pytest.raises(MygoError, match=problem):
        list(trainer.run())
    assert trainer.epoch == 0
