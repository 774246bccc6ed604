"""Charts as files: vector and pixel pictures that need no script."""

import json
from typing import Any

import altair as alt

from audit.presentation.charts import Picture

WIDTH = 760
"""Width in pixels of a chart that would fill its page."""
SHARPNESS = 2.0
"""Pixels of a PNG for each pixel of the chart."""


def svg_bytes(chart: Picture, width: int = WIDTH) -> bytes:
    """The chart as SVG."""
    import vl_convert  # slow to import, and only files need it

    return vl_convert.vegalite_to_svg(_described(chart, width), vl_version=_version()).encode("utf-8")


def png_bytes(chart: Picture, width: int = WIDTH) -> bytes:
    """The chart as PNG on white."""
    import vl_convert

    described = _described(chart, width) | {"background": "white"}
    return bytes(vl_convert.vegalite_to_png(described, vl_version=_version(), scale=SHARPNESS))


def _described(chart: Picture, width: int) -> dict[str, Any]:
    # Dates of the rows are written as texts, which the converter asks for.
    described: dict[str, Any] = json.loads(json.dumps(chart.properties(width=width).to_dict(), default=str))
    return described


def _version() -> str:
    return alt.SCHEMA_VERSION.removeprefix("v").rsplit(".", 1)[0]
