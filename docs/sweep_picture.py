"""Draw the README's picture of a sweep: python docs/sweep_picture.py SWEEP.parquet (of docs/grid.toml)."""

import sys
from pathlib import Path

import altair as alt
import pandas as pd
import vl_convert


def main() -> None:
    frame = pd.read_parquet(sys.argv[1])
    copies, unlinked = "identity.duplicate_rate", "linkage.suspect_not_linked"
    mean = frame.groupby([copies, unlinked])["recall_at_k"].mean().mul(100).reset_index(name="found")
    mean = mean.assign(copies=100 * mean[copies], unlinked=(100 * mean[unlinked]).map("{:g}%".format))
    chart = (
        alt.Chart(mean[["copies", "unlinked", "found"]])
        .mark_line(point=True)
        .encode(
            x=alt.X("copies:Q", title="% of person records that are duplicates"),
            y=alt.Y("found:Q", title="% of the list found", scale=alt.Scale(domain=[0, 100])),
            color=alt.Color("unlinked:N", title="Suspects not linked"),
        )
        .properties(width=520, height=260)
    )
    version = alt.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0]
    picture = vl_convert.vegalite_to_png(chart.to_dict(), vl_version=version, scale=1.5)
    (Path(__file__).parent / "sweep.png").write_bytes(picture)


if __name__ == "__main__":
    main()
