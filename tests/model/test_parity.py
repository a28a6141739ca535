"""The model agrees with the published implementation on its own weights and inputs."""

from __future__ import annotations

import pytest
import torch
from official_cases import load_case

from mygo_cli.model.link_loss import link_loss
from mygo_cli.model.queries import Queries


def close(ours: torch.Tensor, theirs: object) -> None:
    """Assert agreement to 1e-4 relative to the largest expected value."""
    expected = torch.as_tensor(theirs)
    assert ours.shape == expected.shape
    error = (ours - expected).abs().max() / expected.abs().max()
    assert error < 1e-4, f"relative error {error:.2e}"


@pytest.mark.parametrize("name", ["mygo_tiny_tucker", "mygo_tiny_dot", "mygo_tiny_two_layer"])
def test_evaluation_mode(name: str) -> None:
    model, case = load_case(name, dropout=0.3)  # dropout must be silent in evaluation
    model.eval()
    head, relation, tail = (torch.from_numpy(case[key]) for key in ("head", "relation", "tail"))
    with torch.inference_mode():
        entities, relations = model.entity_vectors(), model.relation_vectors()
        ask_head = torch.ones(len(head), dtype=torch.bool)
        tail_scores = model.scores(Queries(head, relation, ~ask_head), entities, relations)
        head_scores = model.scores(Queries(tail, relation, ask_head), entities, relations)
    context = model.triple_encoder.context_token[None]
    close(torch.cat((entities, context)).detach(), case["entity_embeddings"])
    close(relations, case["relation_embeddings"])
    close(tail_scores, case["tail_query_scores"])
    close(head_scores, case["head_query_scores"])
    scores, answers = torch.cat((tail_scores, head_scores)), torch.cat((tail, head))
    loss = link_loss(scores, torch.arange(len(answers)), answers) / len(answers)
    close(loss, case["cross_entropy"])


def test_twelve_training_steps() -> None:
    model, case = load_case("mygo_tiny_training")
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses, norms = [], []
    for triples, ask_head in zip(case["triples"], case["predict_head"], strict=True):
        head, relation, tail = torch.from_numpy(triples).T
        predict_head = torch.from_numpy(ask_head)
        queries = Queries(torch.where(predict_head, tail, head), relation, predict_head)
        answers = torch.where(predict_head, head, tail)
        scores = model.scores(queries, model.entity_vectors(), model.relation_vectors())
        loss = link_loss(scores, torch.arange(len(answers)), answers) / len(answers)
        optimizer.zero_grad()
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1))
        optimizer.step()
        losses.append(loss.detach())
    close(torch.stack(losses).double(), case["losses"])
    close(torch.stack(norms).double(), case["grad_norms"])
