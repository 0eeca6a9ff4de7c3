"""Where people would rather look: tables, rank lists, curves, mask sheets and one page of them all."""

from maskreid.reports.comparison import comparison_plot
from maskreid.reports.curves import similarity_plot
from maskreid.reports.model_report import report_on
from maskreid.reports.numbers import write_numbers
from maskreid.reports.pictures import mask_sheet
from maskreid.reports.tables import camera_table, comparison_table, metrics_table, worst_table

__all__ = [
    "camera_table",
    "comparison_plot",
    "comparison_table",
    "mask_sheet",
    "metrics_table",
    "report_on",
    "similarity_plot",
    "worst_table",
    "write_numbers",
]
