"""The contrastive losses: CLIP's own where captions differ, by hand where they repeat."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from core.engine.backbones.torch_compat import import_open_clip
from core.training.fit.losses import clip_loss, contrastive_loss, set_loss, views_loss


def unit_rows(n: int, dim: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(n, dim, generator=generator), dim=1)


def relations(*rows: list[int]):
    return torch.tensor(rows, dtype=torch.int8)


@pytest.mark.parametrize("scale", [1.0, 14.3, 100.0])
def test_with_all_captions_different_it_is_open_clips_loss(scale):
    images, texts = unit_rows(9, 16, 0).requires_grad_(), unit_rows(9, 16, 1).requires_grad_()
    theirs = import_open_clip().ClipLoss()(images, texts, torch.tensor(scale))
    expected = torch.autograd.grad(theirs, (images, texts))
    ours = clip_loss(images, texts, torch.eye(9, dtype=torch.int8), torch.tensor(scale))
    found = torch.autograd.grad(ours, (images, texts))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_several_right_answers_share_the_weight():
    logits = torch.tensor([[1.0, 2.0, 0.0]])
    total = math.log(math.exp(1) + math.exp(2) + 1)
    loss = contrastive_loss(logits, relations([1, 1, 0]))
    assert loss.item() == pytest.approx(total - (1 + 2) / 2, rel=1e-6)
    loss = contrastive_loss(logits, relations([0, 0, 1]))
    assert loss.item() == pytest.approx(total - 0, rel=1e-6)


def test_pairs_that_cannot_be_compared_count_neither_way():
    logits = torch.tensor([[1.0, 2.0, 5.0]], requires_grad=True)
    loss = contrastive_loss(logits, relations([1, 0, -1]))
    assert loss.item() == pytest.approx(math.log(math.exp(1) + math.exp(2)) - 1, rel=1e-6)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[0, 2].item() == 0
    assert gradient[0, 0].item() == pytest.approx(-gradient[0, 1].item())
    assert gradient[0, 1].item() > 0.7  # pushed away


def test_rows_without_a_right_answer_are_skipped():
    logits = torch.tensor([[1.0, 2.0], [3.0, 1.0], [0.5, 0.0]], requires_grad=True)
    one = contrastive_loss(logits[:1], relations([1, 0]))
    loss = contrastive_loss(logits, relations([1, 0], [0, 0], [-1, -1]))
    assert loss.item() == pytest.approx(one.item())
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[1:].tolist() == [[0, 0], [0, 0]]
    assert torch.isfinite(gradient).all()
    assert gradient[0, 0].item() < 0


def test_no_right_answer_at_all_is_a_loss_of_zero_that_can_be_propagated():
    logits = torch.tensor([[1.0, 2.0]], requires_grad=True)
    loss = contrastive_loss(logits, relations([0, -1]))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0
    assert gradient.tolist() == [[0, 0]]


def test_clip_loss_by_hand_where_two_pictures_share_a_text():
    images = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    texts = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    relation = relations([1, 0], [1, 0], [0, 1])
    e = [[math.exp(2 * v) for v in row] for row in ([1, 0], [0.6, 0.8], [0, 1])]
    rows = [math.log(sum(e[i]) / e[i][j]) for i, j in ((0, 0), (1, 0), (2, 1))]
    first, second = (math.log(sum(e[i][j] for i in range(3))) for j in (0, 1))
    columns = [first - 2 * (1 + 0.6) / 2, second - 2 * 1]
    expected = (sum(rows) / 3 + sum(columns) / 2) / 2
    assert clip_loss(images, texts, relation, torch.tensor(2.0)).item() == pytest.approx(expected, rel=1e-6)


def test_of_a_set_of_labels_only_the_sum_has_to_be_likely():
    logits = torch.tensor([[1.0, 2.0, 0.0], [5.0, 0.0, 0.0]], requires_grad=True)
    allowed = torch.tensor([[True, True, False], [False, False, False]])
    loss = set_loss(logits, allowed)
    total = math.exp(1) + math.exp(2) + 1
    one = -math.log((math.exp(1) + math.exp(2)) / total)
    assert loss.item() == pytest.approx(one / 2, rel=1e-5)  # over both rows, though one says nothing
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[1].tolist() == [0, 0, 0]
    # what is likelier among the allowed stays likelier: the two keep their proportion
    assert (gradient[0, 0] / gradient[0, 1]).item() == pytest.approx(math.exp(-1), rel=1e-4)
    one_class = set_loss(logits[:1], torch.tensor([[False, True, False]]))
    assert one_class.item() == pytest.approx(math.log(total) - 2, rel=1e-5)


def test_a_rare_class_may_weigh_more():
    logits, allowed = torch.zeros(2, 2), torch.eye(2, dtype=torch.bool)
    assert set_loss(logits, allowed, torch.tensor([1.0, 3.0])).item() == pytest.approx(2 * math.log(2), rel=1e-5)
    assert set_loss(logits, torch.zeros(2, 2, dtype=torch.bool)).item() == 0


def test_two_views_of_a_picture_find_each_other():
    first = torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    second = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    loss = views_loss(first, second, temperature=1.0)
    logits = [[1.0, 0.6], [0.0, 0.8]]
    across = [math.log(sum(map(math.exp, row))) - row[i] for i, row in enumerate(logits)]
    down = [math.log(sum(math.exp(row[i]) for row in logits)) - logits[i][i] for i in range(2)]
    assert loss.item() == pytest.approx((sum(across) / 2 + sum(down) / 2) / 2, rel=1e-5)
