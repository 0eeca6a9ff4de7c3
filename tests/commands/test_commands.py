"""Whole commands, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from running import maskreid, new_process, refused, write
from typer.main import get_command

import maskreid as maskreid_package
from maskreid import progress, training
from maskreid.cli import main as program
from maskreid.cli.models import models
from maskreid.cli.train import train as train_command
from maskreid.errors import MaskreidError
from maskreid.images import FORMATS, open_dataset, synthetic_world
from maskreid.network import list_models
from maskreid.retrieval import NAMED_PROTOCOLS

SHORT = [
    *("--set", "schedule.iterations=2"),
    *("--set", "network.width=0.25"),
    *("--set", "network.input_size=[48,32]"),
    *("--set", "data.resize=[54,36]"),
    *("--set", "data.held_out=0.2"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic world as files, in Market-1501's layout with sibling masks."""
    root = tmp_path_factory.mktemp("data") / "Market-1501"
    write(synthetic_world(train=10, test=4, cameras=2, images=2, distractors=2, junk=2), root)
    return root


MODEL = "market1501-compact"
UNWRITABLE = "is not a folder that can be written to"
RECIPE = Path(__file__).parents[2] / "recipes" / "market1501-1-small.toml"


def verbs(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Every verb below a command, as it is typed."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path
        return
    for name, each in below.items():
        yield from verbs(each, *path, name)


def test_help_says_what_the_defaults_are() -> None:
    said = " ".join(maskreid("embed", "--help").stdout.replace("│", " ").split())
    for default in ("all", "what the model was trained with", "bfloat16 where it is faster"):
        assert f"[default: {default}]" in said


def test_help_names_every_format_and_protocol() -> None:
    said = " ".join(maskreid("evaluate", "--help").stdout.replace("│", " ").split())
    assert [name for name in (*FORMATS, *NAMED_PROTOCOLS) if name not in said] == []


def test_help_takes_no_longer_than_what_draws_it() -> None:
    """Half a second, by a library that takes a fifth of one to import; the ratio is the same on slower machines."""
    said = maskreid("--help").stdout
    assert [verb for verb, *_ in verbs(get_command(program.app)) if verb not in said] == []
    drawing = processor_time(lambda: subprocess.run([sys.executable, "-c", "import typer, rich.console"], check=True))
    assert processor_time(lambda: new_process("--help")) < 3.5 * drawing


def processor_time(run: Callable[[], object]) -> float:
    """Return the seconds that ``run``'s processes compute, at best: another program shall not fail a test."""
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


@pytest.mark.parametrize("verb", list(verbs(get_command(program.app))), ids=" ".join)
def test_every_verb_explains_itself(verb: list[str]) -> None:
    assert "Usage" in maskreid(*verb, "--help").stdout


def test_version() -> None:
    assert re.fullmatch(r"maskreid \d+\.\d+\.\d+\n", maskreid("--version").stdout)


def test_data_check_prints_the_table_of_the_field(folder: Path) -> None:
    out = maskreid("data", "check", folder).stdout
    for split, numbers in (("train", ("10", "40", "2")), ("query", ("4", "8", "2"))):
        line = next(line for line in out.splitlines() if split in line)
        assert all(number in line for number in numbers), line


def test_data_check_fails_on_a_damaged_image(folder: Path, tmp_path: Path) -> None:
    write(synthetic_world(train=4, test=2, cameras=2, images=2, distractors=0, junk=0), tmp_path)
    victim = next((tmp_path / "query").iterdir())
    victim.write_bytes(victim.read_bytes()[:200])
    assert victim.name in maskreid("data", "check", tmp_path, code=1).stdout


def test_train_evaluate_and_look(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ("--set", "batch.size=16")
    done = maskreid("train", RECIPE, "--data", folder, "--out", run, *SHORT, *small)
    assert "held-out identities: Rank-1" in done.stdout
    out = tmp_path / "test"
    done = maskreid("evaluate", run / "model", "--data", folder, "--rerank", "--out", out)
    assert "| single query, re-ranked |" in done.stdout
    numbers = json.loads((out / "metrics.json").read_text())
    assert {"rank1", "map", "map_trapezoid", "minp"} <= numbers.keys()
    assert f"{numbers['map']:.2f}" in done.stdout
    page = (out / "report.html").read_text()
    assert f"{numbers['map']:.2f}" in page
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page)
    # What evaluate left is enough for a report; its numbers stay, and those of the training are drawn.
    done = maskreid("report", out, "--data", folder)
    assert str(out / "report" / "report.html") in done.stdout
    page = (out / "report" / "report.html").read_text()
    assert f"{numbers['map']:.2f}" in page
    assert page.count("data:image/webp") > 20
    names = {path.stem for path in (out / "report" / "figures").iterdir()}
    assert {"cmc", "average-precision", "similarities", "roc", "det", "camera-pairs"} == names
    assert {path.suffix for path in (out / "report" / "figures").iterdir()} == {".svg", ".png", ".pdf"}
    done = maskreid(
        "ranks", out, "--data", folder, "--queries", "worst:3", "--rows", "2", "--out", tmp_path / "r.png"
    )
    assert "r-1.png" in done.stdout
    assert (tmp_path / "r-2.png").is_file()
    odd = maskreid("ranks", out, "--data", folder, "--queries", "nobody", "--out", tmp_path / "r.png", code=2)
    assert "'nobody': expected worst:N, random:N" in odd.stderr
    maskreid("report", run)
    assert {path.stem for path in (run / "report" / "figures").iterdir()} == {"losses", "validation"}
    done = maskreid("report", out, "--against", run, "--data", folder, "--out", tmp_path / "both")
    page = (tmp_path / "both" / "report.html").read_text()
    assert "Is B better than A?" in page
    assert "<td>+0.00</td><td>+0.00 to +0.00</td><td>1.0000</td>" in page, "the model against its own features"
    # The same command again finds the run finished and says the same.
    again = maskreid("train", RECIPE, "--data", folder, "--out", run, *SHORT, *small)
    assert "held-out identities: Rank-1" in again.stdout
    said = refused("train", RECIPE, "--data", folder, "--out", run, *SHORT, *small, "--set", "seed=5")
    assert "holds a run of another recipe" in said


def test_what_a_model_became_is_mixed_with_what_it_was(folder: Path, tmp_path: Path) -> None:
    start, trained, mixture = tmp_path / "start", tmp_path / "trained", tmp_path / "mixed"
    small = ("--data", folder, *SHORT, "--set", "batch.size=16")
    maskreid("train", RECIPE, "--out", start, *small)
    maskreid("train", RECIPE, "--out", trained, *small, "--set", f"init={start / 'model'}")
    done = maskreid("mix", trained, start, "--share", "0.7", "--out", mixture)
    assert done.stdout == f"0.7 of {trained}, 0.3 of {start}\nwritten: {mixture}.safetensors\n"
    assert "single query" in maskreid("evaluate", mixture, "--data", folder).stdout
    maskreid("report", mixture, "--data", folder, "--out", tmp_path / "report")
    assert "70 % of this, the rest of what it started from" in (tmp_path / "report" / "report.html").read_text()
    assert "is there already" in refused("mix", trained, start, "--out", mixture)


def test_a_report_on_nothing_says_what_it_wants(tmp_path: Path) -> None:
    assert "expected a training run (log.jsonl), a test" in refused("report", tmp_path)
    assert "say where with --out" in refused("report", "market1501")


def test_masks_are_made_checked_and_shown(folder: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    assert "wrote" in maskreid("masks", "make", folder, "--out", masks).stdout
    report = maskreid("masks", "check", folder, "--masks", masks).stdout
    assert "mean coverage" in report
    sheet = tmp_path / "sheet.png"
    maskreid("masks", "preview", folder, "--masks", "dataset", "--out", sheet, "--count", "6")
    with Image.open(sheet) as picture:
        assert picture.width > 6 * 3 * 64
    victim = next(masks.rglob("*.png"))
    Image.new("L", (1, 1)).save(victim)
    every = ["masks", "preview", folder, "--masks", masks, "--out", sheet, "--count", "999"]
    assert "make the mask at the image's own size" in maskreid(*every, code=2).stderr
    maskreid(*every, "--seed", "-1", code=2)
    maskreid("ranks", MODEL, "--data", folder, "--queries", "random:2", "--seed", "-1", code=2)
    victim.unlink()
    assert "missing or unreadable: 1" in maskreid("masks", "check", folder, "--masks", masks, code=1).stdout


def test_a_name_need_not_be_utf8(tmp_path: Path) -> None:
    for name in (b"Jos\xe9", b"Ann"):
        (tmp_path / os.fsdecode(name)).mkdir()
        Image.new("RGB", (8, 16)).save(tmp_path / os.fsdecode(name) / "1.png")
    done = new_process("data", "check", tmp_path, code=1, env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"})
    assert r"Jos\udce9/1.png" in done.stdout


def test_models_lists_what_is_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    models()
    told = capsys.readouterr().out
    assert list_models()
    for name, card in list_models().items():
        lines = told[told.index(f"{name}\n") :].splitlines()
        assert f"{card['architecture']['dimension']} numbers out" in lines[1]
        assert f"trained on: {card['training']['data']}" in lines[2]
        for line, (setting, numbers) in zip(lines[3:], card["metrics"].items(), strict=False):
            assert line.startswith(f"  {setting}: Rank-1 {numbers['rank1']:.2f}  mAP {numbers['map']:.2f} ")


WAIT = """
import signal, sys, time
from maskreid.cli.main import app, main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
@app.command()
def wait():
    print("ready", flush=True)
    time.sleep(60)
sys.argv = ["maskreid", "wait"]
main()
"""


def test_ctrl_c_is_one_line() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WAIT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "maskreid: stopped; run it again to go on\n")


def test_an_error_does_not_stand_behind_the_live_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def app() -> None:
        monkeypatch.setattr(progress, "_unfinished", True)
        raise MaskreidError("wrong")

    monkeypatch.setattr(program, "app", app)
    assert refused() == "\nmaskreid: wrong\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "check", "/nowhere"], "no such"),
        (["data", "check", "{folder}", "--format", "market"], "did you mean market1501"),
        (["train", "none.toml", "--data", "{folder}", "--out", "{tmp}/run"], "no recipe at none.toml"),
        (
            ["train", "{recipe}", "--data", "{folder}", "--out", "{tmp}/r", "--set", "batch.sise=3"],
            "did you mean batch.size",
        ),
        (["evaluate", "nobody", "--data", "{folder}"], "no model 'nobody'"),
        (["evaluate", "nobody", "--data", ""], "argument 4 after --data is empty: ''; is a variable not set?"),
        (["embed", "nobody", "--data", "{folder}", "--out="], "argument 5 is empty: --out=; is a variable not set?"),
        (["masks", "check", "{folder}", "--masks", "none"], "--masks must be"),
        (["masks", "train", "{folder}", "--labels", "{tmp}", "--out", "{tmp}/m"], "none of its PNG files"),
        (["masks", "make", "{folder}", "--out", "{tmp}/file/masks"], UNWRITABLE),
        (["masks", "preview", "{folder}", "--out", "{tmp}/file/masks.png"], UNWRITABLE),
        (["masks", "preview", "{folder}", "--out", "{tmp}/masks.foo"], "--out: expected a name that ends in .png"),
        (["ranks", "nobody", "--data", "{folder}", "--queries", "worst:1", "--out", "{tmp}/file/r.png"], UNWRITABLE),
        (["evaluate", "nobody", "--data", "{folder}", "--out", "{tmp}/file"], UNWRITABLE),
        (["evaluate", "--features", "none.npz", "--out", "{tmp}/file/out"], UNWRITABLE),
        (["evaluate", "--features", "none.npz", "--out", "{tmp}/other-run"], "is a training run, whose test these"),
        (["serve", "{tmp}", "--data", "{folder}"], "only a --run shows pictures of DATA: leave out --data"),
        (["report", "{tmp}", "--out", "{tmp}/file"], UNWRITABLE),
        (["evaluate", MODEL, "--data", "{folder}", "--out", "{tmp}/other-run"], "is the run of another model"),
        (["adapt", MODEL, "--data", "{folder}", "--out", "{tmp}/file/adapted"], UNWRITABLE),
        (["adapt", MODEL, "--data", "{folder}", "--out", "{tmp}/adapted"], "40 images to adapt to, expected 50"),
        (["mix", MODEL, "market1501", "--out", "{tmp}/file/mixed"], UNWRITABLE),
        (["mix", MODEL, MODEL, "--out", "{tmp}/mixed"], "the first model was not trained from the second"),
        (["evaluate", MODEL, "--data", "{folder}", "--device", "foo"], "'foo'"),
        (["calibrate", MODEL, "--data", "{folder}", "--device", "foo"], "'foo'"),
        (["report", MODEL, "--data", "{folder}", "--out", "{tmp}/out", "--device", "foo"], "'foo'"),
        (["embed", MODEL, "--data", "{folder}", "--out", "{tmp}/out", "--device", "foo"], "'foo'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_mistakes_are_one_line_and_status_2(folder: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "other-run").mkdir()
    (tmp_path / "other-run" / "log.jsonl").write_text("")
    places = {"folder": folder, "tmp": tmp_path, "recipe": RECIPE}
    said = refused(*(argument.format(**places) for argument in arguments))
    assert message in said
    assert said.startswith("maskreid: ")
    assert said.count("\n") == 1


def test_a_split_that_the_data_does_not_have_is_one_line() -> None:
    done = maskreid("data", "check", "synthetic", "--split", "1", code=2)
    assert done.stderr.strip() == "maskreid: --split is 1; the synthetic world has one split only, number 0"


def test_several_datasets_are_trained_on_together(folder: Path, tmp_path: Path) -> None:
    both = ["--data", folder, "--data", "synthetic"]
    short = [*SHORT, "--set", "data.masks=dataset", "--set", "data.resize=[48,32]"]
    maskreid("train", RECIPE, *both, "--out", tmp_path / "run", *short)
    training = json.loads((tmp_path / "run" / "model.json").read_text())["training"]
    assert training["data"] == "market1501 + synthetic"
    assert training["identities"] == 72  # of 10 + 80, a fifth is held out
    for wrong, expected in (
        (["--split", "2"], "none of"),
        (["--format", "market1501"], "goes with one --data"),
        (["--data", folder], "is given 2 times"),
    ):
        assert expected in refused("train", RECIPE, *both, *wrong, "--out", tmp_path / "other", *short)


def test_what_to_type_next_fits_each_dataset(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    viper = tmp_path / "VIPeR"
    viper.mkdir()
    for name in range(1, 9):
        for camera in (1, 2):
            Image.new("RGB", (8, 16)).save(viper / f"{name:04d}{camera:04d}.png")
    photos = tmp_path / "photos"
    for name in ("anna", "bert"):
        (photos / name).mkdir(parents=True)
        for number in (1, 2):
            Image.new("RGB", (8, 16)).save(photos / name / f"{number}.png")
    monkeypatch.setattr(training, "train", lambda *_, **__: SimpleNamespace(card={"metrics": {}}))
    for data, options, expected in (
        ([folder], {"format": "market1501"}, [" --format market1501"]),
        ([viper], {"split": 3}, [" --split 3"]),
        ([viper, folder], {"split": 3}, [" --split 3", ""]),
        ([folder, viper, photos], {}, ["", "", " --protocol all-vs-all"]),
    ):
        train_command(RECIPE, [str(path) for path in data], tmp_path / "run", **options)
        said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("test it: ")]
        model = tmp_path / "run" / "model"
        assert said == [
            f"test it: maskreid evaluate {model} --data {path}{each}"
            for path, each in zip(data, expected, strict=True)
        ]


def test_calibrate_then_evaluate_open_set(folder: Path, tmp_path: Path) -> None:
    """A copy of a shipped model, calibrated on people it never saw."""
    shipped = Path(maskreid_package.__file__).parent / "models"
    for suffix in (".safetensors", ".json"):
        (tmp_path / f"mine{suffix}").write_bytes((shipped / f"market1501-compact{suffix}").read_bytes())
    card = json.loads((tmp_path / "mine.json").read_text())
    card["training"] |= {"data": "others", "datasets": [["others", "0123456789abcdef"]], "init": None}
    (tmp_path / "mine.json").write_text(json.dumps(card))
    for number, photo in enumerate((folder / "bounding_box_train").iterdir()):
        person = tmp_path / "people" / photo.name[:4]  # of no camera, so that those of one background may answer too
        person.mkdir(parents=True, exist_ok=True)
        (person / f"{number}.png").write_bytes(photo.read_bytes())
    asked = ["calibrate", tmp_path / "mine", "--data", tmp_path / "people", "--plot"]
    assert "expected a name that ends in .svg" in maskreid(*asked, tmp_path / "mine.json", code=2).stderr
    done = maskreid(*asked, tmp_path / "plot.svg")
    assert re.search(r"ECE 0\.\d{3} on people not fitted to; 10 people asked for", done.stdout)
    assert "<svg" in (tmp_path / "plot.svg").read_text()
    assert json.loads((tmp_path / "mine.json").read_text())["calibration"]["people"] == 10
    done = maskreid("evaluate", tmp_path / "mine", "--data", folder, "--open-set", "--out", tmp_path / "out")
    assert "| FPIR 1 %" in done.stdout
    assert "ECE 0." in done.stdout
    numbers = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert {"open_set", "calibration_error"} <= set(numbers)
    assert (tmp_path / "out" / "report.html").is_file()
    asked = ("--features", tmp_path / "out", "--open-set", "--out", tmp_path / "out")
    done = maskreid("evaluate", *asked)
    assert "ECE 0." in done.stdout, "features were asked for with the probabilities of their model"
    again = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert again["calibration_error"] == pytest.approx(numbers["calibration_error"], abs=1e-4)
    assert f"removed: {tmp_path / 'out' / 'report.html'}" in done.stdout
    assert not (tmp_path / "out" / "report.html").exists(), "a page of other numbers than those beside it"

    three = tmp_path / "three.csv"
    photos = [photo.relative_to(tmp_path) for photo in sorted(tmp_path.glob("people/*/*.png"))[:12]]
    rows = [f"{photo},{photo.parent.name},{i % 2},{('query', 'gallery')[i % 2]}\n" for i, photo in enumerate(photos)]
    three.write_text(f"path,identity,camera,split\n{''.join(rows)}")
    done = maskreid("evaluate", tmp_path / "mine", "--data", three, "--open-set", "--out", tmp_path / "few")
    assert "| FPIR 1 %" in done.stdout
    assert "four people or more who can be found, got 3: no reliability" in done.stdout
    assert "open_set" in json.loads((tmp_path / "few" / "metrics.json").read_text())


@pytest.mark.parametrize("command", ["evaluate", "embed", "compare"])
def test_a_misspelt_precision_is_told_before_anything_is_read(command: str) -> None:
    models = ["market1501"] * (2 if command == "compare" else 1)
    said = refused(
        command, *models, "--data", "/nowhere", "--precision", "fp16", *["--out", "x.npz"][: 2 * (command == "embed")]
    )
    assert "precision must be float32 or bfloat16, got 'fp16'" in said


def test_a_name_with_a_line_break_does_not_make_two_lines(tmp_path: Path) -> None:
    told = maskreid("data", "check", tmp_path / "two\nlines", code=2).stderr
    assert told.count("\n") == 1
    assert "two\\nlines" in told


def test_a_path_that_the_system_refuses_is_one_line() -> None:
    assert refused("data", "check", "x" * 300).startswith(f"maskreid: {'x' * 300}: File name too long")


def test_calibrate_says_what_it_cannot_do(folder: Path) -> None:
    model = ["market1501-compact", "--data", folder]
    assert "--without: expected identities as numbers" in refused("calibrate", *model, "--without", "x")
    assert "is a shipped model, which stays as it is" in refused("calibrate", MODEL, "--data", "/nowhere")
    said = refused("evaluate", *model, "--open-set", "--protocol", "cuhk03-classic")
    assert "--open-set needs a gallery that is searched whole" in said


def test_masks_are_made_for_the_split_that_is_asked_for(tmp_path: Path) -> None:
    """PRID 2011: ten frames of each person who is learned from are taken, and the split says whose and which."""
    data = tmp_path / "prid2011"
    for person in range(1, 5):
        for camera in "ab":
            shots = [f"single_shot/cam_{camera}/person_{person:04}.png"]
            shots += [f"multi_shot/cam_{camera}/person_{person:04}/{frame:04}.png" for frame in range(1, 13)]
            for number, shot in enumerate(shots):
                (data / shot).parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (16, 32), (50 * person, 0, 15 * number)).save(data / shot)
    wanted = {}
    for split in ("0", "3"):
        masks = tmp_path / split
        maskreid("masks", "make", data, "--out", masks, "--split", split)
        wanted[split] = {image.path for image in open_dataset(data, split=int(split)).images()}
        assert len(list(masks.rglob("*.png"))) == len(wanted[split])
        told = maskreid("masks", "check", data, "--masks", masks, "--split", split, code=None).stdout
        assert "missing or unreadable" not in told
    assert wanted["0"] != wanted["3"]
    told = maskreid("masks", "check", data, "--masks", tmp_path / "0", "--split", "3", code=1).stdout
    assert "missing or unreadable" in told
