"""What the help of each command ends with: lines that can be typed as they stand."""

from __future__ import annotations

EXAMPLES = {
    "quickstart": ("mygo quickstart",),
    "init": (
        "mygo init my-graph facts.csv",
        "mygo init my-graph products.xlsx --images photos",
        "mygo init my-graph facts.csv --head product --relation part --tail of --yes",
    ),
    "import official": (
        "mygo import official MyGO --dataset DB15K -o DB15K",
        "mygo import official MyGO --dataset DB15K -o DB15K --checkpoint model.ckpt",
    ),
    "import openke": ("mygo import openke FB15K237 -o fb15k-237",),
    "import libkge": ("mygo import libkge wnrr -o wn18rr",),
    "import pykeen": ("mygo import pykeen nations -o nations-graph",),
    "import mmkb": (
        "mygo import mmkb DB15K -o db15k",
        "mygo import mmkb DB15K -o db15k --images PICTURES",
    ),
    "import kg-bert": ("mygo import kg-bert FB15k-237 -o fb15k-237",),
    "import rdf": ("mygo import rdf facts.ttl -o my-graph",),
    "import tokens": (
        "mygo import tokens tokens.json --codebook codes.npy --modality image --data my-graph",
    ),
    "data info": ("mygo data info --data my-graph", "mygo data info -f json"),
    "data check": ("mygo data check --data my-graph", "mygo data check --strict --no-media"),
    "tokenize": (
        "mygo tokenize --data my-graph",
        "mygo tokenize --image-backend beitv2 --no-text",
        "mygo tokenize --limit 20",
    ),
    "tokens show": (
        "mygo tokens show kenya",
        "mygo tokens show kenya --html kenya.html",
    ),
    "tokens words": ("mygo tokens words --html words.html",),
    "tokens stats": ("mygo tokens stats --data my-graph",),
    "tokens probe": (
        "mygo tokens probe --data my-graph",
        "mygo tokens probe --relation grows",
        "mygo tokens probe --run first --side head",
    ),
    "cache info": ("mygo cache info", "mygo cache info -o caches.csv"),
    "cache verify": ("mygo cache verify --data my-graph",),
    "cache codebook": ("mygo cache codebook CACHE.h5 codebook.npy",),
    "cache merge": ("mygo cache merge whole.h5 shard-1.h5 shard-2.h5",),
    "train": (
        "mygo train --data my-graph --name first",
        "mygo train --recipe db15k --data DB15K --seed 1",
        "mygo train --decoder distmult --no-image",
        "mygo train --resume mygo-work/runs/RUN",
    ),
    "recipes": ("mygo recipes", "mygo recipes db15k"),
    "experiment": (
        "mygo experiment ablation --seeds 3 --dry-run",
        "mygo experiment my-experiment.toml --data my-graph",
    ),
    "tune": (
        "mygo tune --data my-graph --budget 30m",
        "mygo tune --data my-graph --budget 2h --decoder distmult --epochs 60",
    ),
    "runs": (
        "mygo runs",
        "mygo runs --runs-dir mygo-work/experiments/ablation_world/runs -f csv",
    ),
    "evaluate": ("mygo evaluate", "mygo evaluate --run first --split valid --relations"),
    "compare": ("mygo compare first second", "mygo compare a0,a1,a2 b0,b1,b2 --by relation"),
    "rank": (
        "mygo rank --head Japan --relation imports_from",
        "mygo rank --relation grows --tail coffee --hide-known",
        "mygo rank --head Kenya --tail tea",
        'mygo rank --head-image flag.png --head-text "An island state" --relation religion',
        "mygo rank --file questions.tsv --top 3 -o answers.csv",
    ),
    "score": (
        "mygo score Kenya grows tea",
        "mygo score --file facts.tsv -o scored.csv",
        "mygo score --file - -f json",
    ),
    "complete": (
        "mygo complete --top 1000 -o facts.tsv",
        "mygo complete --relation religion --side tail",
        "mygo complete --missing --top 50",
        "mygo complete --unlinked --top 20",
    ),
    "explain": (
        "mygo explain --head japan --relation imports_from",
        "mygo explain --head japan --relation imports_from --html japan.html",
        "mygo explain --head france --relation flag_layout --png france.png",
    ),
    "explore": ("mygo explore", "mygo explore RUN --port 9000", "mygo explore --host 0.0.0.0"),
    "plot": ("mygo plot -o curves.svg", "mygo plot RUN-A RUN-B -o curves.png"),
    "report": ("mygo report", "mygo report first -o world.html"),
    "export": (
        "mygo export -o entities.npz",
        "mygo export --what scores --split valid -o scores.parquet",
    ),
    "bench": ("mygo bench", "mygo bench --entities 15000 --against literal"),
    "backends": ("mygo backends",),
    "doctor": ("mygo doctor", "mygo doctor -o doctor.md"),
}


def epilog(*words: str) -> str | None:
    """Return the end of a command's help, for Typer: blank lines keep the lines apart."""
    lines = EXAMPLES.get(" ".join(words))
    return "\n\n".join(("For example:", *lines)) if lines else None
