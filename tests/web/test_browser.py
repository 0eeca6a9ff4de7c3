"""The page in a real browser: Debian's Chromium, driven by Playwright; ``make test-web`` runs these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Site, found, ids
from playwright.sync_api import Browser, Page, expect

from maskreid.gallery import Filter

pytestmark = pytest.mark.browser


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


def test_like_after_unlike_is_like(page: Page, image: bytes) -> None:
    found(page, image)
    first = ids(page)[0]
    page.locator(f"[data-id='{first}'] [name=unlike]").click()
    expect(page.locator(".chip.unlike")).to_have_count(1)
    page.locator(f"[data-id='{first}'] [name=like]").click()
    expect(page.locator(".chip.like")).to_have_count(1)
    expect(page.locator(".chip.unlike")).to_have_count(0)


def _back(page: Page) -> None:
    """What a page changed is loaded anew once its address is back, and Back is over only then."""
    page.evaluate("() => { window.isLeft = true; history.back(); }")
    page.wait_for_function("() => !window.isLeft && document.readyState === 'complete'")


def test_enter_in_a_filter_asks_again_and_marks_nothing(page: Page, image: bytes) -> None:
    found(page, image)
    before = ids(page)
    with page.expect_response(lambda answer: "least=" in answer.url):
        page.locator("#least").press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    assert ids(page) == before


def test_marks_count_that_follow_each_other_fast(page: Page, image: bytes) -> None:
    found(page, image)
    first, second = ids(page)[:2]
    page.evaluate("document.querySelectorAll('.card [name=like]').forEach((it, i) => { if (i < 2) it.click(); })")
    expect(page.locator(".chip.like")).to_have_count(2)
    assert {first, second} <= set(page.url.replace("=", "&").split("&"))
    page.evaluate("document.querySelectorAll('.chip [name=drop]').forEach((it) => it.click())")
    expect(page.locator(".chip")).to_have_count(0)


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


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_no_page_takes_nothings_place(page: Page, image: bytes, status: int) -> None:
    found(page, image)
    before = ids(page)
    page.route("**/?**", lambda route: route.fulfill(status=status, content_type="text/html", body="<h1>nginx</h1>"))
    page.locator("[name=camera][value='2']").check()
    expect(page.locator("#told")).to_contain_text(f"the server answered {status}")
    assert ids(page) == before
    page.unroute("**/?**")
    page.locator("[name=group]").select_option("camera")
    expect(page.locator("#results > h2").first).to_contain_text("camera 2")


def test_text_is_pasted_into_a_field_though_a_picture_comes_with_it(page: Page, image: bytes) -> None:
    found(page, image)
    page.locator("[data-chooses]").first.check()
    paste = """(where) => {
        const data = new DataTransfer();
        data.items.add("ann", "text/plain");
        data.items.add(new File([new Uint8Array(9)], "cell.png", {type: "image/png"}));
        const paste = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
        return !document.querySelector(where).dispatchEvent(paste);
    }"""
    assert not page.evaluate(paste, "#judging [name=identity]")
    page.evaluate("document.querySelector('#help').showModal()")
    assert not page.evaluate(paste, "#help")
    page.evaluate("document.querySelector('#help').close()")
    assert page.evaluate(paste, "h1"), "elsewhere the picture is searched for"


def test_only_one_finger_paints(page: Page, image: bytes) -> None:
    found(page, image)
    page.get_by_role("button", name="Fix mask").click()
    expect(page.locator("#mask")).to_be_visible()
    drawn = "document.querySelector('#painted').toDataURL()"
    before = page.evaluate(drawn)
    box = page.locator("#painted").bounding_box()
    assert box
    page.locator("[name=brush][value=off]").check()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down(button="right")
    page.mouse.up(button="right")
    page.locator("#painted").dispatch_event(
        "pointerdown", {"isPrimary": False, "button": 0, "clientX": box["x"] + 9, "clientY": box["y"] + 9}
    )
    assert page.evaluate(drawn) == before
    page.mouse.down()
    page.mouse.up()
    assert page.evaluate(drawn) != before
