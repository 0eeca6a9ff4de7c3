"""Shapes and parameter counts of the paper's networks."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from maskreid.errors import MaskreidError
from maskreid.network import Classifier, MaskReID, NetworkConfig
from maskreid.network.inception import InceptionA, InceptionB
from maskreid.network.maskreid import average_over_places, generalised_mean_over_places


def parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("streams", "fusion", "count"),
    [
        (1, "none", 6_753_920),  # DGD
        (1, "gap", 7_048_832),  # MaskReID-F
        (2, "none", 6_781_696),  # MaskReID-M
        (2, "gap", 7_076_608),
        (2, "conv3x3", 9_568_512),
        (2, "conv1x1", 9_346_816),
    ],
)
def test_parameter_counts(streams: int, fusion: str, count: int) -> None:
    assert parameters(MaskReID(NetworkConfig(streams=streams, fusion=fusion))) == count  # type: ignore[arg-type]


@pytest.mark.parametrize(("identities", "count"), [(751, 193_007), (702, 180_414), (2629, 675_653)])
def test_classifier_counts(identities: int, count: int) -> None:
    assert parameters(Classifier(256, identities)) == count


@pytest.mark.parametrize(
    ("block", "count"),
    [
        (InceptionA(32, 64), 119_232),
        (InceptionB(256, 64), 143_680),
        (InceptionA(384, 128), 639_872),
        (InceptionB(512, 128), 574_080),
        (InceptionA(768, 256), 2_557_696),
        (InceptionB(1024, 256), 2_295_040),
    ],
)
def test_convolution_parameters_of_each_block(block: torch.nn.Module, count: int) -> None:
    convolutions = [m for m in block.modules() if isinstance(m, torch.nn.Conv2d)]
    assert sum(parameters(m) for m in convolutions) == count


def test_level_shapes_with_caffes_rounding() -> None:
    network = MaskReID().eval()
    image = torch.zeros(2, 3, 144, 56)
    with torch.inference_mode():
        shapes = [tuple(level.shape[1:]) for level in network.level_maps(image, image)]
        assert network(image, image).shape == (2, 256)
    assert shapes == [(384, 36, 14), (768, 18, 7), (1536, 9, 4)]
    assert network.fc7.in_features == 2688


@pytest.mark.parametrize("size", [(96, 40), (97, 43), (101, 50), (33, 35), (128, 64)])
@pytest.mark.parametrize("fusion", ["none", "gap", "conv1x1", "conv3x3"])
def test_any_input_size_fits(size: tuple[int, int], fusion: str) -> None:
    config = NetworkConfig(input_size=size, fusion=fusion, width=0.125, dimension=32)  # type: ignore[arg-type]
    image = torch.zeros(1, 3, *size)
    with torch.inference_mode():
        assert MaskReID(config).eval()(image, image).shape == (1, 32)


def caffe_max_pool(plane: list[list[float]], padding: tuple[int, int]) -> list[list[float]]:
    """Max pool 3/2 as Caffe's pooling_layer.cpp does it: size rounded up, last window starting inside the image."""

    def windows(size: int, pad: int) -> list[range]:
        count = math.ceil((size + 2 * pad - 3) / 2) + 1
        if pad and (count - 1) * 2 >= size + pad:
            count -= 1
        return [range(max(0, 2 * i - pad), min(size, 2 * i - pad + 3)) for i in range(count)]

    rows, columns = windows(len(plane), padding[0]), windows(len(plane[0]), padding[1])
    return [[max(plane[y][x] for y in r for x in c) for c in columns] for r in rows]


@pytest.mark.parametrize(
    ("level", "size", "padding", "pooled"),
    [(0, (72, 28), (0, 0), (36, 14)), (1, (36, 14), (0, 0), (18, 7)), (2, (18, 7), (0, 1), (9, 4))],
)
def test_max_pools_are_those_of_the_prototxt(
    level: int, size: tuple[int, int], padding: tuple[int, int], pooled: tuple[int, int]
) -> None:
    block = MaskReID(NetworkConfig(width=0.125)).levels[level][1]
    plane = torch.randn(size, generator=torch.Generator().manual_seed(level))
    expected = torch.tensor(caffe_max_pool(plane.tolist(), padding))
    assert expected.shape == pooled
    torch.testing.assert_close(block.pool(plane[None, None])[0, 0], expected)


def test_average_pool_counts_the_padded_border() -> None:
    block = InceptionA(1, 8)
    pooled = block.pool[0](torch.ones(1, 1, 4, 4))
    assert pooled[0, 0, 0, 0] == pytest.approx(4 / 9)
    assert pooled[0, 0, 1, 1] == pytest.approx(1)


def test_every_parameter_learns_and_both_streams_matter() -> None:
    network = MaskReID(NetworkConfig(width=0.25, input_size=(48, 32)), torch.Generator().manual_seed(0))
    image, masked = torch.randn(4, 3, 48, 32), torch.randn(4, 3, 48, 32)
    network(image, masked).square().mean().backward()
    assert all(p.grad is not None for p in network.parameters())
    # A bias in front of batch normalisation is cancelled by it; every weight must feel the loss.
    assert all(
        p.grad.abs().sum() > 0 for n, p in network.named_parameters() if n.endswith("weight") and p.grad is not None
    )
    network.eval()
    with torch.inference_mode():
        assert not torch.allclose(network(image, masked), network(image, image))


def test_the_images_channels_come_before_the_masked_images() -> None:
    network = MaskReID(NetworkConfig(width=0.25, input_size=(48, 32)), torch.Generator().manual_seed(0)).eval()
    block, stem = network.levels[0][0], network.config.channels(32)
    for branch in (block.one, block.three[0], block.five[0], block.pool[1]):
        torch.nn.init.zeros_(branch[0].weight[:, stem:])
    image, masked = torch.randn(2, 2, 3, 48, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(network(image, masked), network(image, image))
        assert not torch.allclose(network(image, masked), network(masked, masked))


def test_one_stream_does_not_read_the_mask() -> None:
    network = MaskReID(NetworkConfig(streams=1, width=0.25, input_size=(48, 32))).eval()
    image = torch.randn(2, 3, 48, 32)
    with torch.inference_mode():
        torch.testing.assert_close(network(image), network(image, torch.randn_like(image)))


def test_initialisation_as_published_and_repeatable() -> None:
    first, second = (MaskReID(generator=torch.Generator().manual_seed(3)) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    conv = first.levels[0][0].three[1][0]
    bound = (3 / (64 * 9)) ** 0.5
    assert conv.weight.abs().max() <= bound
    assert conv.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert (conv.bias == 0.2).all()
    assert (first.fc7.bias == 0).all()
    classifier, again = (Classifier(256, 751, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    assert classifier.fc8.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert torch.equal(classifier.fc8.weight, again.fc8.weight)
    assert (classifier.fc8.bias == 0).all()


def test_classifier_without_relu_and_dropout_is_linear() -> None:
    features = torch.randn(3, 16)
    linear = Classifier(16, 5, dropout=0.0, relu=False)
    torch.testing.assert_close(linear(features)[:, 0], linear.fc8(features))
    assert Classifier(16, 5, bias=False).fc8.bias is None
    published = Classifier(16, 5).eval()
    torch.nn.init.normal_(published.fc8.bias)
    before = features.clone()
    torch.testing.assert_close(published(features)[:, 0], published.fc8(features.relu()))
    assert torch.equal(features, before), "what metric losses compare is left alone"


def test_the_classifier_drops_half_of_what_it_learns_from() -> None:
    classifier = Classifier(1000, 1, relu=False, parts=1000)  # one number a part
    torch.nn.init.ones_(classifier.fc8.weight)
    torch.manual_seed(0)
    logits = classifier(torch.ones(1, 1000))
    assert set(logits.flatten().tolist()) == {0, 2}, "what is kept is doubled"
    assert logits.mean().item() == pytest.approx(1, abs=0.15)
    assert (classifier.eval()(torch.ones(1, 1000)) == 1).all()


def test_every_part_has_its_own_share_of_the_classifiers_weights_and_the_same_bias() -> None:
    features = torch.randn(3, 12, generator=torch.Generator().manual_seed(0))
    scores = Classifier(12, 5, dropout=0.0, relu=False, parts=3)
    torch.nn.init.normal_(scores.fc8.bias)
    found = scores(features)
    assert found.shape == (3, 3, 5)
    for part in range(3):
        own = slice(4 * part, 4 * part + 4)
        expected = features[:, own] @ scores.fc8.weight[:, own].T + scores.fc8.bias
        torch.testing.assert_close(found[:, part], expected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"streams": 3},
        {"fusion": "sum"},
        {"neck": "ln"},
        {"width": 0},
        {"dimension": 0},
        {"input_size": (16, 64)},
        {"bands": 1},
        {"bands": -1},
        {"bands": 10, "dimension": 11 * 8},  # of a last level of 9 rows
        {"bands": 2},  # 256 is no multiple of 3
        {"input_size": (144,)},
        {"last_stride": 3},
        {"pooling": "max"},
    ],
)
def test_impossible_networks_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(MaskreidError, match=r"network\."):
        NetworkConfig(**wrong)  # type: ignore[arg-type]


def test_the_feature_is_taken_before_any_relu_and_not_normalised() -> None:
    network = MaskReID(NetworkConfig(width=0.25, input_size=(48, 32)), torch.Generator().manual_seed(0))
    features = network(*torch.randn(2, 6, 3, 48, 32, generator=torch.Generator().manual_seed(1)))
    # In training mode, batch normalisation leaves every column with mean 0 and deviation 1.
    torch.testing.assert_close(features.mean(0), torch.zeros(256), atol=1e-4, rtol=0)
    assert features.min() < 0


@pytest.mark.parametrize("fusion", ["none", "gap", "conv1x1", "conv3x3"])
@pytest.mark.parametrize("size", [(144, 56), (100, 44)])
def test_a_last_stride_of_1_keeps_the_second_levels_size_and_every_weight(size: tuple[int, int], fusion: str) -> None:
    coarse, fine = (
        MaskReID(
            NetworkConfig(width=0.25, input_size=size, fusion=fusion, last_stride=stride),  # type: ignore[arg-type]
            torch.Generator().manual_seed(0),
        ).eval()
        for stride in (2, 1)
    )
    assert all(torch.equal(value, coarse.state_dict()[name]) for name, value in fine.state_dict().items())
    inputs = torch.randn(2, 1, 3, *size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        coarse_maps, fine_maps = coarse.level_maps(*inputs), fine.level_maps(*inputs)
        assert torch.equal(fine_maps[1], coarse_maps[1])
        assert fine_maps[2].shape[2:] == fine_maps[1].shape[2:]
        # A stride leaves out places; what the convolutions find at the others is the same.
        branches = slice(0, 2 * coarse.config.channels(256))
        torch.testing.assert_close(fine_maps[2][:, branches, ::2, ::2], coarse_maps[2][:, branches])
        assert fine(*inputs).shape == (1, 256)


def test_a_last_stride_of_1_has_rows_for_more_bands() -> None:
    assert NetworkConfig(bands=18, dimension=19, last_stride=1).parts == 19
    with pytest.raises(MaskreidError, match=r"network\.bands must be 0, or 2 to 9 "):  # this fusion has 9 rows still
        NetworkConfig(bands=18, dimension=19, last_stride=1, fusion="conv3x3")
    with pytest.raises(MaskreidError, match=r"network\.bands must be 0, or 2 to 9 "):
        NetworkConfig(bands=18, dimension=19)


@pytest.mark.parametrize("fusion", ["none", "gap", "conv1x1", "conv3x3"])
def test_each_part_of_the_feature_reads_its_own_band(fusion: str) -> None:
    shape = {"width": 0.25, "input_size": (96, 32), "fusion": fusion, "dimension": 32}
    whole, parts = (
        MaskReID(NetworkConfig(**shape, bands=bands), torch.Generator().manual_seed(0)).eval()  # type: ignore[arg-type]
        for bands in (0, 3)
    )
    assert parts.state_dict().keys() == whole.state_dict().keys()
    inputs = torch.randn(2, 2, 3, 96, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        *skipped, last = parts.level_maps(*inputs)
        maps = [*(skip(level) for skip, level in zip(parts.skips, skipped, strict=False)), last]
        expected = [whole.around_neck(*inputs)[0][:, :8]]
        for band in range(3):
            rows = slice(8 * (band + 1), 8 * (band + 2))
            seen = [each[:, :, each.shape[2] * band // 3 : each.shape[2] * (band + 1) // 3] for each in maps]
            pooled = torch.cat([each.mean((2, 3)) for each in seen], 1)
            expected.append(pooled @ parts.fc7.weight[rows].T + parts.fc7.bias[rows])
        torch.testing.assert_close(parts.around_neck(*inputs)[0], torch.cat(expected, 1))


def test_a_neck_is_fc7s_batch_normalisation_with_its_bias_kept_at_zero() -> None:
    plain, neck = (
        MaskReID(
            NetworkConfig(width=0.25, input_size=(48, 32), neck=name),  # type: ignore[arg-type]
            torch.Generator().manual_seed(0),
        )
        for name in ("none", "bn")
    )
    inputs = torch.randn(2, 6, 3, 48, 32, generator=torch.Generator().manual_seed(1))
    before, after = neck.around_neck(*inputs)
    expected = (before - before.mean(0)) / (before.var(0, correction=0) + neck.fc7_bn.eps).sqrt()
    torch.testing.assert_close(after, expected, atol=1e-4, rtol=1e-4)
    neck.eval()
    with torch.inference_mode():
        torch.testing.assert_close(neck(*inputs), neck.around_neck(*inputs)[1])
    assert [name for name, value in neck.named_parameters() if not value.requires_grad] == ["fc7_bn.bias"]
    assert all(value.requires_grad for value in plain.parameters())
    assert neck.state_dict().keys() == plain.state_dict().keys()


def test_inputs_that_do_not_fit_are_refused() -> None:
    network = MaskReID(NetworkConfig(width=0.25, input_size=(48, 32)))
    image = torch.zeros(2, 3, 48, 32)
    with pytest.raises(MaskreidError, match="reads the masked image too"):
        network(image)
    with pytest.raises(MaskreidError, match=r"reads \(N, 3, 48, 32\), got \(2, 3, 48, 32\) and \(2, 3, 48, 31\)"):
        network(image, image[..., :31])
    with pytest.raises(MaskreidError, match=r"reads \(N, 3, 48, 32\)"):
        network(image[:, :1], image)


@pytest.mark.parametrize(("width", "channels"), [(1.0, 64), (0.5, 32), (0.3, 16), (0.01, 8), (2.0, 128)])
def test_width_scales_to_a_multiple_of_eight(width: float, channels: int) -> None:
    assert NetworkConfig(width=width).channels(64) == channels


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_the_average_over_places_keeps_the_layout_of_gradients(layout: torch.memory_format) -> None:
    level = torch.randn(2, 5, 4, 3, dtype=torch.float64).contiguous(memory_format=layout).requires_grad_()
    scale = torch.randn(2, 5, dtype=torch.float64)
    average = average_over_places(level)
    torch.testing.assert_close(average, level.mean((2, 3)))
    (gradient,) = torch.autograd.grad((average * scale).sum(), level)
    torch.testing.assert_close(gradient, (scale / 12)[:, :, None, None].expand_as(level))
    assert gradient.is_contiguous(memory_format=layout)


def test_the_generalised_mean_is_the_third_root_of_the_mean_third_power() -> None:
    level = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0)) * 3
    pooled = generalised_mean_over_places(level)
    for image in range(2):
        for channel in range(3):
            values = level[image, channel].flatten().tolist()
            assert pooled[image, channel].item() == pytest.approx(
                (sum(v**3 for v in values) / 20) ** (1 / 3), rel=1e-5
            )
    assert (pooled > level.mean((2, 3))).all()
    assert (pooled < level.amax((2, 3))).all()
    assert generalised_mean_over_places(level.bfloat16()).dtype == torch.bfloat16
    large = torch.full((1, 1, 2, 2), 60.0, dtype=torch.float16)  # whose third power is beyond float16
    assert generalised_mean_over_places(large).tolist() == [[60]]


def test_the_generalised_mean_of_nothing_is_nothing_and_has_a_gradient() -> None:
    level = torch.zeros(1, 2, 3, 3)
    level[0, 1, 0, 0] = 2
    level.requires_grad_()
    pooled = generalised_mean_over_places(level)
    assert pooled[0].tolist() == pytest.approx([1e-4, (8 / 9) ** (1 / 3)], rel=1e-3)
    pooled.sum().backward()
    assert level.grad is not None
    assert level.grad.isfinite().all()
    assert level.grad[0, 1, 0, 0] > 0


def test_pooling_changes_the_feature_and_no_weight() -> None:
    shape = NetworkConfig(width=0.25, input_size=(48, 32), bands=3, dimension=16)
    average, gem = (
        MaskReID(config, torch.Generator().manual_seed(0)).eval() for config in (shape, replace(shape, pooling="gem"))
    )
    assert average.state_dict().keys() == gem.state_dict().keys()
    image = torch.randn(2, 3, 48, 32, generator=torch.Generator().manual_seed(1))
    assert not torch.allclose(average(image, image), gem(image, image))
    assert gem(image, image).isfinite().all()
