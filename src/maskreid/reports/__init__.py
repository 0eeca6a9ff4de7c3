"""Where people would rather look: tables, rank lists, curves, mask sheets and one page of them all."""

from maskreid.reports.model_report import report_on
from maskreid.reports.pictures import mask_sheet
from maskreid.reports.tables import metrics_table

__all__ = ["mask_sheet", "metrics_table", "report_on"]
