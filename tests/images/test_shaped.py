"""Images of one size, each with its mask."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from maskreid.images import Folder, PersonImage, ShapedImages, shape_images

NOWHERE = Folder("nowhere")


class Given:
    name = "given"

    def __init__(self, *masks: npt.NDArray[np.bool_]) -> None:
        self.masks = list(masks)

    def __call__(self, *_: object) -> list[npt.NDArray[np.bool_]]:
        return self.masks


def shaped(
    pictures: Sequence[np.ndarray], masks: Given | None, size: tuple[int, int], min_share: float = 0.05
) -> ShapedImages:
    images = [PersonImage(f"{number}.png", 1) for number in range(len(pictures))]
    return shape_images(NOWHERE, images, pictures, size=size, masks=masks, min_share=min_share)


def test_a_picture_is_averaged_and_of_its_mask_every_second_pixel_is_taken() -> None:
    """Every bright column, and every pixel of the person, is an odd one; half as many of each are left."""
    picture, mask = np.zeros((8, 4, 3), np.uint8), np.zeros((8, 4), np.bool_)
    picture[:, 1::2], mask[1::2, 1::2] = 200, True
    odd = shaped([picture], Given(mask), (4, 2))
    assert (odd.pixels.shape, odd.masks.shape, odd.masks.dtype) == ((1, 4, 2, 3), (1, 4, 2), np.uint8)
    assert 50 < odd.pixels.min() <= odd.pixels.max() < 150
    assert odd.masks.min() == 1
    assert odd.coverage.tolist() == [0.25]
    even = shaped([picture], Given(mask[::-1]), (4, 2))
    assert even.masks.max() == 0


def test_a_mask_that_covers_too_little_is_the_whole_image_and_its_share_is_told() -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    masks = [np.arange(100).reshape(10, 10) < covered for covered in (0, 19, 20, 100)]
    found = shaped([picture] * 4, Given(*masks), (10, 10), min_share=0.2)
    np.testing.assert_array_equal(found.coverage, np.array([0, 0.19, 0.2, 1], np.float32))
    assert found.masks.sum(axis=(1, 2)).tolist() == [100, 100, 20, 100]
    assert found.fallbacks == 2


def test_pictures_of_any_size_without_masks_are_all_person() -> None:
    pictures = [np.full((height, width, 3), height, np.uint8) for height, width in ((1, 1), (30, 7), (5, 90))]
    found = shaped(pictures, None, (6, 3))
    assert [each.tolist() for each in found.pixels] == [np.full((6, 3, 3), h).tolist() for h in (1, 30, 5)]
    assert found.masks.min() == 1
    assert found.coverage.tolist() == [1, 1, 1]
    assert found.fallbacks == 0


def test_no_images_are_no_images() -> None:
    found = shaped([], Given(), (6, 3))
    assert (found.pixels.shape, found.masks.shape, found.coverage.shape) == ((0, 6, 3, 3), (0, 6, 3), (0,))
