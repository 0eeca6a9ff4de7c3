"""The paper's experiments: each of its tables, run again, ours beside the published."""

from maskreid.experiments.budget import BUDGETS, Budget
from maskreid.experiments.published import PublishedTable, published_tables
from maskreid.experiments.reproduce import reproduce

__all__ = ["BUDGETS", "Budget", "PublishedTable", "published_tables", "reproduce"]
