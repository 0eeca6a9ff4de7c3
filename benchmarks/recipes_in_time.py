"""Train and test recipes one after the other until the time is up; bring back models, numbers and logs.

    python benchmarks/recipes_in_time.py recipes/market1501-gpu.toml recipes/market1501-compact.toml --seeds 2 \\
        --train /tmp/market --seconds 1500 --work /tmp/runs --out results

For a machine that is lent for half an hour: give the recipes in the order of their worth. What runs out of time is
cut off and said so; with the same --work the same command goes on with it. For every run OUT gets
NAME-seedS.safetensors (float16) and NAME-seedS.json: the model's card with the scores of the test and the whole log.

Nobody knows beforehand how fast a lent machine is, and a run that is cut off brings nothing back: with --fit, each
run takes as many iterations as its share of the time allows, by the rate of a hundred on that machine. Let --seconds
end well before the lease does, and let one command do it all.

Where only small parcels travel, a dataset's zip can be parted; the parts go into one folder, which is DATA then. The
first of these is enough with --untested, which leaves the test to `maskreid evaluate` at home:

    part="python benchmarks/recipes_in_time.py --part Market-1501-v15.09.15.zip"
    $part bounding_box_train train.zip
    $part bounding_box_test,query test1.zip --share 1/2
    $part bounding_box_test,query test2.zip --share 2/2
    for each in train test1 test2; do python -m zipfile -e $each.zip /tmp/market; done           # over there
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from maskreid.network import load_model, save_model
from maskreid.training import Recipe

MAIN = [sys.executable, "-m", "maskreid.cli.main"]
ENDED, CUT_OFF, FAILED = "ended", "cut off", "failed"
RESERVE = 60.0  # seconds kept for the test of the first run; later ones know how long it took
TRIAL = 100  # iterations that a rate is measured with
MARGIN = 0.95  # share of the time that is planned with


def main() -> None:
    """Parse, and part a zip or run recipes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", type=Path)
    parser.add_argument("--train", help="DATA with training images")
    parser.add_argument("--test", help="DATA with query and gallery; the default is that of --train")
    parser.add_argument("--untested", action="store_true", help="bring models back with their log alone")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for every recipe")
    parser.add_argument("--fit", action="store_true", help="as many iterations as there is time for")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1500)
    parser.add_argument("--work", type=Path, default=Path("runs/in-time"), help="run folders; keep it to go on later")
    parser.add_argument("--out", type=Path, default=Path("runs/in-time/out"))
    parser.add_argument("--part", nargs=3, metavar=("ZIP", "FOLDERS", "PART"), help="only write a part of a zip")
    parser.add_argument("--share", default="1/1", metavar="I/N", help="with --part: only every Nth of its files")
    arguments = parser.parse_args()
    if arguments.part:
        part_zip(*arguments.part, share=arguments.share)
    elif not arguments.recipes or not arguments.train:
        parser.error("expected recipes and --train, or --part")
    elif not run_all(arguments):
        sys.exit(1)


def run_all(arguments: argparse.Namespace) -> bool:
    """Train and test every recipe with every seed while there is time; say whether no command failed."""
    well, end = True, time.monotonic() + arguments.seconds
    reserve = 0.0 if arguments.untested else RESERVE
    runs = len(arguments.recipes) * arguments.seeds
    for place, path in enumerate(arguments.recipes):
        for seed in range(arguments.seeds):
            overrides = [*arguments.set, f"seed={seed}"]
            name = f"{Recipe.load(path, overrides).name}-seed{seed}"
            left = end - time.monotonic() - reserve
            if left <= 0:
                print(f"{name}: no time left", flush=True)
                continue
            run = arguments.work / name
            train = [*MAIN, "train", str(path), "--data", arguments.train]
            train += [word for each in overrides for word in ("--set", each)]
            if arguments.fit:
                started, todo = time.monotonic(), runs - place * arguments.seeds - seed
                iterations = fitting(train, run, left / todo - reserve)
                left -= time.monotonic() - started
                train += ["--set", f"schedule.iterations={iterations}"]
            ended = call([*train, "--out", str(run)], left)
            if ended != ENDED:
                said = "cut off; the same command goes on with it" if ended == CUT_OFF else "training failed"
                print(f"{name}: {said}", flush=True)
                well = well and ended == CUT_OFF
                continue
            if arguments.untested:
                bring_back(run, arguments.out / name, {})
                continue
            start = time.monotonic()
            test = [*MAIN, "evaluate", str(run), "--data", arguments.test or arguments.train, "--rerank"]
            ended = call([*test, "--out", str(run / "test")], max(reserve, end - start))
            if ended == ENDED:
                scores = json.loads((run / "test" / "metrics.json").read_text(encoding="utf-8"))
                bring_back(run, arguments.out / name, scores["evaluations"])
            else:
                said = "no time left to test it" if ended == CUT_OFF else "its test failed"
                print(f"{name}: trained; {said}", flush=True)
                well = well and ended == CUT_OFF
            reserve = 1.2 * (time.monotonic() - start)
    return well


def fitting(train: list[str], run: Path, seconds: float) -> int:
    """Return how many iterations of ``run`` take so many seconds, the measuring of it included.

    Raises:
        SystemExit: there is no time for any, or the command fails.
    """
    begun = run / "recipe.toml"
    if begun.exists():
        return Recipe.load(begun).schedule.iterations
    start, trial = time.monotonic(), run.with_name(run.name + "-rate")
    # Those in which the feature learns alone are the fast ones.
    few = ["--set", f"schedule.iterations={TRIAL}", "--set", "schedule.feature_first=0"]
    if call([*train, *few, "--out", str(trial)], seconds) != ENDED:
        sys.exit(f"{run.name}: no rate, for {TRIAL} iterations failed or took longer than all of them may")
    log = [json.loads(line) for line in (trial / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    # The log's rates are those since the start, whose first iterations choose kernels or compile; the last line waits
    # for the check of the network.
    seconds_at = {x["iteration"]: x["iteration"] / x["iterations_per_second"] for x in log if "loss" in x}
    first, last = sorted(seconds_at)[1], sorted(seconds_at)[-2]
    rate = (last - first) / (seconds_at[last] - seconds_at[first])
    took = time.monotonic() - start
    iterations = int(MARGIN * rate * (seconds - 2 * took + TRIAL / rate))  # the run starts as slowly as this did
    if iterations < 1:
        sys.exit(f"{run.name}: no time, for the start alone takes {took:.0f} s")
    print(f"{run.name}: {rate:.1f} iterations a second, so {iterations:,} of them", flush=True)
    return iterations


def call(command: list[str], seconds: float) -> str:
    """Run a command; say how it ended."""
    print(" ".join(command), flush=True)
    try:
        return FAILED if subprocess.run(command, timeout=seconds, check=False).returncode else ENDED
    except subprocess.TimeoutExpired:
        return CUT_OFF


def bring_back(run: Path, target: Path, scores: dict[str, Any]) -> None:
    """Write a run's model in half the bytes, its card with the test's scores and the log."""
    model = load_model(run)
    card = dict(model.card)
    card["metrics"] = {**card["metrics"], **scores}
    card["log"] = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    save_model(target, model.network, card, half=True)
    print(f"brought back: {target}.safetensors and .json", flush=True)


def part_zip(whole: str, folders: str, part: str, *, share: str) -> None:
    """Copy the members that lie in some folders of a zip, or a share of them, to a zip of their own."""
    wanted = set(folders.split(","))
    place, parts = map(int, share.split("/"))
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(part, "w") as target:
        members = [info for info in source.infolist() if wanted & set(PurePosixPath(info.filename).parts[:-1])]
        for info in members[place - 1 :: parts]:
            target.writestr(info, source.read(info))
    print(f"{part}: {len(members[place - 1 :: parts]):,} members, {Path(part).stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
