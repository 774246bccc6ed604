"""The dashboard's entry: the list of its pages, and nothing else. Start it with ``streamlit run app.py``."""

import streamlit as st

from dashboard.pages import (
    all_checks,
    compare,
    effect,
    gaps,
    identities,
    method,
    missing_fields,
    overview,
    pitfalls,
    timeliness,
    twin,
)
from dashboard.shell import page

st.set_page_config(page_title="Force data bench", layout="wide")
st.navigation(
    [
        st.Page(page(overview.show), title="Overview", default=True),
        st.Page(page(missing_fields.show), title="Missing fields", url_path="missing-fields"),
        st.Page(page(all_checks.show), title="All checks", url_path="all-checks"),
        st.Page(page(identities.show), title="Duplicate identities", url_path="identities"),
        st.Page(page(gaps.show), title="Reporting gaps", url_path="gaps"),
        st.Page(page(timeliness.show), title="Timeliness", url_path="timeliness"),
        st.Page(page(compare.show), title="Compare", url_path="compare"),
        st.Page(page(effect.show), title="Effect on a prioritisation", url_path="effect"),
        st.Page(page(twin.show), title="Your force, by rates", url_path="twin"),
        st.Page(page(pitfalls.show), title="Pitfalls", url_path="pitfalls"),
        st.Page(page(method.show), title="Method and data", url_path="method"),
    ]
).run()
