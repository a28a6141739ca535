"""`import mygo_cli`: the same work from Python, with the same results as the commands."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from small_world import SIZES
from test_heavy_imports import HEAVY, imported_by

import mygo_cli as mygo
from mygo_cli.errors import DataError, MygoError, UsageError
from mygo_cli.runs.answers import Answer
from mygo_cli.runs.rows import Rows

QUICKLY = {name.replace("-", "_"): value for name, value in SIZES.items()}


@pytest.fixture
def run(trained):
    return mygo.open_run(device="cpu", runs_dir=trained)


def train(world, caches, tmp_path, **more):
    places = {"cache_dir": caches, "runs_dir": tmp_path / "runs"}
    return mygo.train(world, **places, **QUICKLY, **more)


def printed(mygo, trained, *words):
    return json.loads(mygo(*words, "--runs-dir", trained, "--device", "cpu", "--json").out)


# The door


def test_importing_it_is_light(tmp_path):
    code = "import mygo_cli; assert 'train' in dir(mygo_cli); mygo_cli.read_graph"
    assert imported_by(code, cwd=tmp_path) & HEAVY <= {"numpy"}
    assert not imported_by("import mygo_cli", cwd=tmp_path) & HEAVY


def test_every_name_is_there():
    for name in mygo.__all__:
        assert callable(getattr(mygo, name))
    with pytest.raises(AttributeError, match="no attribute 'teach'"):
        mygo.teach  # noqa: B018


def test_a_graph_in_a_line(world):
    graph = mygo.read_graph(world)
    said = f"20 entities, 3 relations; triples: {len(graph.train)} train, 10 valid, 10 test"
    assert repr(graph) == f"<KnowledgeGraph small: {said}>"


# Train


def test_train_is_the_command(world, caches, run, tmp_path):
    """The same settings give the same model, to the last bit."""
    told = []
    found = train(world, caches, tmp_path, progress=lambda *step: told.append(step))
    np.testing.assert_array_equal(found.entity_vectors(), run.entity_vectors())
    assert found.settings == run.settings
    assert [row["epoch"] for row in found.history] == [1, 2, 3]
    assert told[0][:2] == ("train", 0)
    assert told[-1] == ("train", told[-1][2], told[-1][2])
    assert (found.folder.path / "README.md").exists()


def test_tokens_that_are_given(world, caches, tmp_path):
    (image,) = caches.glob("small/image-*.h5")
    found = train(world, "nowhere", tmp_path, tokens=[image])
    assert found.has_tokens("image") is not None
    assert found.has_tokens("text") is None
    table = mygo.load_tokens(str(image), found.graph, keep=3)
    assert table.ids.shape == (20, 3)
    np.testing.assert_array_equal(found.has_tokens("image").numpy(), table.mask.any(1))
    none = train(world, caches, tmp_path, tokens=[image], image=False)
    assert none.settings.tokens.image.cache is None


def test_settings_of_another_run(world, caches, run, tmp_path):
    for settings in (run.settings, run.folder.config):
        found = mygo.train(
            mygo.read_graph(world),
            settings=settings,
            decoder="dot",
            decoder_options={},
            epochs=1,
            runs_dir=tmp_path / "runs",
        )
        assert found.settings.decoder.name == "dot"
        assert found.settings.model == run.settings.model
        assert len(found.history) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch": 3}, "train has no option epoch. Did you mean epochs"),
        ({"folder": "x"}, "train has no option folder."),
        ({"epochs": 0}, "epochs"),
        ({"decoder": "tukker"}, "tukker"),
        ({"decoder_options": {"depth": 2}}, "depth"),
        ({"recipe": "db51k"}, "Did you mean db15k"),
    ],
)
def test_wrong_options(world, tmp_path, options, message):
    with pytest.raises(MygoError, match=message):
        mygo.train(world, runs_dir=tmp_path, **options)
    assert not list(tmp_path.iterdir())


# Ask


def test_rank_is_the_command(run, mygo, trained):
    found = run.rank(head="kenya", relation="grows", top=4)
    words = ("--head", "kenya", "--relation", "grows", "--top", 4)
    assert found.records() == printed(mygo, trained, "rank", *words)
    new = run.rank(relation="grows", tail="Tea", top=99, hide_known=True)
    assert {answer.known for answer in new} == {None}
    assert {(answer.tail, answer.asked) for answer in new} == {("tea", "head")}


def test_the_relation_that_is_missing(run, mygo, trained):
    found = run.rank(head="kenya", tail="Tea")
    assert found.records() == printed(mygo, trained, "rank", "--head", "kenya", "--tail", "tea")
    assert {answer.relation for answer in found} == set(run.graph.relations)
    assert str(found).splitlines()[0] == "(Kenya, ?, Tea)"


@pytest.mark.parametrize("question", [{}, {"head": "kenya"}, {"relation": "grows"}])
def test_no_question(run, question):
    with pytest.raises(UsageError, match="Give two of head, relation and tail"):
        run.rank(**question)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda run: run.evaluate("tset"), r"tset is no split\. Did you mean test\?"),
        (
            lambda run: run.score_facts([("kenya", "grows")]),
            r"is no fact\. Give head, relation",
        ),
        (lambda run: run.score(["kenya"]), r"'kenya' is no fact"),
        (
            lambda run: run.rank("kenya", "grows", top=0),
            r"top=0 will not do\. Give a whole number, 1 or more",
        ),
        (lambda run: run.rank("kenya", tail="tea", top=-1), r"top=-1 will not do"),
        (lambda run: run.complete(top=0), r"top=0 will not do"),
        (
            lambda run: run.export("x.tsv", "scors"),
            r"no scors\. Did you mean scores\?",
        ),
    ],
)
def test_mistakes_say_what_to_type(run, wrong, message):
    with pytest.raises(UsageError, match=message):
        wrong(run)


def test_evaluate_is_the_command(run, mygo, trained):
    told = []
    report = run.evaluate("valid", progress=lambda *step: told.append(step))
    words = ("evaluate", "--split", "valid")
    assert report.overall.mrr == printed(mygo, trained, *words)["overall"]["mrr"]
    assert told[-1][0] == "rank valid"
    with pytest.raises(DataError, match="has no test triples"):
        replace(run, graph=replace(run.graph, test=run.graph.test[:0])).evaluate()


def test_complete_is_the_command(run, mygo, trained):
    found = run.complete(top=5, relation="grows")
    words = ("complete", "--top", 5, "--relation", "grows")
    assert found.records() == printed(mygo, trained, *words)
    with pytest.raises(UsageError, match="very many pairs"):
        run.complete(pairs="all")


def test_scores(run):
    graph = run.graph
    named = [("kenya", "grows", "Tea"), ("PERU", "likes", "new zealand")]
    found = run.score(named)
    assert (found.dtype, found.shape) == (np.float32, (2,))
    answers = run.rank(head="kenya", relation="grows", top=99)
    (tea,) = (answer.score for answer in answers if answer.tail == "tea")
    assert found[0] == pytest.approx(tea, rel=1e-4)
    rows = np.array(
        [(graph.find_entity(h), graph.find_relation(r), graph.find_entity(t)) for h, r, t in named]
    )
    np.testing.assert_array_equal(run.score(rows), found)
    assert run.score([]).shape == (0,)
    with pytest.raises(UsageError, match="Did you mean kenya"):
        run.score([("kenia", "grows", "tea")])


def test_score_is_the_command(run, mygo, trained):
    found = run.score_facts([("kenya", "grows", "Tea")])
    assert found.records() == printed(mygo, trained, "score", "Kenya", "grows", "tea")
    assert run.score([("kenya", "grows", "Tea")])[0] == found[0].tail_score
    told = []
    everything = run.score_facts(run.graph.test, 4, lambda *step: told.append(step))
    ranks = [rank for fact in everything for rank in (fact.tail_rank, fact.head_rank)]
    assert np.mean(np.reciprocal(ranks)) == pytest.approx(run.evaluate("test").overall.mrr)
    assert {fact.known for fact in everything} == {"test"}
    assert told[-1] == ("score", 20, 20)
    assert len(run.score_facts([])) == 0


def test_vectors_and_files(run, tmp_path):
    entities, relations = run.entity_vectors(), run.relation_vectors()
    assert (entities.shape, relations.shape) == ((20, 8), (3, 8))
    run.export(tmp_path / "relations.npz", what="relations")
    run.export(tmp_path / "scores.tsv", what="scores")
    with np.load(tmp_path / "relations.npz") as file:
        np.testing.assert_array_equal(file["vector"], relations)
    assert len((tmp_path / "scores.tsv").read_text().splitlines()) == 1 + len(run.graph.test)
    with pytest.raises(UsageError, match="does not say its format"):
        run.export(tmp_path / "entities.xlsx")


def test_the_hold_out_is_cut_again(world, caches, tmp_path):
    """A run's graph is that of training, wherever it is opened."""
    found = train(world, caches, tmp_path, holdout=0.2)
    again = mygo.open_run(found.folder.path, data=mygo.read_graph(world), device="cpu")
    assert len(found.graph.train) < len(mygo.read_graph(world).train)
    for split in ("train", "valid", "test", "other"):
        np.testing.assert_array_equal(getattr(found.graph, split), getattr(again.graph, split))
    assert "graph small, on cpu" in repr(again)


def test_another_graph(run, tmp_path):
    (tmp_path / "train.txt").write_text("a\tr\tb\n")
    with pytest.raises(DataError, match="was trained on the graph small"):
        mygo.open_run(run.folder.path, data=tmp_path)


# Rows


def test_a_table(run):
    found = run.rank(head="kenya", relation="grows", top=2)
    title, header, *rows = str(found).splitlines()
    assert title == "(Kenya, grows, ?)"
    assert header.split() == ["rank", "entity", "name", "probability", "confidence", "fact"]
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert found[0].entity == found[0].tail
    assert [answer.rank for answer in found[1:]] == [2]
    assert found._repr_html_().startswith("<table><caption>(Kenya, grows, ?)</caption><thead><tr>")
    assert "<td>2</td>" in found._repr_html_()


def test_html_is_escaped():
    row = Answer(1, "a", "r", "<b>", "tail", "<b>", 1.0, 0.5, "train")
    assert "<td>&lt;b&gt;</td>" in Rows(Answer, [row])._repr_html_()
    assert "known (train)" in str(Rows(Answer, [row]))
    assert str(Rows(Answer, [])).split()[0] == "rank"


def test_a_data_frame(run):
    pandas = pytest.importorskip("pandas")
    found = run.complete(top=3)
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.to_dict("records") == found.records()
    assert list(found[:0].to_pandas().columns) == list(frame.columns)


def test_no_pandas(run, monkeypatch):
    assert run.calibration is not None  # scikit-learn, if it fits one, looks for pandas itself
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MygoError, match="pip install pandas"):
        run.rank(head="kenya", relation="grows").to_pandas()
