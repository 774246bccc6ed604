"""Lessons: guided scenarios for a class, each with a question, a severity to choose, a reveal, and what to take away."""

import streamlit as st

from dashboard.cache import View
from dashboard.jobs import result_of
from dashboard.lessons import LESSONS, Lesson, lab
from dashboard.widgets import show_table


def show(view: View) -> None:
    """Draw the page. The address names the lesson, the severity and whether it is revealed, so that a slide can point at one."""
    lesson = _choose()
    st.header(lesson.question, anchor=False)
    severity = _severity(lesson)
    if not st.toggle("Reveal", key="reveal", bind="query-params"):
        st.caption("Take a vote before you reveal it.")
        return
    _reveal(lesson, severity)


def _choose() -> Lesson:
    titles = {one.key: f"{place}. {one.title}" for place, one in enumerate(LESSONS, 1)}
    # The address names a lesson by its key: a slide's link should be short and outlast a better title.
    asked = st.query_params.get("scenario", "")
    place = list(titles).index(asked) if asked in titles else 0
    key = st.selectbox(
        "Lesson", list(titles), index=place, format_func=titles.__getitem__, key="chosen_lesson", on_change=_hide
    )  # fmt: skip
    st.query_params["scenario"] = str(key)
    return next(one for one in LESSONS if one.key == key)


def _hide() -> None:
    """Another lesson begins with its question, not with its answer."""
    st.session_state["reveal"] = False
    st.query_params.pop("severity", None)


def _severity(lesson: Lesson) -> str:
    labels = list(lesson.severities)
    if len(labels) == 1:
        return labels[0]
    asked = st.query_params.get("severity", "")
    usual = labels.index(lesson.default) + 1
    place = int(asked) if asked.isdigit() and 1 <= int(asked) <= len(labels) else usual
    chosen = str(st.radio("Severity", labels, index=place - 1, key=f"severity-{lesson.key}"))
    st.query_params["severity"] = str(labels.index(chosen) + 1)
    return chosen


def _reveal(lesson: Lesson, severity: str) -> None:
    clean = _lab(lesson.clean, "The world with clean records")
    defective = _lab(lesson.severities[severity], "The same world with defects")
    shown = lesson.reveal(clean, defective, severity)
    st.markdown(f"**{shown.sentence}**")
    show_table(shown.table)
    if shown.picture is not None:
        st.altair_chart(shown.picture, alt=shown.alternative)
    st.markdown(f"**What to take away.** {lesson.takeaway}")
    st.caption(
        f"Source: {lesson.source} Made by the generator with seed {lab.SEED}; lists of {lab.K} people unless another number is given."
    )


def _lab(recipe: lab.Recipe, title: str) -> lab.Lab:
    return result_of(f"lab {recipe}", title, lambda progress: lab.make(recipe, progress))
