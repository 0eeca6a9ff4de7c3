"""A model between what a training started from and what it came to."""

from __future__ import annotations

from maskreid.errors import MaskreidError
from maskreid.network import Model, mixed, unmeasured
from maskreid.training.learned import comes_of


def mix_models(trained: Model, start: Model, share: float = 0.5) -> Model:
    """Mix the weights of a model and of one that it was trained from (`maskreid.network.mixed`).

    Args:
        trained: any; it stays as it is. The result is fed as it is.
        start: what ``trained`` started from, at once or several trainings ago.
        share: of ``trained``, between 0 and 1.

    Returns:
        A model on the device of ``trained``. Its card has neither a calibration nor metrics: those were of another
        feature. Whom it learned, ``trained`` did.

    Raises:
        MaskreidError: ``trained`` did not start from ``start``, or was adapted since; or as `mixed`.
    """
    training = trained.card["training"]
    if not comes_of(training, start.card["training"]):
        init = training.get("recipe", {}).get("init")
        was = f"from {init} as it was then" if init else "from scratch"
        raise MaskreidError(f"the first model was not trained from the second, but {was}; mix it with its start")
    if training.get("adapted"):
        raise MaskreidError("the first model was adapted since it was trained; mix before, and adapt the mixture")
    network = mixed(trained.network, start.network, share)
    entry = {"share": share, "start": start.fingerprint}
    more = {"mixed": [*training.get("mixed", ()), entry]}
    return Model(network, {**unmeasured(trained.card), "training": {**training, **more}})
