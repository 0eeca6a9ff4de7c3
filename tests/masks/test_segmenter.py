from __future__ import annotations

import numpy as np
import pytest
import torch

from maskreid.images import Folder
from maskreid.masks import FcnMasks, PersonSegmenter, load_segmenter, segment


@pytest.mark.parametrize("size", [(128, 64), (160, 60), (128, 48), (33, 17), (7, 5)])
def test_any_size_comes_back_at_its_own_size(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        assert PersonSegmenter().eval()(torch.rand(2, 3, *size) * 255).shape == (2, *size)


def test_a_score_does_not_depend_on_the_batch() -> None:
    network = load_segmenter()
    image = torch.rand(1, 3, 128, 64) * 255
    with torch.inference_mode():
        whole, alone = network(image.repeat(2, 1, 1, 1)), network(image)
    torch.testing.assert_close(whole[0], alone[0], atol=1e-3, rtol=1e-3)


def test_any_size_is_padded_below_and_to_the_right_with_its_last_pixels() -> None:
    network = load_segmenter()
    image = torch.rand(1, 3, 117, 50) * 255
    by_hand = torch.cat([image, *[image[:, :, -1:]] * 11], 2)
    by_hand = torch.cat([by_hand, *[by_hand[..., -1:]] * 14], 3)
    with torch.inference_mode():
        found, padded = network(image), network(by_hand)
    assert padded.shape == (1, 128, 64)
    torch.testing.assert_close(found, padded[:, :117, :50], atol=1e-3, rtol=1e-3)


def test_shipped_weights_fit_in_four_megabytes() -> None:
    from importlib.resources import files

    assert len(files("maskreid.masks").joinpath("person-fcn.safetensors").read_bytes()) < 4_000_000


def test_images_of_different_sizes_keep_their_order() -> None:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 255, (h, w, 3), dtype=np.uint8) for h, w in ((40, 20), (64, 32), (40, 20))]
    together = segment(load_segmenter(), pixels)
    assert [mask.shape for mask in together] == [(40, 20), (64, 32), (40, 20)]
    for mask, image in zip(together, pixels, strict=True):
        alone = segment(load_segmenter(), [image])[0]
        assert (mask == alone).mean() > 0.98  # bfloat16 sums in another order for another batch


def test_the_name_follows_the_weights() -> None:
    other = PersonSegmenter().eval()
    assert FcnMasks().name == FcnMasks(load_segmenter()).name != FcnMasks(other).name


def test_a_mask_source_gives_one_bool_mask_an_image(tmp_path: object) -> None:
    pixels = [np.zeros((32, 16, 3), np.uint8)] * 3
    masks = FcnMasks()(Folder(tmp_path), [], pixels)  # type: ignore[arg-type]
    assert [(mask.dtype, mask.shape) for mask in masks] == [(np.dtype(bool), (32, 16))] * 3
