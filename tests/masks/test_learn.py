from __future__ import annotations

import numpy as np
import pytest

from maskreid.errors import MaskreidError
from maskreid.masks import mask_quality
from maskreid.masks.fcn import segment
from maskreid.masks.learn import SegmenterSchedule, train_segmenter


def test_quality_by_hand() -> None:
    truth = np.zeros((2, 4), bool)
    truth[0, :2] = True
    guess = np.zeros((2, 4), bool)
    guess[0, 1:3] = True
    quality = mask_quality([guess, truth], [truth, truth])
    # First pair: 1 shared of 3 in union; background 5 of 7. Second pair: 2 of 2; 6 of 6.
    assert quality.person_iou == pytest.approx(3 / 5)
    assert quality.background_iou == pytest.approx(11 / 13)
    assert quality.mean_iou == pytest.approx((3 / 5 + 11 / 13) / 2)
    assert quality.image_iou == pytest.approx((1 / 3 + 1) / 2)
    assert quality.worst_tenth_image_iou == pytest.approx(1 / 3)


def test_images_without_a_labelled_person_are_left_out() -> None:
    truth = np.eye(4, dtype=bool)
    quality = mask_quality([truth, ~truth], [truth, np.zeros_like(truth)])
    assert quality.images == 1
    assert quality.mean_iou == 1


def test_where_all_is_person_no_background_is_missed() -> None:
    whole = np.ones((4, 4), bool)
    quality = mask_quality([whole], [whole])
    assert (quality.person_iou, quality.background_iou, quality.mean_iou) == (1, 1, 1)


def test_without_a_labelled_person_there_is_no_quality() -> None:
    blank = np.zeros((4, 2), bool)
    with pytest.raises(MaskreidError, match="none of the 2 labelled masks"):
        mask_quality([blank, blank], [blank, blank])


def test_crops_may_have_an_odd_size() -> None:
    pixels, masks = np.zeros((4, 33, 17, 3), np.uint8), np.ones((4, 33, 17), bool)
    assert segment(train_segmenter(pixels, masks, SegmenterSchedule(epochs=1, batch=4)), [pixels[0]])[0].shape == (
        33,
        17,
    )


def test_a_segmenter_knows_the_height_it_learned_at() -> None:
    pixels, masks = np.zeros((4, 48, 24, 3), np.uint8), np.ones((4, 48, 24), bool)
    assert int(train_segmenter(pixels, masks, SegmenterSchedule(epochs=1, batch=4)).rows) == 48


def test_a_segmenter_learns_blobs_it_can_tell_by_colour() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((64, 32, 16), bool)
    for mask in masks:
        top, left = rng.integers(0, 16), rng.integers(0, 8)
        mask[top : top + 16, left : left + 8] = True
    pixels = np.where(masks[..., None], (200, 60, 40), (40, 90, 160)).astype(np.uint8)
    schedule = SegmenterSchedule(epochs=25, batch=16)
    trained = train_segmenter(pixels[:48], masks[:48], schedule)
    quality = mask_quality(segment(trained, list(pixels[48:])), list(masks[48:]))
    assert quality.mean_iou > 0.9
