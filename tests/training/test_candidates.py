"""Training on a sample of the entities: the estimate, its limits and what a step touches."""

from __future__ import annotations

import math
from contextlib import closing

import numpy as np
import pytest
import torch
from tiny_training import ENTITIES, follow, new_fit, same, tiny_graph, tiny_settings, tiny_table

from mygo_cli.bench.worker import StepTimer
from mygo_cli.bench.workload import generated
from mygo_cli.model.link_loss import Sample, link_loss
from mygo_cli.model.queries import Queries, ask
from mygo_cli.runs.assemble import build_model
from mygo_cli.runs.checkpoint import load_checkpoint
from mygo_cli.settings.sections import ModelOptions, Settings, TrainingSettings
from mygo_cli.training.candidates import CandidateSampler, log_share, questions_naming
from mygo_cli.training.fit import EpochValidated, resume
from mygo_cli.training.loop import EpochDone, Trainer

RATES = ("dropout", "structure_dropout", "image_dropout", "text_dropout")
NO_DROPOUT = {**dict.fromkeys(RATES, 0.0), "expert_dim": 0}


def new_trainer(decoder="distmult", **training):
    settings = tiny_settings(training=training, model=NO_DROPOUT, decoder={"name": decoder})
    torch.manual_seed(0)
    network = build_model(settings, tiny_graph(), tiny_table(0), tiny_table(1))
    return Trainer(network, tiny_graph().train, settings.training)


def trained(**training):
    trainer = new_trainer(**training)
    done = [event for event in trainer.run() if isinstance(event, EpochDone)]
    return trainer.model, done


# The loss


def random_questions(candidates=11):
    torch.manual_seed(3)
    scores = torch.randn(4, candidates, dtype=torch.float64, requires_grad=True)
    rows, answers = torch.tensor([0, 0, 1, 2, 3]), torch.tensor([1, 5, 0, 10, 3])
    asked = Queries(torch.tensor([2, 2, 7, 3]), torch.zeros(4).long(), torch.zeros(4).bool())
    return scores, rows, answers, asked


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_sample_of_all_is_the_full_loss(smoothing):
    scores, rows, answers, asked = random_questions()
    full = link_loss(scores, rows, answers, smoothing)
    sample = Sample.of(torch.zeros(11).double(), asked, rows, answers)
    sampled = link_loss(scores, rows, answers, smoothing, sample)
    torch.testing.assert_close(sampled, full, rtol=1e-12, atol=1e-12)
    ours, theirs = (torch.autograd.grad(loss, scores)[0] for loss in (sampled, full))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_each_candidate_stands_for_as_many_as_it_was_unlikely():
    scores, rows, answers, asked = random_questions()
    shares = torch.rand(11, dtype=torch.float64)
    expected = 0.0
    for row, answer in zip(rows.tolist(), answers.tolist(), strict=True):
        own = {int(asked.entity[row]), *answers[rows == row].tolist()}
        total = sum(
            math.exp(scores[row, c].item()) / (1.0 if c in own else shares[c].item())
            for c in range(11)
        )
        expected += math.log(total) - scores[row, answer].item()
    sample = Sample.of(shares.log(), asked, rows, answers)
    found = link_loss(scores, rows, answers, 0.0, sample)
    assert found.item() == pytest.approx(expected, rel=1e-12)


# The sample


@pytest.mark.parametrize("grouped", [True, False])
def test_shares_are_how_often_entities_get_in(grouped):
    questions = ask(tiny_graph().train, group=grouped)
    size, draws, trials = len(questions) // 9, 3, 4000
    sampler = CandidateSampler(questions, ENTITIES, size, draws)
    source = torch.Generator().manual_seed(1)
    counts = torch.zeros(ENTITIES)
    for _ in range(trials):
        order = torch.randperm(len(questions), generator=source)[:size]
        some = questions.reordered(order)
        rows, shares = sampler.draw(torch.cat((some.entity, some.answers)), source)
        assert torch.equal(rows, rows.unique())
        assert len(shares) == len(rows)
        counts[rows] += 1
    expected = log_share(questions, ENTITIES, size, draws).exp()
    assert expected.min() < 0.7
    torch.testing.assert_close(counts / trials, expected, rtol=0, atol=4 * 0.5 / trials**0.5)


def test_an_entity_of_no_question_gets_in_by_chance_alone():
    questions = ask(np.array([[0, 0, 1], [1, 0, 0]]))
    shares = log_share(questions, 4, 1.0, 5).exp().tolist()
    assert shares[2] == pytest.approx(1 - (3 / 4) ** 5)
    # Each of the four questions names both other entities, so any batch brings them.
    assert shares[:2] == [1.0, 1.0]


def test_questions_that_name_an_entity_twice_count_once():
    questions = ask(np.array([[0, 0, 0], [0, 0, 1]]))
    assert questions_naming(questions, 3).tolist() == [3, 2, 0]


# Training


class Everyone:
    """A sampler whose luck brings every entity."""

    def draw(self, needed, source):
        return torch.arange(ENTITIES), torch.zeros(ENTITIES)


@pytest.mark.parametrize("questions", ["distinct", "coin-flip"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_candidates_that_cover_all_train_as_all_do(questions, smoothing):
    common = {"epochs": 4, "label_smoothing": smoothing, "questions": questions, "clip": 0.3}
    losses = []
    for candidates in (0, 1):
        trainer = new_trainer(candidates=candidates, **common)
        if candidates:
            trainer._sampler = Everyone()
        losses.append([e.loss for e in trainer.run() if isinstance(e, EpochDone)])
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[0][0] > 1.02 * losses[0][-1]


@pytest.mark.parametrize("candidates", [ENTITIES, 10 * ENTITIES])
def test_as_many_candidates_as_entities_is_training_on_all(candidates):
    full, _ = trained(epochs=1)
    model, _ = trained(epochs=1, candidates=candidates)
    assert not model.entity_encoder.structure.sparse
    for ours, theirs in zip(model.parameters(), full.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_step_moves_the_structure_of_its_own_entities_only():
    trainer = new_trainer(candidates=1, batch_size=2, epochs=1)
    structure = trainer.model.entity_encoder.structure.weight
    before, drawn = structure.detach().clone(), []
    draw = trainer._sampler.draw

    def remember(needed, source):
        drawn.append(draw(needed, source))
        return drawn[-1]

    trainer._sampler.draw = remember
    next(trainer.run())
    moved = (structure != before).any(1).nonzero()[:, 0]
    assert 0 < len(moved) < ENTITIES
    assert moved.tolist() == drawn[0][0].tolist()
    assert structure.grad.is_sparse


def test_the_gradient_is_clipped_over_all_parameters():
    trainer = new_trainer(candidates=3, batch_size=4, epochs=1, clip=0.01)
    next(trainer.run())
    squares = [
        (p.grad.coalesce().values() if p.grad.is_sparse else p.grad).square().sum()
        for p in trainer.model.parameters()
    ]
    assert sum(squares).sqrt().item() == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("decoder", ["tucker", "dot", "transe"])
def test_it_learns(decoder):
    _, done = trained(decoder=decoder, candidates=4, epochs=40, learning_rate=0.02)
    assert done[-1].loss < 0.93 * done[0].loss


def test_a_resumed_run_draws_what_it_would_have_drawn(tmp_path):
    settings = tiny_settings(training={"epochs": 4, "candidates": 3})
    straight = new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))
    follow(straight)
    content = load_checkpoint(straight.folder.last)
    assert set(content["optimizer"]) == {"adam", "sparse_adam"}
    again = new_fit(tmp_path, settings, None, tiny_table(0), tiny_table(1))
    with closing(again.events()) as events:
        for event in events:
            if isinstance(event, EpochValidated) and event.epoch.epoch == 2:
                break
    third = resume(again.folder, settings, tiny_graph(), torch.device("cpu"))
    follow(third)
    same(load_checkpoint(third.folder.last), content)


def test_memory_of_a_step_does_not_grow_with_the_graph():
    small = Settings(
        model=ModelOptions(dim=32, feed_forward=64, expert_dim=0),
        training=TrainingSettings(batch_size=64, candidates=128, contrastive_entities=32),
    )
    taken = []
    for entities in (2_000, 20_000):
        timer = StepTimer(generated(entities), small, literal=False)
        timer.step()
        taken.append(timer.memory())
    assert taken[0] > 1 << 20
    assert taken[1] < 1.25 * taken[0]
