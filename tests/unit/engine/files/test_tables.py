"""Tables for papers: what is special in Markdown or LaTeX stays text."""

from __future__ import annotations

from core.engine.files.tables import beside_intervals, to_csv, to_latex, to_markdown

ROWS = [{"name": "a|b_c & 5 %", "R@1": 0.81818, "n": 1012}, {"name": "two\nlines", "R@1": 1.0}]


def test_csv_has_a_header_and_no_cell_that_a_spreadsheet_would_run():
    rows = [{"name": "=1+1", "R@1": 0.5, "n": 3}, {"name": 'a "b",\r\nc\0'}]
    assert to_csv(["name", "R@1", "n", "@x"], rows) == (
        'name,R@1,n,\'@x\r\n\'=1+1,0.500000,3,\r\n"a ""b"",\r\nc",,,\r\n'
    )


def test_markdown_keeps_bars_in_their_cells_and_lines_whole():
    assert to_markdown(["name", "R@1", "n"], ROWS) == (
        "| name | R@1 | n |\n|---|---|---|\n| a\\|b_c & 5 % | 0.818 | 1012 |\n| two lines | 1.000 |  |\n"
    )


def test_latex_escapes_what_it_would_obey():
    assert to_latex(["name", "R@1"], ROWS) == (
        "\\begin{tabular}{ll}\n\\toprule\nname & R@1 \\\\\n\\midrule\na|b\\_c \\& 5 \\% & 0.818 \\\\\n"
        "two lines & 1.000 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )
    assert to_latex(["x"], [{"x": "\\input{~^}"}]).splitlines()[4] == (
        r"\textbackslash{}input\{\textasciitilde{}\textasciicircum{}\} \\"
    )


def test_a_figure_stands_beside_its_interval():
    row = {"name": "x", "R@1": 0.5, "R@1 low": 0.4, "R@1 high": 0.6}
    assert beside_intervals([row, {"name": "y"}], ["R@1"]) == [row | {"R@1": "0.500 [0.400, 0.600]"}, {"name": "y"}]
