"""How results are shown: words, tables, charts and HTML that the report and the dashboard share."""
