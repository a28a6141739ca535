"""The table of an experiment: means over seeds, in three formats, with links."""

from __future__ import annotations

import csv
import json
import re
import statistics
from urllib.parse import unquote

import pytest

from mygo_cli.experiments.outcome import Spread, rows_of
from mygo_cli.experiments.plan import PlannedRun
from mygo_cli.experiments.tables import Table, latex, markdown, plain
from mygo_cli.runs.folder import RunFolder
from mygo_cli.runs.selection import ON_TEST
from mygo_cli.settings.sections import Settings, TrainingSettings

MRR = {0: 0.4, 1: 0.46, 2: 0.5}


def finished(folder, name, mrr, selected_by="validation MRR", splits=("valid", "test")):
    """Write what a finished run leaves."""
    run = RunFolder(folder / "runs" / name)
    run.path.mkdir(parents=True)
    values = {"mrr": mrr, "hits@1": mrr / 2, "hits@3": mrr, "hits@10": 2 * mrr, "count": 4}
    result = {
        "selected_by": selected_by,
        "splits": {split: {"overall": values} for split in splits},
    }
    run.result.write_text(json.dumps(result))
    run.metrics.write_text('{"epoch": 1, "seconds": 1.5}\n{"epoch": 2, "seconds": 2.0}\n')
    return run


@pytest.fixture
def table(tmp_path):
    """Return a table with a whole, a half and an empty row."""
    plan = [
        PlannedRun(variant, Settings(training=TrainingSettings(seed=seed)), variant)
        for seed in MRR
        for variant in ("full", "no_text & 50%|x", "[图]")
    ]
    found = {
        run.identity: finished(tmp_path, f"full seed-{run.seed}", MRR[run.seed])
        for run in plan
        if run.variant == "full"
    }
    (half,) = (run for run in plan if (run.variant, run.seed) == ("no_text & 50%|x", 1))
    found[half.identity] = finished(tmp_path, "half_seed-1", 0.3, ON_TEST, ("test",))
    return Table(tmp_path, "mine_world", "about it", tuple(MRR), rows_of(plan, found))


def test_rows(table):
    full, half, empty = table.rows
    assert full.metrics["test", "mrr"] == Spread(
        pytest.approx(statistics.mean(MRR.values())), pytest.approx(statistics.stdev(MRR.values()))
    )
    assert (full.label, full.seconds) == ("full", Spread(3.5, 0.0))
    assert half.label == "no_text & 50%|x (selected on test)"
    assert half.metrics["test", "hits@10"] == Spread(0.6, None)
    assert ("valid", "mrr") not in half.metrics
    assert (len(half.runs), half.wanted) == (1, 3)
    assert (empty.runs, empty.metrics, empty.seconds, empty.selected_by) == ({}, {}, None, "")


def test_markdown(table):
    lines = markdown(table).splitlines()
    assert lines[0] == "# mine_world"
    assert "about it" in lines
    assert any(line.startswith("Selected on test: the epoch was chosen") for line in lines)
    rows = [line for line in lines if line.startswith("| ")]
    cells = [re.split(r"(?<!\\) ?\| ?", row)[1:-1] for row in rows]
    assert {len(row) for row in cells} == {12}
    assert cells[1][:3] == ["full", "validation MRR", "0.4533 ± 0.0503"]
    assert cells[2][:3] == ["no_text & 50%\\|x (selected on test)", ON_TEST, "0.3000"]
    assert cells[3] == ["[图]", *["-"] * 11]
    for target in re.findall(r"\]\(([^)]+)\)", "\n".join(rows)):
        assert " " not in target
        assert (table.folder / unquote(target) / "result.json").exists()


def test_latex(table):
    text = latex(table)
    rows = [line for line in text.splitlines() if r"\\" in line and "$" in line]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {9}
    assert r"$0.4533 \pm 0.0503$" in rows[0]
    assert rows[0].endswith("% runs/full seed-0 runs/full seed-1 runs/full seed-2")
    assert rows[1].startswith(r"no\_text \& 50\%\textbar{}x (selected on test) & $0.3000$")
    assert "\n{[}图] & --" in text  # a [ behind a line break would be a distance
    assert "Selected on test" in text
    assert text.count(r"\begin{tabular}{lrrrrrrrrr}") == text.count(r"\end{tabular}") == 1


def test_saved(table):
    table.save()
    assert (table.folder / "table.md").read_text(encoding="utf-8") == markdown(table)
    assert (table.folder / "table.tex").read_text(encoding="utf-8") == latex(table)
    with (table.folder / "table.csv").open(encoding="utf-8") as file:
        full, half, empty = csv.DictReader(file)
    assert float(full["test_mrr_mean"]) == pytest.approx(0.4533, abs=1e-4)
    assert full["runs"].split(";")[2] == "runs/full seed-2"
    assert (half["test_mrr_std"], half["valid_mrr_mean"], half["finished"]) == ("", "", "1")
    assert half["selected_by"] == ON_TEST
    assert (empty["variant"], empty["runs"]) == ("[图]", "")
    assert plain(table.rows[0], table.folder)["runs"][0] == "runs/full seed-0"
