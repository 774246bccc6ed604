"""The page of all checks: one check and the order of the table are chosen above it."""

import re
from pathlib import Path

import pytest

from tests.test_safeguards import at, text_of


def test_one_check_is_chosen_above_the_table_whose_order_can_be_chosen(
    results_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", "--results", str(results_folder)])
    app = at("all_checks").run()
    assert app.selectbox(key="chosen_check").value is None
    assert "Why it matters" not in text_of(app)
    app = app.selectbox(key="order_of").set_value("by name").run()
    table = next(element.proto.body for element in app.main if "<caption>Checks" in str(getattr(element, "proto", "")))
    names = re.findall(r'<th scope="row"[^>]*>([^<]+)<', table)
    assert names == sorted(names)
    assert len(names) == len(app.selectbox(key="chosen_check").options)
    app = app.selectbox(key="chosen_check").set_value(app.selectbox(key="chosen_check").options[3]).run()
    page = text_of(app)
    assert page.index("Why it matters") < page.index("<caption>Checks")
