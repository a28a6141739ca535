"""Damaged inputs and odd options at scale: `python tests/attacks/mutated_inputs.py --seconds 600`.

Each trial damages one file of a small graph, its caches or its run, or makes up options, and runs
a command on it in this process. What must not be: a traceback, "fault in mygo", a command that
hangs, or, where checksums stand, an answer that differs from that of the undamaged file. Prints the
counts as JSON, and each failure with the seed that brings it back with `--only SEED`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "commands"), str(TESTS / "tokens"), str(TESTS / "attacks")]

import numpy as np  # noqa: E402
from mutation import HOSTILE, damage  # noqa: E402
from small_world import QUICK, write_caches, write_world  # noqa: E402

from mygo_cli import console  # noqa: E402
from mygo_cli.app import main  # noqa: E402
from mygo_cli.commands.subcommands import LISTED  # noqa: E402

# Neither long work, nor a server, nor what looks for weights elsewhere.
LEFT_OUT = {"bench", "experiment", "explore", "quickstart", "tokenize", "tune"}
NAMES = sorted(set(LISTED) - LEFT_OUT)
MEMORY = 8 << 30  # bytes, beyond which this process gets none: the machine is not to suffer
HANGS = 60.0  # seconds of the processor: the machine may be busy
WAITS = 900  # seconds
ASKED = ("--head", "kenya", "--relation", "grows")
TABLES = ("table.csv", "table.json", "table.xlsx", "table.parquet")
RUN = ("--run", "run", "--data", "world", "--device", "cpu")
ANSWERS = (
    ("rank", *ASKED, *RUN, "--json"),
    ("evaluate", *RUN, "--json"),
    ("complete", *RUN, "--top", "3", "--json"),
    ("export", "--run", "run", "--data", "world", "-o", "-", "-f", "tsv"),
    ("score", "--head", "kenya", "--relation", "grows", "--tail", "tea", *RUN, "--json"),
)
TRAIN = ("train", "--data", "world", "--cache-dir", "caches")
TOKENS = (
    ("tokens", "show", "kenya", "--data", "world", "--cache-dir", "caches", "--json"),
    ("tokens", "stats", "--data", "world", "--cache-dir", "caches", "--json"),
    (*TRAIN, "--runs-dir", "new", "--json", *QUICK),
    ("cache", "codebook", "CACHE", "out.npy"),
    ("cache", "verify", "CACHE"),
)
GRAPH = (
    ("data", "info", "--data", "world", "--json"),
    ("data", "check", "--data", "world", "--json"),
    ("rank", *ASKED, *RUN, "--json"),
)
# What is damaged, the commands that read it, and whether checksums make a changed answer a failure.
REPORT = ("report", "--run", "run", "-o", "p.html")
RUNS = ("runs", "--runs-dir", ".", "--json")
RESUME = ("train", "--resume", "run", "--json")
SCHEMA = ("complete", *RUN, "--missing", "--schema", "schema.toml", "--top", "3")
TARGETS: tuple[tuple[str, tuple[tuple[str, ...], ...], bool], ...] = (
    ("run/checkpoints/best.pt", ANSWERS, False),
    ("run/checkpoints/last.pt", (RESUME,), False),
    ("caches/world/image*.h5", TOKENS, True),
    ("caches/world/text*.h5", TOKENS, True),
    ("run/config.toml", (*ANSWERS[:2], RUNS, RESUME), False),
    ("run/environment.json", (REPORT, ANSWERS[0]), False),
    ("run/result.json", (RUNS, ANSWERS[0]), False),
    ("run/metrics.jsonl", (REPORT, RUNS, RESUME), False),
    ("run/calibration.json", (ANSWERS[0],), False),
    ("world/train.txt", GRAPH, False),
    ("world/test.txt", GRAPH, False),
    ("world/entities.tsv", GRAPH, False),
    ("world/descriptions.tsv", GRAPH, False),
    ("world/images/japan/1.png", (("data", "check", "--data", "world"),), False),
    *((name, (("init", "g", name, "--yes"),), False) for name in TABLES),
    ("schema.toml", (SCHEMA,), False),
    ("questions.tsv", (("rank", "--file", "questions.tsv", *RUN),), False),
    ("facts.tsv", (("score", "--file", "facts.tsv", *RUN),), False),
)
WORDS = (
    *("--head", "--tail", "--relation", "--top", "--data", "--run", "--split", "--output", "-o"),
    *("-f", "--json", "--csv", "--batch-size", "--device", "--seed", "--dim", "--epochs"),
    *("--select", "--holdout", "kenya", "grows", "tea", "world", "run", "0", "3", "cpu"),
)


@dataclass
class Outcome:
    """How a command ended: what is wrong with that, and what it printed."""

    code: int | None
    out: str
    err: str
    wrong: str = ""


class HangError(BaseException):
    """A command took longer than any may."""


@dataclass
class Attack:
    """The folder that trials copy, and what came of them."""

    master: Path
    clean: dict[tuple[str, ...], str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def trial(self, seed: int) -> None:
        """Damage a file and run a command, all of it chosen by the seed."""
        random = np.random.default_rng(seed)
        with tempfile.TemporaryDirectory() as folder, within(folder):
            shutil.copytree(self.master, folder, dirs_exist_ok=True)
            if random.random() < 0.15:
                what, command = "options", made_up(random)
                outcome = run(command)
            else:
                pattern, commands, summed = TARGETS[random.integers(len(TARGETS))]
                (path,) = Path().glob(pattern)
                command = commands[random.integers(len(commands))]
                command = tuple(str(path) if word == "CACHE" else word for word in command)
                what = f"{pattern}: {damage(path, random)}"
                outcome = run(command)
                if summed and outcome.code == 0 and self._differs(command, outcome):
                    outcome.wrong = "another answer"
        self.counts["trials"] += 1
        self.counts[outcome.wrong or f"exit {outcome.code}"] += 1
        if outcome.wrong:
            lines = [line for line in outcome.err.splitlines() if line.strip()][-2:]
            self.failures.append(
                f"{seed}: {outcome.wrong}: {what}: {' '.join(command)[:200]}: {lines}"
            )
            print(self.failures[-1], file=sys.stderr, flush=True)

    def _differs(self, command: tuple[str, ...], outcome: Outcome) -> bool:
        """Say whether the undamaged file gives another answer; times and names of runs may vary."""
        if command not in self.clean:
            with tempfile.TemporaryDirectory() as folder, within(folder):
                shutil.copytree(self.master, folder, dirs_exist_ok=True)
                self.clean[command] = run(command).out
        said_so = "is made anew" in outcome.err or "training without" in outcome.err
        return not said_so and plain(outcome.out) != plain(self.clean[command])


@contextlib.contextmanager
def within(folder: str | Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def plain(text: str) -> str:
    """Return an answer without the name of the run, which is made of the time."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    if isinstance(found, dict):
        found.pop("run", None)
    return json.dumps(found)


def made_up(random: np.random.Generator) -> tuple[str, ...]:
    """Return a command with words that hardly fit it."""
    name = NAMES[random.integers(len(NAMES))]
    words = [*WORDS, *(text for text in HOSTILE if text.isprintable() and len(text) < 5000)]
    words = [word for word in words if "/" not in word and word != "~"]  # none is written to
    count = int(random.integers(6))
    picked = (words[place] for place in random.integers(len(words), size=count))
    short = ("--epochs", "1") if name == "train" else ()
    return (name, *picked, *short)


def run(command: tuple[str, ...]) -> Outcome:
    """Run a command in this process; say what is wrong with how it ended."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    outcome = Outcome(None, "", "")
    console.stdout.cache_clear()
    console.stderr.cache_clear()
    signal.signal(signal.SIGALRM, _hang)
    signal.signal(signal.SIGPROF, _hang)
    signal.alarm(WAITS)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    argv, nothing = ["mygo", *command], io.StringIO()
    patched = mock.patch.multiple(sys, argv=argv, stdout=out, stderr=err, stdin=nothing)
    try:
        with patched, warnings.catch_warnings():
            warnings.simplefilter("always")
            main()
    except SystemExit as ended:
        outcome.code = int(ended.code or 0)
    except HangError:
        outcome.wrong = "hang"
    except BaseException:  # whatever it is, it reached the user
        outcome.wrong = "traceback"
        print(traceback.format_exc(), file=err)
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
    for stream in (out, err):
        stream.flush()
    outcome.out = out.buffer.getvalue().decode("utf-8", "replace")
    outcome.err = err.buffer.getvalue().decode("utf-8", "replace")
    if "fault in mygo" in outcome.err:
        outcome.wrong = "fault"
    elif "\nTraceback" in outcome.err or "Warning:" in outcome.err:
        outcome.wrong = outcome.wrong or "traceback or foreign warning"
    elif "\x1b" in outcome.out + outcome.err or "\u202e" in outcome.out + outcome.err:
        outcome.wrong = outcome.wrong or "raw control character"
    return outcome


def _hang(number: int, frame: object) -> None:
    raise HangError


def prepare(master: Path) -> None:
    """Write the graph, its caches, a run that is done but for its last epoch's end, and tables."""
    with within(master):
        write_caches(Path("caches"), write_world(Path("world")))
        made = run((*TRAIN, "--runs-dir", "runs", *QUICK))
        assert made.code == 0, made.err
        (path,) = Path("runs").iterdir()
        path.rename("run")
        Path("runs").rmdir()
        answered = run(("complete", *RUN, "--top", "3"))
        assert answered.code == 0, answered.err
        facts = [line.split("\t") for line in Path("world/train.txt").read_text().splitlines()[:40]]
        names = ["head", "relation", "tail"]
        rows = [dict(zip(names, fact, strict=True)) for fact in facts]
        lines = [",".join(fact) + "\n" for fact in [names, *facts]]
        Path("table.csv").write_text("".join(lines))
        Path("table.json").write_text(json.dumps(rows))
        Path("facts.tsv").write_text("".join("\t".join(each) + "\n" for each in facts[:5]))
        questions = [(head, relation, "?") for head, relation, _ in facts[:5]]
        Path("questions.tsv").write_text("".join("\t".join(each) + "\n" for each in questions))
        Path("schema.toml").write_text('[grows]\ndomain = "country"\nrange = "crop"\n')
        import pandas

        pandas.DataFrame(rows).to_excel("table.xlsx", index=False)
        pandas.DataFrame(rows).to_parquet("table.parquet")


def attack(seconds: float, first: int, trials: int | None = None) -> Attack:
    """Return what came of trials from the seed `first` on, for so long or so many."""
    with tempfile.TemporaryDirectory() as folder:
        done, since, seed = Attack(Path(folder)), time.monotonic(), first
        prepare(done.master)
        while time.monotonic() - since < seconds and (trials is None or seed < first + trials):
            done.trial(seed)
            seed += 1
    return done


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--first", type=int, default=0, help="first seed")
    options.add_argument("--trials", type=int, help="so many at most")
    options.add_argument("--only", type=int, help="one trial")
    asked = options.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ["COLUMNS"] = "160"
    only = asked.only is not None
    begin, count = (asked.only, 1) if only else (asked.first, asked.trials)
    found = attack(asked.seconds, begin, count)
    print(json.dumps(dict(found.counts), indent=2))
    sys.exit(1 if found.failures else 0)
