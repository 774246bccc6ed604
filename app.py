"""The dashboard's entry: it shows ``dashboard.PAGES``. Start it with ``streamlit run app.py``."""

import streamlit as st

from dashboard import PAGES
from dashboard.shell import as_streamlit

if __name__ == "__main__":  # processes that make worlds import this file again, and show nothing
    chosen = st.navigation([as_streamlit(page) for page in PAGES], expanded=True)
    st.set_page_config(page_title=f"{chosen.title} – Force data bench", layout="wide")
    chosen.run()
