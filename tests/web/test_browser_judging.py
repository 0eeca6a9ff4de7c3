"""Judging in a real browser, as test_browser.py."""

from __future__ import annotations

import pytest
from browsing import Site, found, ids
from playwright.sync_api import Page, expect

from maskreid.gallery import Filter, judgements, remove, same, standing

pytestmark = pytest.mark.browser


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


def two_judged(page: Page) -> list[str]:
    """Say of the first two answers, one after the other, that each is another person; return all answers' ids."""
    shown = ids(page)
    for id_ in shown[:2]:
        page.locator(f"[data-chooses='{id_}']").check()
        page.get_by_role("button", name="Another person", exact=True).click()
        expect(page.locator("#told")).to_contain_text("takes it back")
        expect(page.locator("#judging")).to_be_hidden()
    return shown


def test_u_takes_back_what_this_window_said_and_once_while_it_is_held(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    shown = two_judged(page)
    others = same(site.desk.gallery, shown[4:6], "bob", who="somebody else")
    page.locator("h1").first.click()
    page.evaluate(
        """() => {
            for (const repeat of [false, true, true]) {
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "u", repeat, bubbles: true }));
            }
        }"""
    )
    expect(page.locator("#told")).to_contain_text("Taken back")
    left = standing(judgements(site.desk.gallery))
    assert [each.entries for each in left] == [(shown[0],), others.entries]
    page.keyboard.press("u")
    expect(page.locator("#told")).to_contain_text("Taken back")
    page.wait_for_function("() => JSON.parse(sessionStorage.getItem('maskreid-judged')).length === 0")
    assert [each.id for each in standing(judgements(site.desk.gallery))] == [others.id]
    page.keyboard.press("u")
    expect(page.locator("#told")).to_contain_text("nothing that was judged in this window stands")
    assert [each.id for each in standing(judgements(site.desk.gallery))] == [others.id]


def test_removing_what_was_marked_leaves_the_search(page: Page, image: bytes) -> None:
    found(page, image)
    marked, liked = ids(page)[:2]
    page.goto(f"/?like={liked}&unlike={marked}")
    page.locator(f".card[data-id='{liked}'] [data-chooses]").check()
    expect(page.locator("[data-judges=different]")).to_be_disabled()
    page.locator(f".card[data-id='{liked}'] [data-chooses]").uncheck()
    page.locator(f".card[data-id='{marked}'] [data-chooses]").check()
    expect(page.locator("[data-judges=different]")).to_be_enabled()
    page.keyboard.press("ArrowUp")  # from the box that was clicked
    expect(page.locator(".shot:focus")).to_have_count(1)
    page.locator("[data-removes]").click()
    page.locator("#removal button[value=remove]").click()
    expect(page.locator("#told")).to_have_text("1 entry removed")
    expect(page.locator("#judging")).to_be_hidden()
    expect(page.locator(f".card[data-id='{marked}']")).to_have_count(0)
    expect(page.locator(".card")).not_to_have_count(0)


def test_a_double_click_says_it_once(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    page.locator(f"[data-chooses='{ids(page)[0]}']").check()
    page.get_by_role("button", name="Another person", exact=True).dblclick()
    expect(page.locator("#told")).to_contain_text("takes it back")
    expect(page.locator("#judging")).to_be_hidden()
    assert len(judgements(site.desk.gallery)) == 1
    one, other = ids(page)[:2]
    page.goto(f"/compare?a={one}&b={other}")
    page.locator("[data-judges-pair=different]").dblclick(delay=50)
    expect(page.locator("#told")).to_contain_text("takes it back")
    page.wait_for_timeout(300)
    assert len(judgements(site.desk.gallery)) == 2


def test_u_passes_over_what_was_removed_with_its_entries(page: Page, site: Site, image: bytes) -> None:
    found(page, image)
    shown = two_judged(page)
    remove(site.desk.gallery, Filter(ids=(shown[1],)))
    page.locator("h1").first.click()
    page.keyboard.press("u")
    expect(page.locator("#told")).to_contain_text("Taken back")
    assert standing(judgements(site.desk.gallery)) == []


def test_a_name_being_typed_outlives_new_answers(page: Page, image: bytes) -> None:
    found(page, image)
    last = ids(page)[0]  # the best answer, which stays
    page.locator(f"[data-chooses='{last}']").check()
    page.locator("#judging [name=identity]").fill("Hu")
    page.evaluate("document.querySelector('#search').requestSubmit()")
    expect(page.locator("#results.htmx-request")).to_have_count(0)
    expect(page.locator("#judging [name=identity]")).to_have_value("Hu")
    expect(page.locator("#judging [name=identity]")).to_be_focused()
    page.keyboard.type("go")
    expect(page.locator("#judging [name=identity]")).to_have_value("Hugo")
    expect(page.locator("#judging [data-count]")).to_have_text("1 entry")


def test_judging_is_no_step_to_go_back(page: Page, image: bytes) -> None:
    found(page, image)
    steps = page.evaluate("history.length")
    page.locator(f"[data-chooses='{ids(page)[0]}']").check()
    page.get_by_role("button", name="Another person", exact=True).click()
    expect(page.locator("#judging")).to_be_hidden()
    assert page.evaluate("history.length") == steps
