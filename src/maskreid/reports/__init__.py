"""Where people would rather look: tables, rank lists, curves, mask sheets and one page of them all."""

from maskreid.reports.comparison import comparison_plot
from maskreid.reports.curves import reliability_diagram, similarity_plot
from maskreid.reports.details import Details
from maskreid.reports.model_report import report_on
from maskreid.reports.numbers import write_numbers, write_text
from maskreid.reports.pictures import mask_sheet
from maskreid.reports.tables import (
    camera_table,
    comparison_table,
    metrics_table,
    open_set_table,
    reliability_table,
    worst_table,
)

__all__ = [
    "Details",
    "camera_table",
    "comparison_plot",
    "comparison_table",
    "mask_sheet",
    "metrics_table",
    "open_set_table",
    "reliability_diagram",
    "reliability_table",
    "report_on",
    "similarity_plot",
    "worst_table",
    "write_numbers",
    "write_text",
]
