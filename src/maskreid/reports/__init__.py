"""Where people would rather look: tables, rank lists, figures, mask sheets and one page of them all."""

from maskreid.reports.asked_queries import find_queries
from maskreid.reports.comparison import comparison_plot
from maskreid.reports.crops import Crops, DatasetCrops
from maskreid.reports.details import Details, examine, half_enrolled
from maskreid.reports.distributions import reliability_diagram, similarity_plot
from maskreid.reports.evaluation_figures import Examined, evaluation_figures
from maskreid.reports.figure import Figure
from maskreid.reports.model_report import refuse_other_run, report_on
from maskreid.reports.numbers import write_numbers
from maskreid.reports.open_run import check_run, open_subject, short_names, written_to
from maskreid.reports.page import make_page, write_report
from maskreid.reports.pictures import mask_sheet
from maskreid.reports.rank_lists import rank_lists
from maskreid.reports.rank_sheet import rank_sheets, write_sheets
from maskreid.reports.subject import Subject
from maskreid.reports.tables import (
    camera_table,
    comparison_table,
    metrics_table,
    open_set_table,
    reliability_table,
    worst_table,
)

__all__ = [
    "Crops",
    "DatasetCrops",
    "Details",
    "Examined",
    "Figure",
    "Subject",
    "camera_table",
    "check_run",
    "comparison_plot",
    "comparison_table",
    "evaluation_figures",
    "examine",
    "find_queries",
    "half_enrolled",
    "make_page",
    "mask_sheet",
    "metrics_table",
    "open_set_table",
    "open_subject",
    "rank_lists",
    "rank_sheets",
    "refuse_other_run",
    "reliability_diagram",
    "reliability_table",
    "report_on",
    "short_names",
    "similarity_plot",
    "worst_table",
    "write_numbers",
    "write_report",
    "write_sheets",
    "written_to",
]
