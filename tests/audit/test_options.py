"""The options of an audit: checked when they are made, before any data is read, and never changed afterwards."""

import dataclasses
import threading
from typing import Any

import pytest

from audit import AuditOptions, InputError, audit_dataset
from audit.effect import INSTRUMENT_NAMES
from synthetic import Dataset


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("engine", "excel"),
        ("instruments", ["none_such"]),
        ("k", 0),
        ("k", True),
        ("weights", "heavy"),
        ("weights", {"999Z": 1.0}),
        ("weights", {"105A": -1.0}),
        ("date_basis", "yesterday"),
        ("only", "mising"),
        ("skip", ["*"]),
    ],
)
def test_an_option_that_is_not_valid_is_refused_by_its_name(parameter: str, value: Any) -> None:
    with pytest.raises(InputError) as refused:
        AuditOptions(**{parameter: value})
    named = {"instruments": "instrument", "skip": "only"}.get(parameter, parameter)
    assert refused.value.parameter == named
    assert str(value) not in refused.value.message


def test_options_are_frozen_and_a_changed_copy_is_checked() -> None:
    options = AuditOptions(only=["missing"], instruments="rfs")
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.k = 5  # type: ignore[misc]
    assert dataclasses.replace(options, k=7).only == ("missing",)
    assert [one.key for one in options.computed] == ["rfs", *(key for key in INSTRUMENT_NAMES if key != "rfs")]
    with pytest.raises(InputError, match="k takes"):
        dataclasses.replace(options, k=-1)


def test_an_option_given_twice_counts_once_and_the_checks_left_out_are_the_rest() -> None:
    options = AuditOptions(only=["missing.units.*", "missing.units.*"], instruments=["rfs", "rfs"])
    assert {check.table for check in options.checks} == {"units"}
    assert len({one.key for one in options.computed}) == len(options.computed)
    assert not {check.id for check in options.checks} & {check.id for check in options.left_out}


def test_the_summary_holds_the_options(small: Dataset) -> None:
    options = AuditOptions(only="missing.units.*", k=12, date_basis="occurred", instruments=["rfs"])
    summary = audit_dataset(small, options).summary.options
    assert (summary.k, summary.date_basis, summary.instrument, summary.only) == (12, "occurred", "rfs", ["missing.units.*"])


@pytest.mark.parametrize("failing", ["find_identities", "count_checks"])
def test_what_fails_beside_something_else_is_reported_as_it_is(
    failing: str, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("dataset", "changed while it was read.")

    monkeypatch.setattr(f"audit.pipeline.{failing}", fail)
    before = threading.active_count()
    with pytest.raises(InputError, match="changed while it was read"):
        audit_dataset(small)
    assert threading.active_count() == before


@pytest.mark.parametrize(("most", "beside"), [(10**9, True), (0, False)])
def test_only_what_fits_into_memory_is_linked_beside_other_steps(
    most: int, beside: bool, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(*_: object) -> None:
        raise InputError("dataset", f"linked beside: {threading.current_thread() is not threading.main_thread()}")

    monkeypatch.setattr("audit.pipeline.MOST_BESIDE", most)
    monkeypatch.setattr("audit.pipeline.find_identities", look)
    with pytest.raises(InputError, match=f"linked beside: {beside}"):
        audit_dataset(small)
