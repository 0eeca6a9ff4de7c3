"""The page in a real browser: Debian's Chromium, driven by Playwright; ``make test-web`` runs these."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from maskreid.gallery import Asker, Filter, Gallery, judgements
from maskreid.images import Dataset
from maskreid.web.app import make_app
from maskreid.web.desk import Desk
from maskreid.web.runs import Runs
from maskreid.web.serve import _listen

pytestmark = pytest.mark.browser


@dataclass
class Site:
    address: str
    desk: Desk

    @property
    def count(self) -> int:
        return len(self.desk.gallery)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("no chromium here: apt-get install --no-install-recommends chromium, or make test-web as root")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def site(gallery: Gallery, asker: Asker, world: Dataset, tmp_path: Path) -> Iterator[Site]:
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part in ("query", "gallery"):
        images = world.splits[part]
        arrays[f"{part}_features"] = rng.normal(size=(len(images), 8))
        arrays[f"{part}_identities"] = np.array([image.identity for image in images])
        arrays[f"{part}_cameras"] = np.array([image.camera for image in images])
        arrays[f"{part}_paths"] = np.array([image.path for image in images])
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", **arrays)
    runs = Runs([str(tmp_path / "one.npz"), str(tmp_path / "two.npz")], world)
    desk = Desk(gallery, asker, runs=runs)
    listening = _listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(make_app(desk), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield Site(f"http://127.0.0.1:{listening.getsockname()[1]}", desk)
    server.should_exit = True
    thread.join(20)
    listening.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page whose scripts raise nothing, and which asks nobody else."""
    context = browser.new_context(base_url=site.address)
    context.set_default_timeout(15_000)
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on("request", lambda request: _elsewhere(request.url, site.address, wrong))
    yield made
    context.close()
    assert wrong == []


def _elsewhere(url: str, address: str, wrong: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:")):
        wrong.append(url)


def upload(page: Page, *files: dict[str, Any]) -> None:
    page.goto("/")
    page.set_input_files("#images", list(files))


def found(page: Page, image: bytes) -> None:
    """Search for an image and wait for its answers."""
    upload(page, {"name": "someone.png", "mimeType": "image/png", "buffer": image})
    page.wait_for_url("**/?q=*")
    expect(page.locator(".card").first).to_be_visible()


def ids(page: Page) -> list[str]:
    return [str(card.get_attribute("data-id")) for card in page.locator(".card").all()]


def test_upload_search_filter_and_the_way_back(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    expect(page.locator("canvas[data-drawn]")).to_have_count(1)
    assert len(ids(page)) == min(60, site.count)
    assert page.evaluate("document.querySelector('.card img').naturalWidth") > 0
    page.get_by_label("2", exact=False).and_(page.locator("[name=camera]")).first.check()
    page.wait_for_url("**camera=2**")
    cameras = {entry.camera for entry in site.desk.gallery.entries(Filter(ids=tuple(ids(page))))}
    assert cameras == {2}
    page.locator("[name=group]").select_option("camera")
    expect(page.locator("#results > h2")).to_have_text([f"camera 2 {len(ids(page))}"])
    address, before = page.url, ids(page)
    page.goto("/")
    page.goto(address)
    assert ids(page) == before
    expect(page.locator("[name=camera][value='2']")).to_be_checked()


def test_the_slider_keeps_what_is_alike_enough(page: Page, image: bytes) -> None:
    found(page, image)
    before = ids(page)
    scores = [float(each.get_attribute("value") or 0) for each in page.locator(".card meter").all()]
    middle = round((scores[2] + scores[3]) / 2 + 0.005, 2)
    page.locator("#least").fill(str(middle))
    page.wait_for_url("**least=**")
    left = ids(page)
    assert left == before[: len(left)]
    assert 0 < len(left) < len(before)
    assert all(score >= middle - 0.001 for score in scores[: len(left)])
    assert all(score < middle + 0.001 for score in scores[len(left) :])


def test_refining_by_keyboard_and_taking_it_back(page: Page, image: bytes) -> None:
    found(page, image)
    before = ids(page)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    expect(page.locator(".chip.like")).to_have_count(1)
    expect(page.locator(".shot").nth(1)).to_be_focused()
    assert before[1] in page.url
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    expect(page.locator(".chip.unlike")).to_have_count(1)
    page.locator(".chip button").first.click()
    expect(page.locator(".chip.like")).to_have_count(0)
    page.locator(".chip button").first.click()
    expect(page.locator(".chip")).to_have_count(0)
    assert ids(page) == before
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


def test_the_mask_is_painted_and_switched_off(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    query = page.locator("[data-query]").get_attribute("data-query") or ""
    before = site.desk.queries.get(query).vector
    page.get_by_role("button", name="Fix mask").click()
    box = page.locator("#painted").bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] / 3, steps=4)
    page.mouse.up()
    with page.expect_navigation():
        page.get_by_role("button", name="Search with this mask").click()
    painted = site.desk.queries.image(query, 0)
    assert (painted.mask & ~painted.drawn).sum() > 20
    assert not (painted.drawn & ~painted.mask).any()
    with page.expect_navigation():
        page.get_by_role("button", name="No mask").click()
    assert not site.desk.queries.image(query, 0).masked
    assert np.abs(site.desk.queries.get(query).vector - before).max() > 1e-4


def test_judged_undone_and_deleted(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    first, second, third = ids(page)[:3]
    for id_ in (first, second):
        page.locator(f"[data-chooses='{id_}']").check()
    page.locator("#judging [name=identity]").fill("<i>ann</i>")
    page.get_by_role("button", name="One person", exact=True).click()
    expect(page.locator(f"[data-id='{first}'] .who")).to_have_text("<i>ann</i>")
    expect(page.locator(f"[data-id='{second}'] .who")).to_have_text("<i>ann</i>")
    page.locator("h1").first.click()
    page.keyboard.press("u")
    expect(page.locator(f"[data-id='{first}'] .who")).not_to_have_text("<i>ann</i>")
    assert [each.what for each in judgements(site.desk.gallery)] == ["same", "undo"]
    count = site.count
    page.locator(f"[data-chooses='{third}']").check()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Keep").click()
    assert site.count == count
    page.get_by_role("button", name="Remove", exact=True).click()
    page.locator("#removal [value=remove]").click()
    expect(page.locator(f"[data-id='{third}']")).to_have_count(0)
    assert site.count == count - 1


def test_what_a_filter_hides_is_no_longer_chosen(page: Page, site: Site) -> None:
    page.goto("/browse?tag=made up&top=30")
    cameras = {entry.id: entry.camera for entry in site.desk.gallery.entries()}
    for camera in (1, 2):
        id_ = next(each for each in ids(page) if cameras[each] == camera)
        page.locator(f"[data-chooses='{id_}']").check()
    expect(page.locator("#judging [data-count]")).to_have_text("2 entries")
    page.locator("[name=camera][value='2']").check()
    page.wait_for_url("**camera=2**")
    expect(page.locator("#judging [data-count]")).to_have_text("1 entry")
    expect(page.locator("[data-chooses]:checked")).to_have_count(1)
    assert "tag=made+up" in page.url
    assert "top=30" in page.url


def test_like_after_unlike_is_like(page: Page, image: bytes) -> None:
    found(page, image)
    first = ids(page)[0]
    page.locator(f"[data-id='{first}'] [name=unlike]").click()
    expect(page.locator(".chip.unlike")).to_have_count(1)
    page.locator(f"[data-id='{first}'] [name=like]").click()
    expect(page.locator(".chip.like")).to_have_count(1)
    expect(page.locator(".chip.unlike")).to_have_count(0)


def test_what_is_judged_is_listed_and_taken_back_there(page: Page, site: Site) -> None:
    page.goto("/browse?order=camera")
    boxes = page.locator("[data-chooses]")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Not the first one").click()
    expect(page.locator("#told")).to_contain_text("takes it back")
    page.goto("/judgements")
    with page.expect_navigation():
        page.get_by_role("button", name="Take back").click()
    expect(page.locator("h1")).to_have_text("0 judgements stand")


def _back(page: Page) -> None:
    """What a page changed is loaded anew once its address is back, and Back is over only then."""
    page.evaluate("() => { window.isLeft = true; history.back(); }")
    page.wait_for_function("() => !window.isLeft && document.readyState === 'complete'")


def test_back_goes_through_every_search_and_out(page: Page, image: bytes) -> None:
    page.goto("/browse")
    found(page, image)
    page.locator("[name=camera][value='2']").check()
    page.wait_for_url("**camera=2**")
    page.locator("[name=group]").select_option("time")
    page.wait_for_url("**group=time**")
    _back(page)
    page.wait_for_url(lambda url: "camera=2" in url and "group" not in url)
    expect(page.locator("[data-query] canvas")).to_have_attribute("data-drawn", "yes")
    _back(page)
    page.wait_for_url(lambda url: "camera" not in url)
    page.get_by_role("button", name="Fix mask").click()
    expect(page.locator("#mask")).to_be_visible()
    page.keyboard.press("Escape")
    _back(page)
    _back(page)
    page.wait_for_url("**/browse")
    page.go_forward()
    expect(page.locator("#send button")).to_be_hidden()  # the page's scripts are at work


def test_a_typed_name_is_of_those_who_were_chosen(page: Page, site: Site) -> None:
    page.goto("/browse?order=camera&top=6&offset=6")
    boxes = page.locator("[data-chooses]")
    boxes.nth(0).check()
    page.locator("#judging [name=identity]").fill("ann")
    with page.expect_navigation():
        page.get_by_role("button", name="One person", exact=True).click()
    changed = len(judgements(site.desk.gallery)[0].before or {})  # those who had the entry's name before are ann too
    expect(page.locator("#told")).to_have_text(f"ann: 1 entry, {changed} names changed; u takes it back")
    assert "offset=6" in page.url
    expect(page.locator("#results > p").first).to_contain_text("7 to 12 of")
    expect(page.locator(".who").first).to_have_text("ann")
    boxes.nth(1).check()
    expect(page.locator("#judging [name=identity]")).to_have_value("")
    page.locator("#judging [name=identity]").fill("bob")
    page.get_by_role("button", name="Choose none").click()
    boxes.nth(2).check()
    expect(page.locator("#judging [name=identity]")).to_have_value("")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="One person", exact=True)).to_be_focused()


def test_a_keyboard_judges_and_stays_at_its_place(page: Page, image: bytes) -> None:
    found(page, image)
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "x", "j"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(page.locator("#told")).to_contain_text("takes it back")
    expect(page.locator(".shot").nth(2)).to_be_focused()
    expect(page.locator("#spoken")).not_to_be_empty()


def test_a_server_that_has_gone_is_told(page: Page, image: bytes) -> None:
    found(page, image)
    page.route("**/?**", lambda route: route.abort())
    page.locator("[name=camera][value='2']").check()
    expect(page.locator("#told")).to_contain_text("the server does not answer")


def test_what_was_painted_stays_until_it_is_taken(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    query = page.locator("[data-query]").get_attribute("data-query") or ""
    page.get_by_role("button", name="Fix mask").click()
    page.get_by_label("background").check()
    page.locator("[name=size]").fill("40")
    box = page.locator("#painted").bounding_box()
    assert box
    picture = site.desk.queries.image(query, 0).picture
    assert box["width"] / box["height"] == pytest.approx(picture.shape[1] / picture.shape[0], rel=0.02)
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    for row in range(11):
        for side in (4, box["width"] - 4):
            page.mouse.move(box["x"] + side, box["y"] + 4 + row * (box["height"] - 8) / 10)
    page.mouse.up()
    page.get_by_role("button", name="Search with this mask").click()
    expect(page.locator("#mask [role=alert]")).to_contain_text("paint more of the person")
    expect(page.locator("#mask")).to_be_visible()


def test_each_image_of_a_query_is_compared(page: Page, image: bytes) -> None:
    page.goto("/")
    files: Any = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": image} for n in range(2)]
    page.locator("#images").set_input_files(files)
    page.wait_for_url("**q=**")
    page.locator(".compares").first.click()
    page.wait_for_url("**/compare?**")
    expect(page.locator("#main")).to_contain_text("image 1 of 2 of the query")
    page.get_by_role("link", name="2", exact=True).click()
    expect(page.locator("#main")).to_contain_text("image 2 of 2 of the query")


def test_two_entries_are_compared(page: Page) -> None:
    page.goto("/browse")
    page.locator("[data-chooses]").nth(0).check()
    page.locator("[data-chooses]").nth(1).check()
    page.get_by_role("button", name="Compare").click()
    page.wait_for_url("**/compare?**")
    expect(page.locator(".trio img")).to_have_count(6)
    page.get_by_role("button", name="Not one person").click()
    expect(page.locator("#told")).to_contain_text("Written down")


def test_the_evaluation_page(page: Page) -> None:
    page.goto("/evaluate")
    expect(page.locator("#cmc svg")).to_be_visible()
    assert page.evaluate("document.querySelector('#cmc svg path[style]').style.cssText") != ""
    page.locator("[name=against]").select_option("two.npz")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#difference svg")).to_be_visible()
    page.goto("/evaluate")
    page.locator(".numbers a").first.click()
    expect(page.locator(".ranks img").first).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("letter.pdf", b"%PDF-1.7", "letter.pdf is no image"),
        ("cut.png", None, "cut.png cannot be decoded"),
        ("huge.jpg", 50 << 20, "too large"),
    ],
)
def test_what_cannot_be_taken_is_said(
    page: Page, image: bytes, tmp_path: Path, name: str, content: Any, says: str
) -> None:
    body = image[: len(image) // 2] if content is None else bytes(content) if isinstance(content, int) else content
    (tmp_path / name).write_bytes(body)
    page.goto("/")
    page.set_input_files("#images", tmp_path / name)
    expect(page.locator("#send-problem")).to_contain_text(says)
    found(page, image)  # and then the page still works


def test_50_megabytes_are_refused_by_the_server_too(page: Page, site: Site) -> None:
    """Past the page's own check: the answer arrives though the server takes only 20 MB of it."""
    page.goto("/")
    answer = page.evaluate(
        """async () => {
            const body = new FormData();
            body.append("images", new Blob([new Uint8Array(50 << 20)]), "huge.jpg");
            const answer = await fetch("/api/queries", {method: "POST", body});
            return [answer.status, (await answer.json()).detail];
        }"""
    )
    assert answer == [413, "too large: 20 MB are taken at a time; send smaller images"]


def test_two_tabs_do_not_disturb_each_other(browser: Browser, page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    other = page.context.new_page()
    found(other, image)
    assert page.url != other.url
    assert ids(page) == ids(other)
    gone = ids(page)[0]
    other.locator(f"[data-chooses='{gone}']").check()
    other.get_by_role("button", name="Remove", exact=True).click()
    other.locator("#removal [value=remove]").click()
    expect(other.locator(f"[data-id='{gone}']")).to_have_count(0)
    page.locator(f"[data-id='{gone}'] [name=like]").click()  # here it is still shown
    expect(page.locator("#results")).to_contain_text("may have been removed")


def test_an_image_is_pasted(page: Page, image: bytes) -> None:
    page.goto("/")
    page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data}));
        }""",
        list(image),
    )
    page.wait_for_url("**/?q=*")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, site: Site, image: bytes, scheme: Any) -> None:
    from axe_playwright_python.sync_playwright import Axe

    entry, other = site.desk.gallery.entries(limit=2)
    context = browser.new_context(base_url=site.address, color_scheme=scheme)
    page = context.new_page()
    found(page, image)
    page.locator("[data-chooses]").first.check()
    paths = (
        None, "/", f"/?like={entry.id}&unlike={other.id}", "/browse", f"/entries/{entry.id}", "/nowhere",
        f"/compare?a={entry.id}&b={other.id}", "/judgements", "/duplicates", "/evaluate?run=one.npz&against=two.npz",
    )  # fmt: skip
    for path in paths:
        if path:
            page.goto(path)
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path} {scheme}: {results.generate_report()}"
    for opens in ("#help", "#mask"):
        page.goto("/")
        page.evaluate(f"document.querySelector('{opens}').showModal()")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{opens} {scheme}: {results.generate_report()}"
    context.close()
