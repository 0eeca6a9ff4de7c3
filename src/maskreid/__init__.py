"""maskreid: person retrieval that people can train, trust and run."""

__version__ = "0.1.0"
