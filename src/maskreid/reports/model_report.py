"""Everything about one test of one model: numbers for programs, a page for people, features for later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maskreid.errors import MaskreidError
from maskreid.files import write_out
from maskreid.reports.crops import DatasetCrops
from maskreid.reports.details import Details, similar_pairs
from maskreid.reports.evaluation_figures import Examined
from maskreid.reports.numbers import NOTHING_MORE, is_run, read_json, write_numbers
from maskreid.reports.page import make_page
from maskreid.reports.subject import Masks, Subject, data_facts, dataset_counts, model_facts, run_name
from maskreid.retrieval import Calibration, save_folder

if TYPE_CHECKING:  # torch must not load where only a table is printed
    from maskreid.images import Dataset
    from maskreid.network import Model
    from maskreid.training import Evaluation


def report_on(
    model: Model,
    dataset: Dataset,
    evaluation: Evaluation,
    out: str | Path,
    *,
    title: str,
    details: Details = NOTHING_MORE,
    masks: str | None = None,
) -> None:
    """Write ``metrics.json``, ``report.html``, and the features as ``query.npz``, ``gallery.npz`` into ``out``.

    Args:
        model: what was tested.
        dataset: what it was tested on.
        evaluation: from `maskreid.training.evaluate_model`.
        out: a folder, made if it is not there; files of the same names are replaced. Where it is the model's own
            run folder, the page also shows its training.
        title: of the page.
        details: what else to show.
        masks: where masks came from, if not from where the model's card says.

    Raises:
        MaskreidError: as `refuse_other_run`, or something cannot be written.
    """
    from maskreid.training.history import read_history

    out = Path(out)
    refuse_other_run(model, out)
    subject = replace(
        subject_of(model, dataset, evaluation, run_name(out), details, masks), history=read_history(out)
    )
    about = {
        "data": dataset.name,
        "model": model.fingerprint,
        "facts": dict(subject.facts),
        "masks": mask_policy(model, masks),
        "calibration": model.card.get("calibration"),
    }
    write_numbers(out / "metrics.json", evaluation.judgement, about=about, details=details)
    features = evaluation.features  # which took longest to make, so they are safe first
    save_folder(out, features["query"], features["gallery"], features.get("multi_query"))
    write_out(out / "report.html", make_page([subject], title).html)


def refuse_other_run(model: Model, out: Path) -> None:
    """Look whether a model may be reported on in a folder: not in another model's run, which would be taken for it.

    Raises:
        MaskreidError: it is another model's run.
    """
    if not is_run(out):
        return
    card = out / "model.json"
    trained = read_json(card) if card.is_file() else {}
    if trained.get("weights_sha256") != model.card.get("weights_sha256"):
        raise MaskreidError(f"{out}: is the run of another model than the one that is tested; name another folder")


def mask_policy(model: Model, masks: str | None = None) -> dict[str, Any]:
    """Return where a model's masks come from, and below which share the whole image stands in."""
    from maskreid.masks.named import whole_name

    return {"source": whole_name(model.masks_from(masks)), "min_share": model.min_share}


def subject_of(
    model: Model, dataset: Dataset, evaluation: Evaluation, name: str, details: Details, masks: str | None = None
) -> Subject:
    """Return what a page shows of a model's test; the similarities are counted if ``details`` lack them."""
    from maskreid.masks import mask_source
    from maskreid.training.evaluation import product_device

    calibration, policy = Calibration.of(model.card), mask_policy(model, masks)
    if details.similar is None:
        similar, thresholds = similar_pairs(evaluation.judgement, calibration, device=product_device(model))
        details = replace(details, similar=similar, thresholds=thresholds)
    return Subject(
        name,
        {**data_facts(dataset), "model": model.fingerprint, **model_facts(model.card)},
        Examined(name, evaluation.judgement, details),
        calibration=calibration,
        crops=DatasetCrops(dataset, mask_source(policy["source"]), min_share=policy["min_share"]),
        synthetic=dataset.name == "synthetic",
        masks=Masks.of(evaluation, policy),
        counts=dataset_counts(dataset),
    )
