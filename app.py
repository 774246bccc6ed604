"""The dashboard's entry: the list of its pages, and nothing else. Start it with ``streamlit run app.py``."""

import streamlit as st

from dashboard import missing_fields, overview
from dashboard.frame import page

st.set_page_config(page_title="Force data bench", layout="wide")
st.navigation(
    [
        st.Page(page(overview.show), title="Overview", url_path="overview", default=True),
        st.Page(page(missing_fields.show), title="Missing fields", url_path="missing-fields"),
    ]
).run()
