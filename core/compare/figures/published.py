"""Figures that others published, to stand beside ours: what each is, where it is from, and how its definition differs.

None of them was measured here. A figure is of the same definition only if the same queries were answered in the
same way; everywhere else `note` says what is different.
"""

from __future__ import annotations

from dataclasses import dataclass

_LEADERBOARD = "https://github.com/zalandoresearch/fashion-mnist#benchmark"
_CLIP_B_32 = "https://huggingface.co/tanganke/clip-vit-base-patch32_fashion_mnist"
_FASHION_CLIP = "https://huggingface.co/patrickjohncyh/fashion-clip"


@dataclass(frozen=True)
class Published:
    """One figure of somebody else's.

    Attributes:
        system: What was measured.
        protocol: Ours that it comes closest to.
        metric: Ours that it comes closest to.
        value: In [0, 1].
        source: Where it was published.
        note: How the definition differs from ours; "" where it is the same.
    """

    system: str
    protocol: str
    metric: str
    value: float
    source: str
    note: str = ""


_TRAINED = "a network trained on the 60,000 pictures, where ours is frozen and asks its neighbours"

PUBLISHED = (
    Published(
        "People, crowd-sourced", "fashion-mnist", "knn_accuracy", 0.835, _LEADERBOARD,
        "1,000 of the test pictures, three people each, the majority counts",
    ),
    Published("ResNet18", "fashion-mnist", "knn_accuracy", 0.949, _LEADERBOARD, _TRAINED),
    Published("WRN-28-10 + random erasing", "fashion-mnist", "knn_accuracy", 0.963, _LEADERBOARD, _TRAINED),
    Published("HOG + SVM", "fashion-mnist", "knn_accuracy", 0.926, _LEADERBOARD, "a trained SVM instead of neighbours"),
    Published(
        "CLIP B/32, fine-tuned", "fashion-mnist", "knn_accuracy", 0.9475, _CLIP_B_32, _TRAINED
    ),
    Published(
        "CLIP B/32, zero-shot", "fashion-mnist", "zero_shot_accuracy", 0.630, _CLIP_B_32,
        "the same test pictures; the words for each class may differ",
    ),
    Published(
        "FashionCLIP 2, zero-shot", "fashion-mnist", "zero_shot_accuracy", 0.83, _FASHION_CLIP,
        "a weighted macro F1, not accuracy",
    ),
    Published(
        "Xception at 299 px", "clothing-small", "linear_accuracy", 0.903,
        "https://github.com/alexeygrigorev/clothing-dataset-small",
        "the same test pictures; a larger picture and a head of its own",
    ),
)  # fmt: skip


def beside(protocol: str) -> list[Published]:
    """The figures that stand beside one of our protocols, best first."""
    return sorted((one for one in PUBLISHED if one.protocol == protocol), key=lambda one: (one.metric, -one.value))
