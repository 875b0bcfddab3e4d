from __future__ import annotations

from pathlib import Path

import nbformat
from click.testing import CliRunner

from analysis.cli import main
from analysis.notebooks import normalise_file, normalised
from toy import notebook, save


def dirty() -> nbformat.NotebookNode:
    """A notebook as JupyterLab leaves it."""
    node = notebook("## Titre", "a", "a", "b")
    node.metadata.language_info = {"name": "python", "version": "3.11.7"}
    node.metadata.kernelspec.display_name = "My kernel"
    node.metadata.papermill = {"start_time": "2026-01-01"}
    first, second = node.cells[2], node.cells[3]
    first.metadata = {"execution": {"iopub.execute_input": "2026"}, "collapsed": True}
    first.execution_count, second.execution_count = 41, 17
    data = {"text/plain": "table", "text/html": "<table id='x1'>", "image/png": "aGVsbG8="}
    first.outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="un "),
        nbformat.v4.new_output("stream", name="stdout", text="deux\n"),
        nbformat.v4.new_output("stream", name="stderr", text="peste"),
        nbformat.v4.new_output("execute_result", data=data, execution_count=41, metadata={"x": 1}),
    ]
    second.outputs = [nbformat.v4.new_output("display_data", data={"image/png": "aGVsbG8="})]
    return node


def test_text_is_kept_and_what_changes_by_itself_is_not() -> None:
    node = normalised(dirty())
    nbformat.validate(node)
    assert node.metadata == {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    assert node.cells[0].metadata == {"tags": ["parameters"]}
    first, second, third = node.cells[2:]
    assert first.metadata == {}
    assert first.outputs[0] == {"output_type": "stream", "name": "stdout", "text": "un deux\n"}
    assert first.outputs[1].data == {"text/plain": "table"}
    assert len(first.outputs) == 2
    assert second.outputs == []
    assert [cell.execution_count for cell in (first, second, third)] == [1, 2, None]
    assert first.outputs[1].execution_count == 1


def test_ids_depend_on_content_alone() -> None:
    one, other = normalised(dirty()), normalised(dirty())
    ids = [cell.id for cell in one.cells]
    assert ids == [cell.id for cell in other.cells]
    assert len(set(ids)) == len(ids)
    inserted = dirty()
    inserted.cells.insert(0, nbformat.v4.new_markdown_cell("neuf"))
    assert [cell.id for cell in normalised(inserted).cells[1:]] == ids


def test_normalising_twice_changes_nothing_more(tmp_path: Path) -> None:
    path = save(dirty(), tmp_path / "n.ipynb")
    assert normalise_file(path)
    once = path.read_bytes()
    assert not normalise_file(path)
    assert path.read_bytes() == once
    assert once.endswith(b"}\n")


def test_check_only_looks(tmp_path: Path) -> None:
    path = save(dirty(), tmp_path / "n.ipynb")
    before = path.read_bytes()
    result = CliRunner().invoke(main, ["normalise-notebooks", "--check", str(path)])
    assert result.exit_code == 1
    assert "n.ipynb : à normaliser" in result.output
    assert path.read_bytes() == before
    assert CliRunner().invoke(main, ["normalise-notebooks", str(path)]).exit_code == 0
    assert CliRunner().invoke(main, ["normalise-notebooks", "--check", str(path)]).exit_code == 0


def test_what_is_no_notebook_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text("pas du json")
    result = CliRunner().invoke(main, ["normalise-notebooks", str(path)])
    assert result.exit_code == 2
    assert "n.ipynb : ce n'est pas un notebook Jupyter lisible." in result.output
