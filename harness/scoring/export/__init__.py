"""Trials in the formats of other programs, one module each; all are functions of records, none knows how runs are stored.

Flat records as CSV and JSON are in `harness.scoring.report.flat`. Packages that are not always there are imported on use.
"""
