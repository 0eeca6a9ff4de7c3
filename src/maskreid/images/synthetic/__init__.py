"""A generated world of synthetic people: the demo's dataset, and most tests'."""

from maskreid.images.synthetic.world import synthetic_world

__all__ = ["synthetic_world"]
