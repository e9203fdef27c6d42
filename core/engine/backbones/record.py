"""What is known of a backbone before anything of it is loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HubFile:
    """A file of weights on a Hugging Face hub.

    Attributes:
        repository: "owner/name".
        names: The file; where it is not known which of several there is, the preferred one first.
        revision: Commit hash; "" if the first download decides, which is then kept in the lock file.
        sha256: Of the file, hex; "" as above.
    """

    repository: str
    names: tuple[str, ...]
    revision: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Backbone:
    """What is known of a backbone before anything of it is loaded.

    Attributes:
        id: Its name on the command line, in URLs and in artifacts.
        title: Its name for people.
        architecture: In the words of its library.
        dim: Length of its embeddings.
        input_size: Side of the square picture it takes, in pixels.
        mean: Subtracted from each channel (R, G, B) scaled to [0, 1].
        std: Divided by, after that.
        resize_mode: "shortest": the shorter side is scaled, the centre is cut out; "squash": both sides are scaled,
            so that all is seen and the proportions change.
        licence: Of its weights.
        source: Where the weights come from.
        has_text: Whether words and pictures share its space.
        n_parameters: Of all towers that are loaded.
        trained_on: What it has learned from, in a few words; "" where its library does not say.
        loader: How it is loaded: a key of `core.engine.embedders.load.LOADERS`.
        interpolation: "bicubic" or "bilinear".
        crop_pct: Share of the scaled side that is seen: the picture is scaled to `input_size / crop_pct`.
        packages: Names of the Python packages that loading imports beyond requirements.txt.
        spec: For the loader: "open_clip:MODEL/WEIGHTS" or "timm:MODEL", as a visitor may type it.
        learned_from: Protocols of the evaluation whose data's training part its training has seen; their figures say
            less of it than of the others.
        weights: The file on a hub, None where the weights come another way or there are none.
    """

    id: str
    title: str
    architecture: str
    dim: int
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resize_mode: str
    licence: str
    source: str
    has_text: bool
    n_parameters: int
    loader: str
    trained_on: str = ""
    interpolation: str = "bicubic"
    crop_pct: float = 1.0
    packages: tuple[str, ...] = ()
    spec: str = ""
    learned_from: tuple[str, ...] = ()
    weights: HubFile | None = None
