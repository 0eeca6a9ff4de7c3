"""Make a model that can be shipped of a run: half the bytes, calibrated, tested, and all of it on its card.

    python benchmarks/ship.py runs/compact-5 --name market1501-compact --data Market-1501-v15.09.15.zip \\
        --without 115,616 --others viper.zip cuhk01.zip prid2011-single-shot.zip --out runs/ship

OUT gets NAME.safetensors, NAME.json and what each test wrote; what is there is not run again. The pair goes to
src/maskreid/models/ by hand. The test says what was made and never what to make: choose by the people held out of
training before this runs, and write in docs/attempts.md that it ran.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from maskreid.network import load_model, save_model
from maskreid.network.model_file import CARD, add_to_card, read_card

MAIN = [sys.executable, "-m", "maskreid.cli.main"]
TOLD = {
    "intended_use": "Research on person retrieval. Not for identifying people without a legal basis, "
    "not as evidence.",
    "limits": "Learned from one campus in one summer: other cameras, seasons and changed clothes lower the numbers. "
    "See docs/models.md.",
}
LICENCE = "Market-1501: research only, do not distribute the images"
SCORES = ("rank1", "rank5", "rank10", "rank20", "map", "map_trapezoid", "minp")


def main() -> None:
    """Make the pair, calibrate it, test it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder, or a model file")
    parser.add_argument("--name", required=True)
    parser.add_argument("--data", required=True, help="what it learned from, and is tested on")
    parser.add_argument("--without", default="", help="identities that calibration leaves out, by commas")
    parser.add_argument("--others", nargs="*", default=[], help="other cameras' datasets, to test it on as it is")
    parser.add_argument("--out", type=Path, default=Path("runs/ship"))
    arguments = parser.parse_args()
    made = arguments.out / arguments.name
    if not made.with_name(made.name + CARD).exists():
        shrink(arguments.run, made)
    if "calibration" not in read_card(made):
        without = ["--without", arguments.without] if arguments.without else []
        command("calibrate", made, arguments.data, *without, "--precision", "bfloat16")
    add_to_card(made, "metrics", tested(made, arguments.data, "--multi-query", "--rerank", "--open-set"))
    for data in arguments.others:
        tested(made, data)


def shrink(run: Path, made: Path) -> None:
    """Write a run's model in half the bytes; what its held-out people said becomes part of how it was trained."""
    model = load_model(run)
    card = {**{key: value for key, value in model.card.items() if key != "log"}, **TOLD}
    if "held_out_identities" not in card["metrics"]:
        sys.exit(f"{run} held nobody out of training, so nothing says how good it is before the test; train with it")
    held_out = {key: round(card["metrics"]["held_out_identities"][key], 2) for key in ("rank1", "map")}
    card["training"] = {**card["training"], "licence": LICENCE, "held_out_identities": held_out}
    save_model(made, model.network, {**card, "metrics": {}}, half=True)


def tested(made: Path, data: str, *options: str) -> dict[str, dict[str, float]]:
    """Return the scores of `maskreid evaluate` as the card has them: one entry for each way to search."""
    dataset = Path(data).name.removesuffix(".zip")
    said = made.with_name(f"{made.name}-{dataset}") / "metrics.json"
    if not said.exists():
        command("evaluate", made, data, *options, "--out", str(said.parent))
    found = json.loads(said.read_text(encoding="utf-8"))
    ways = found["evaluations"].items()
    return {f"{found['data']}, {way}": {key: round(scores[key], 2) for key in SCORES} for way, scores in ways}


def command(name: str, model: Path, data: str, *options: str) -> None:
    """Run a command of maskreid; end as it does where it fails."""
    words: Sequence[str] = [*MAIN, name, str(model), "--data", data, *options]
    print(" ".join(words), flush=True)
    code = subprocess.run(words, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
