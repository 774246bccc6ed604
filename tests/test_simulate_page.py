"""The form of *Simulate your force*: what is not filled in is not known."""

from streamlit.testing.v1 import AppTest

from audit.simulation import Between, Counted
from audit.simulation.questions import QUANTITIES


def _one_rate() -> None:
    import streamlit as st

    from audit.simulation.questions import QUANTITIES
    from dashboard.pages.simulate import _rate

    answers = dict(st.session_state.setdefault("answers", {}))
    _rate(QUANTITIES["missing.offence_code"], 0.01, answers)
    st.session_state["answers"] = answers


KEY = "missing.offence_code"


def _form() -> AppTest:
    app = AppTest.from_function(_one_rate, default_timeout=20).run()
    assert not app.exception
    return app


def _answer(app: AppTest) -> object:
    assert not app.exception
    return app.session_state["answers"].get(KEY)


def test_two_totals_are_not_known_until_both_are_filled_in() -> None:
    app = _form()
    app.selectbox[0].select("Two totals").run()
    assert [field.value for field in app.number_input] == [None, None]
    assert _answer(app) is None
    app.number_input[0].set_value(0).run()
    assert _answer(app) is None
    assert "Not known until" in app.caption[0].value
    app.number_input[1].set_value(200).run()
    assert _answer(app) == Counted(counted=0, of=200)
    app.number_input[0].set_value(31).run()
    assert _answer(app) == Counted(counted=31, of=200)
    app.number_input[0].set_value(300).run()
    assert _answer(app) is None
    assert "part of the total" in app.error[0].value
    app.selectbox[0].select("Not known").run()
    assert _answer(app) is None


def test_a_range_is_not_known_until_both_ends_are_filled_in() -> None:
    app = _form()
    app.selectbox[0].select("A range").run()
    assert [field.value for field in app.number_input] == [None, None]
    assert _answer(app) is None
    app.number_input[0].set_value(5.0).run()
    assert _answer(app) is None
    app.number_input[1].set_value(10.0).run()
    assert _answer(app) == Between(low=0.05, high=0.1)
    app.number_input[1].set_value(1.0).run()
    assert _answer(app) is None
    assert "above" in app.error[0].value
    assert QUANTITIES[KEY].title in app.error[0].value
