"""The contrastive losses: CLIP's own where captions differ, by hand where they repeat."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from core.engine.backbones.torch_compat import import_open_clip
from core.training.stages.fit import clip_loss, contrastive_loss, supervised_contrastive_loss


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


def test_a_picture_is_never_compared_with_itself():
    images = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    relation = relations([1, 1, 0], [1, 1, 0], [0, 0, 1])
    # At temperature 0.5 the similarities count twice; the third picture has no other of its kind.
    first = math.log(math.exp(1.2) + math.exp(0)) - 1.2
    second = math.log(math.exp(1.2) + math.exp(1.6)) - 1.2
    loss = supervised_contrastive_loss(images, relation, temperature=0.5)
    assert loss.item() == pytest.approx((first + second) / 2, rel=1e-6)
    assert relation.tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]  # left as it was


def test_pictures_of_a_kind_are_pulled_together_and_others_apart():
    images = unit_rows(6, 8, 3).requires_grad_()
    kinds = torch.tensor([0, 0, 1, 1, 2, 2])
    relation = (kinds[:, None] == kinds[None]).to(torch.int8)
    optimizer = torch.optim.SGD([images], lr=0.3)
    before = supervised_contrastive_loss(images, relation).item()
    for _ in range(60):
        optimizer.zero_grad()
        supervised_contrastive_loss(torch.nn.functional.normalize(images, dim=1), relation).backward()
        optimizer.step()
    rows = torch.nn.functional.normalize(images.detach(), dim=1)
    similarities = rows @ rows.T
    same = relation.bool() & ~torch.eye(6, dtype=torch.bool)
    assert similarities[same].min() > similarities[~relation.bool()].max() + 0.5
    assert supervised_contrastive_loss(rows, relation).item() < before
