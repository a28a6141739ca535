"""mygo bench measures: figures that hang together, of a generated graph and of a given one."""

from __future__ import annotations

import json
import re

import pytest

SMALL = ("--dim", 8, "--feed-forward", 8, "--heads", 2, "--batch-size", 64, "--device", "cpu")


@pytest.mark.slow
def test_a_generated_graph_against_the_literal_step(mygo):
    words = ("bench", "--entities", 300, *SMALL, "--repeats", 2, "--against", "literal", "--json")
    ended = mygo(*words)
    assert ended.code == 0, ended.err
    figures = json.loads(ended.out)
    assert figures["graph"] == {"name": "generated", "entities": 300, "triples": 1800}
    assert figures["steps_per_epoch"] == 29  # each triple for one side
    steps = figures["steps_per_epoch"] * figures["seconds_per_step"]
    assert figures["seconds_per_epoch"] == pytest.approx(steps)
    ratio = figures["literal_seconds_per_step"] / figures["seconds_per_step"]
    assert figures["times_as_fast_as_literal"] == pytest.approx(ratio)
    # TuckER's core alone: 64 questions times 8 x 8 x 8, forward once and backward twice.
    assert figures["operations_per_step"] > 2 * 3 * 64 * 8**3
    assert 0 < figures["share_of_product_ceiling"] < 1
    assert figures["peak_bytes"] > 50 << 20
    assert figures["questions_ranked_per_second"] > 100
    assert figures["pictures_tokenized_per_second"] is None


@pytest.mark.slow
def test_a_graph_with_pictures_as_a_table(mygo):
    ended = mygo("bench", *SMALL, "--repeats", 1, "--decoder", "dot")
    assert ended.code == 0, ended.err
    assert "world: 656 entities, 10,003 triples" in ended.out
    for row in (
        r"training step +[\d,.]+ m?s",
        r"epoch +[\d,.]+ m?s",
        r"peak memory of training +0\.\d\d GiB",
        r"share of that in a step +\d+%",
        r"questions ranked +[\d,]+ a second",
        r"pictures tokenized +[\d,]+ a second",
    ):
        assert re.search(row, ended.out), row
    assert "literal" not in ended.out


def test_a_wrong_setting_is_one_line(mygo):
    ended = mygo("bench", "--entities", 30, "--dim", 9, "--heads", 2)
    assert ended.code == 2
    assert "--dim 9 must be a multiple of --heads 2" in ended.err


@pytest.mark.slow
def test_a_graph_without_pictures(mygo, tmp_path):
    lines = "".join(f"e{n}\tr\te{(n + 1) % 9}\n" for n in range(9))
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "train.txt").write_text(lines)
    ended = mygo("bench", *SMALL, "--data", "plain", "--repeats", 1, "--decoder", "dot", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["pictures_tokenized_per_second"] is None
