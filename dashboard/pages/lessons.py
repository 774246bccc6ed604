"""Lessons: guided scenarios for a class, each with a question, a vote, a severity to choose, a reveal, and what to take away."""

import re
from typing import Any, TypeVar

import streamlit as st

from audit.presentation.tables import Cell, Table
from dashboard.cache import View
from dashboard.jobs import result_of
from dashboard.lessons import LESSONS, Lesson, Reveal, lab
from dashboard.lessons.lesson import Setting
from dashboard.lessons.votes import votes
from dashboard.widgets import is_presenting, show_table

BY_KEY = {one.key: one for one in LESSONS}
M = TypeVar("M")
CHANCE = "At this setting the difference may be chance. Choose a higher one to see the lesson's point."


def show(view: View) -> None:
    """Draw the page. The address names the lesson, the severity and whether it is revealed, so that a slide can point at one."""
    lesson = BY_KEY[_chosen()]
    if is_presenting():
        _present(lesson)
        return
    st.selectbox("Lesson", list(BY_KEY), format_func=_title, key="chosen_lesson", on_change=_changed)
    st.header(lesson.question, anchor=False)
    _vote(lesson)
    severity = _severity(lesson, False)
    with st.container(horizontal=True, vertical_alignment="center"):
        revealed = st.toggle("Reveal", key="reveal", bind="query-params")
        st.toggle("Present to a class", key="present", bind="query-params", help="Large type, without the side bar.")
    if not revealed:
        st.caption("Take a vote before you reveal it.")
        return
    shown = _reveal(lesson, severity)
    st.markdown(f"**{shown.sentence}**")
    show_table(shown.table)
    if shown.picture is not None:
        st.altair_chart(shown.picture, alt=shown.alternative)
    st.markdown(f"**What to take away.** {lesson.takeaway}")
    lists = f" Lists hold {lab.K} people unless the table gives another number." if lesson.of_lists else ""
    st.caption(f"Source: {lesson.source} Intervals: 95%.{lists}")
    with st.expander("Reproduce this"):
        st.code(lesson.severities[severity].command, language="bash", wrap_lines=True)


def _present(lesson: Lesson[Any]) -> None:
    """The lesson as a slide: question and reveal on one screen of 1280 × 720."""
    keys = list(BY_KEY)
    place = keys.index(lesson.key)
    st.title(lesson.title, anchor=False)
    st.header(lesson.question, anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", key="slide-controls"):
        severity = _severity(lesson, True)
        revealed = st.toggle("Reveal", key="reveal", bind="query-params")
    if revealed:
        shown = _reveal(lesson, severity)
        st.markdown(f"**{shown.sentence}**")
        left, right = st.columns([3, 2], gap="large")
        with left:
            show_table(shown.table)
        with right:
            if shown.picture is not None:
                st.altair_chart(shown.picture.properties(height=190), alt=shown.alternative)
            with st.container(key="slide-votes"):
                _counted(lesson)
        st.markdown(f"**What to take away.** {lesson.takeaway}")
    else:
        _vote(lesson)
    with st.container(horizontal=True, vertical_alignment="center", key="slide-foot"):
        st.button("Previous lesson", on_click=_go, args=(keys[place - 1],), disabled=place == 0)
        st.button("Next lesson", on_click=_go, args=(keys[(place + 1) % len(keys)],), disabled=place + 1 == len(keys))
        st.toggle("Present to a class", key="present", bind="query-params")
        st.caption(f"Lesson {place + 1} of {len(keys)}. Intervals: 95%.")


def _title(key: str) -> str:
    return f"{list(BY_KEY).index(key) + 1}. {BY_KEY[key].title}"


def _chosen() -> str:
    """The lesson that the address names, by its key: a slide's link should be short and outlast a better title."""
    if "chosen_lesson" not in st.session_state:
        asked = st.query_params.get("scenario", "")
        st.session_state["chosen_lesson"] = asked if asked in BY_KEY else next(iter(BY_KEY))
    # Kept beside the widget, which is not there while a lesson is presented.
    chosen = str(st.session_state["chosen_lesson"])
    st.session_state["chosen_lesson"] = chosen
    st.query_params["scenario"] = chosen
    return chosen


def _go(key: str) -> None:
    st.session_state["chosen_lesson"] = key
    _changed()


def _changed() -> None:
    """Another lesson begins with its question, not with its answer."""
    st.session_state["reveal"] = False
    st.query_params.pop("severity", None)


def _severity(lesson: Lesson[Any], presented: bool) -> str:
    labels = list(lesson.severities)
    if len(labels) == 1:
        return labels[0]
    asked = st.query_params.get("severity", "")
    usual = labels.index(lesson.default) + 1
    place = int(asked) if asked.isdigit() and 1 <= int(asked) <= len(labels) else usual
    chosen = str(st.radio(lesson.setting, labels, index=place - 1, key=f"severity-{lesson.key}-{presented}", horizontal=presented))
    st.query_params["severity"] = str(labels.index(chosen) + 1)
    return chosen


@st.fragment(run_every=4.0)
def _vote(lesson: Lesson[Any]) -> None:
    """Buttons to vote with, and how many have voted; what they voted for shows when the vote is opened."""
    group = _class()
    mine: tuple[int, str] | None = st.session_state.get(f"vote {group} {lesson.key}")
    ballot = votes().tally(group, lesson.key)
    with st.container(horizontal=True, vertical_alignment="center"):
        for answer in lesson.answers:
            if st.button(
                answer, key=f"vote-{lesson.key}-{answer}", type="primary" if mine == (ballot.number, answer) else "secondary"
            ):
                st.session_state[f"vote {group} {lesson.key}"] = votes().cast(group, lesson.key, answer, mine)
                st.rerun(scope="fragment")
        opened = st.toggle("Show the votes", key=f"votes-{lesson.key}")
    number = sum(ballot.counts.values())
    if not opened:
        st.caption(f"{number} {'vote' if number == 1 else 'votes'} so far. Counts only: nothing of who voted is kept.")
        return
    counted = "; ".join(f"{answer}: {ballot.counts.get(answer, 0)}" for answer in lesson.answers)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Votes.** {counted}.", width="content")
        if number and st.button("Clear the votes", key=f"clear-{lesson.key}"):
            votes().clear(group, lesson.key)
            st.rerun(scope="fragment")


@st.fragment(run_every=4.0)
def _counted(lesson: Lesson[Any]) -> None:
    """The votes beside the answer, where a lesson is presented."""
    counts = votes().tally(_class(), lesson.key).counts
    rows = [[Cell(answer), Cell(f"{counts.get(answer, 0):,}", number=True)] for answer in lesson.answers]
    show_table(Table("How the class voted", ["Answer", "Votes"], rows))


def _class() -> str:
    """The class that the address names, whose votes are counted apart."""
    return re.sub(r"[^\w-]", "", st.query_params.get("class", ""))[:20]


def _reveal(lesson: Lesson[Any], severity: str) -> Reveal:
    clean = _made(lesson.clean, "What it is compared with")
    defective = _made(lesson.severities[severity], "What you chose")
    shown = lesson.reveal(clean, defective, severity)
    if not shown.shown:
        st.info(CHANCE)
    return shown


def _made(setting: Setting[M], title: str) -> M:
    return result_of(f"lesson {setting}", title, setting.make)
