"""Errors keep their kind and place when more is said of where they happened."""

from pathlib import Path

from mygo_cli.errors import DataError, UsageError
from mygo_cli.graph.text_files import FileFault


def test_an_error_within_something_is_of_the_same_kind():
    error = UsageError("--dim 3 is odd.", "Use --dim 4.").within("variant a", "Or leave it out.")
    assert type(error) is UsageError
    assert error.exit_code == 2
    assert str(error) == "variant a: --dim 3 is odd. Use --dim 4. Or leave it out."


def test_a_fault_of_a_line_keeps_its_file_and_line():
    """Its __init__ takes other arguments than its parent's: nothing rebuilds it from its type."""
    fault = FileFault(Path("train.txt"), 3, "two columns.", "Write three.")
    within = fault.within("tucker")
    assert isinstance(within, FileFault)
    assert (within.file, within.line, within.message) == (Path("train.txt"), 3, "two columns.")
    assert str(within) == "tucker: train.txt:3: two columns. Write three."
    assert str(fault) == "train.txt:3: two columns. Write three."


def test_only_a_way_out_may_be_added():
    assert str(DataError("Gone.").within("", "Make it again.")) == "Gone. Make it again."
