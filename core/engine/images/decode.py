"""Untrusted bytes in, one upright RGB image out, or a plain reason why not.

Nothing here trusts a file's name: the bytes decide what a file is. Every limit is checked before the
pixels are decoded. An ordinary sRGB JPEG comes out exactly as `Image.open(...).convert("RGB")` gives it.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pi_heif
from PIL import (  # the plugins of what is accepted; all of Pillow's take four times as long to import
    AvifImagePlugin,  # noqa: F401
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
    features,
)

from core.config import MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS
from core.errors import ImageError, ImageTypeError, Sentence, sentence

if TYPE_CHECKING:
    import numpy.typing as npt

#: What an upload widget may offer; `open_image` looks at the content only.
ACCEPTED_EXTENSIONS: tuple[str, ...] = (
    *("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif"),
)
MIN_IMAGE_SIDE = 8
#: A progressive JPEG has about ten scans; each one costs a pass over all pixels, however few its bytes.
MAX_JPEG_SCANS = 100
#: Pixels that are brought to plain RGB at a time.
_BAND_PIXELS = 1 << 20
#: A profile that moves no colour by more than this (of 255) is sRGB under another name.
SRGB_TOLERANCE = 3

# Set for the whole process, once: `warnings.catch_warnings` is not safe among threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
_OPTIONAL = tuple(kind for kind in ("WEBP", "AVIF") if features.check(kind.lower()))
# Only a file's main picture is looked at; libheif turns it as it is meant to be seen.
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
FORMATS: tuple[str, ...] = ("JPEG", "PNG", "GIF", "BMP", "TIFF", *_OPTIONAL, "HEIF")  # JPEG covers MPO

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_TOO_LARGE = sentence("engine.picture-too-large", limit=MAX_IMAGE_PIXELS / 1e6)
_DAMAGED = sentence("engine.picture-damaged")
_UNKNOWN = sentence("engine.picture-unknown", types=", ".join(FORMATS))
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Refused(Exception):
    """Carries a reason from where it is found to `open_image`, which knows the name."""

    def __init__(self, reason: Sentence):
        super().__init__(reason)
        self.reason = reason


def open_image(source: bytes | Path, name: str | None = None, enough: int | None = None) -> Image.Image:
    """Read one picture that nobody has vetted.

    Args:
        source: The file's content, or where it lies.
        name: What to call the picture in errors; default: the path's last part, or "picture".
        enough: A shorter side that will do; None for the picture's own size. A JPEG may then come out at a half, a
            quarter or an eighth of its size, no smaller than that, which is decoded in as much less time. What is
            still large, of whatever type, comes out at such a part that leaves at least twice as much.

    Returns:
        An upright image of mode RGB (uint8, sRGB, no alpha), at least 8 pixels on each side. It is fully
        decoded and holds neither a file nor metadata, so threads may share it.

    Raises:
        ImageError: The picture is refused or cannot be decoded; nothing else is raised. An `ImageTypeError`
            if it is no picture of an accepted type.
    """
    label = name or (source.name if isinstance(source, Path) else "") or "picture"
    try:
        return _decode(_read(source), enough)
    except _Refused as refused:
        reason = refused.reason
    # Raised out here so that a kept error does not keep half-decoded pixels alive through its context.
    raise (ImageTypeError if reason == _UNKNOWN else ImageError)(label, reason)


def megapixels(source: bytes | Path, enough: int | None = None) -> float:
    """What decoding a picture costs, by its header: millions of pixels, those of 16 bits counted double.

    Args:
        source: The file's content, or where it lies.
        enough: As for `open_image`; of a JPEG that is shrunk while it is decoded, a third of the pixels count.

    Returns:
        0 for what `open_image` refuses before it decodes anything.
    """
    try:
        data = _read(source)
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            pixels = _check_header(image, data)
            deep = image.mode in ("I", "F") or any(";16" in str(tile.args) for tile in image.tile)
            if enough:
                image.draft(None, (enough, enough))
            shrunk = image.width * image.height < pixels
    except Exception:  # whatever it is, `open_image` gives the reason
        return 0.0
    return pixels / 1e6 * (2 if deep else 1 / 3 if shrunk else 1)


def encode_thumbnail(image: Image.Image, side: int = 448, quality: int = 85) -> bytes:
    """Encode a small JPEG for a browser.

    Args:
        image: Any loaded image; other modes than RGB are made RGB on white. It is not changed.
        side: Longest allowed side in pixels; a smaller picture is not enlarged.
        quality: JPEG quality, 1 to 95.

    Returns:
        The bytes of a JPEG of the same aspect ratio, without metadata.

    Raises:
        ValueError: `side` is below 1.
    """
    if side < 1:
        raise ValueError(f"side must be at least 1, not {side}")
    scale = min(1.0, side / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    rgb = _plain(image, 1) if image.mode != "RGB" else image
    small = rgb.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    small.info.clear()
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_png(image: Image.Image, scale: int = 1) -> bytes:
    """Encode a PNG of an image of few pixels, each repeated `scale` times each way."""
    with io.BytesIO() as buffer:
        image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST).save(buffer, "PNG")
        return buffer.getvalue()


def _read(source: bytes | Path) -> bytes:
    """The content of a file of allowed size, never reading more than one byte over the limit."""
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                data = file.read(MAX_IMAGE_BYTES + 1)
        except FileNotFoundError:
            raise _Refused(sentence("engine.picture-no-file")) from None
        except (OSError, ValueError):  # ValueError: a null byte in the path
            raise _Refused(sentence("engine.picture-unreadable")) from None
    else:
        data = source
    if not data:
        raise _Refused(sentence("engine.picture-empty"))
    if len(data) > MAX_IMAGE_BYTES:
        raise _Refused(sentence("engine.picture-too-heavy", limit=MAX_IMAGE_BYTES / 1e6))
    return data


def _decode(data: bytes, enough: int | None) -> Image.Image:
    """Decode the first frame; whatever the decoders raise becomes one reason."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_header(image, data)
            if enough:
                image.draft(None, (enough, enough))  # of other types than JPEG nothing comes of it
            image.load()
            if image.width * image.height > MAX_IMAGE_PIXELS:  # a HEIC's header may have said less
                raise _Refused(_TOO_LARGE)
            return _upright_rgb(image, enough)
    except _Refused:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _Refused(_TOO_LARGE) from None
    except UnidentifiedImageError:
        raise _Refused(_why_unidentified(data)) from None
    except MemoryError:
        raise _Refused(sentence("engine.picture-no-memory")) from None
    except Exception:  # decoders raise nearly anything: OSError, ValueError, SyntaxError, struct.error
        raise _Refused(_DAMAGED) from None


def _check_header(image: Image.Image, data: bytes) -> int:
    """Refuse by what the header says, before any pixel is decoded; how many pixels will be."""
    width, height = image.size
    tags: Any = getattr(image, "tag_v2", {})
    tile = tags.get(322, 0) * tags.get(323, 0)  # a TIFF's tile is decoded whole, however small the picture
    pixels = int(max(width * height, tile))
    if pixels > MAX_IMAGE_PIXELS:
        raise _Refused(_TOO_LARGE)
    if min(width, height) < MIN_IMAGE_SIDE:
        raise _Refused(sentence("engine.picture-too-small", width=width, height=height, least=MIN_IMAGE_SIDE))
    if image.info.get("progressive") and data.count(b"\xff\xda") > MAX_JPEG_SCANS:
        raise _Refused(sentence("engine.picture-too-many-scans", limit=MAX_JPEG_SCANS))
    return pixels


def _why_unidentified(data: bytes) -> Sentence:
    """Tell a damaged picture of an accepted type from anything else."""
    if data[4:8] == b"ftyp":
        size = min(max(int.from_bytes(data[:4], "big"), 12), 256)
        brands = {data[start : start + 4] for start in range(8, size, 4)}
        if b"avif" in brands or b"avis" in brands:
            return _DAMAGED if "AVIF" in FORMATS else _UNKNOWN
        return _DAMAGED if brands & _HEIC_BRANDS else _UNKNOWN
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP" and "WEBP" in FORMATS
    return _DAMAGED if webp or data.startswith(_SIGNATURES) else _UNKNOWN


def _upright_rgb(image: Image.Image, enough: int | None) -> Image.Image:
    """A plain RGB copy of a loaded image: flat, in sRGB, turned as its EXIF says; the image is closed."""
    try:
        # Only the tag is read: `ImageOps.exif_transpose` also rewrites the EXIF, which may be broken.
        turn = _UPRIGHT.get(image.getexif().get(0x0112, 1))
    except Exception:  # a broken EXIF block says nothing; the picture itself is good
        turn = None
    rgb = _plain(image, _factor(image.size, enough))
    image.close()  # what is turned is never in memory three times
    if turn is not None:
        rgb = rgb.transpose(turn)
    rgb.info.clear()
    return rgb


def _factor(size: tuple[int, int], enough: int | None) -> int:
    """By how much a picture is shrunk: a power of two that leaves twice what will do, so that nobody sees it."""
    return 1 << max(0, (min(size) // (2 * enough)).bit_length() - 1) if enough else 1


def _plain(image: Image.Image, factor: int) -> Image.Image:
    """A flat copy in sRGB, shrunk on the way. It is made band by band, so that no step holds the picture again."""
    width, height = image.size
    rows = max(1, _BAND_PIXELS // (width * factor)) * factor
    flatten = _flattener(image)
    to_srgb = _converter("CMYK" if image.mode == "CMYK" else "RGB", image.info.get("icc_profile"))
    plain = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        band = to_srgb(flatten(image.crop((0, top, width, min(height, top + rows)))))
        plain.paste(band.reduce(factor) if factor > 1 else band, (0, top // factor))
    return plain


def _flattener(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What takes a band of this image to RGB, deep grey scaled to 8 bits and alpha put on white; CMYK stays."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        low, high = _range_of(image)
        inverted = getattr(image, "tag_v2", {}).get(262) == 0  # "white is zero", which Pillow inverts for 8 bits only
        return lambda band: Image.fromarray(_grey_to_uint8(band, low, high, inverted)).convert("RGB")
    return _flatten


def _flatten(image: Image.Image) -> Image.Image:
    """Any mode of 8 bits to RGB, alpha put on white; RGB and CMYK are left alone."""
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image if image.mode in ("RGB", "CMYK") else image.convert("RGB")


def _range_of(image: Image.Image) -> tuple[float, float]:
    """The values of deep grey that become black and white.

    16-bit values span 0..65535 (12-bit TIFF: 0..4095). For the others the smallest usual range that holds
    all values is taken (0..1 for floats, 0..255, 0..65535), and their own minimum and maximum otherwise.
    """
    tags: Any = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16"):
        return 0.0, 4095.0 if tags.get(258) == (12,) else 65535.0
    low, high = math.inf, -math.inf  # with no finite value at all, 0..1 is chosen below
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        grey = np.array(image.crop((0, top, image.width, min(image.height, top + rows))), np.float32)
        known = np.isfinite(grey)
        low = min(low, float(grey.min(where=known, initial=np.inf)))
        high = max(high, float(grey.max(where=known, initial=-np.inf)))
    if low >= 0:
        usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        return next(((0.0, top) for top in usual if high <= top), (low, high))
    return low, high


def _grey_to_uint8(band: Image.Image, low: float, high: float, inverted: bool) -> npt.NDArray[np.uint8]:
    """(height, width) uint8 of deep grey, `low` black and `high` white; values that are not finite become black."""
    grey = np.array(band, np.float32)
    grey[~np.isfinite(grey)] = low
    with np.errstate(over="ignore"):  # floats of 1e38 may overflow here, and are white then
        grey -= np.float32(low)
        grey *= np.float32(255.0 / max(high - low, 1e-30))
    if inverted:
        np.subtract(255, grey, out=grey)
    return np.clip(np.rint(grey, out=grey), 0, 255, out=grey).astype(np.uint8)


def _converter(mode: str, profile: bytes | None) -> Callable[[Image.Image], Image.Image]:
    """What takes RGB or CMYK images to sRGB by their ICC profile; without a usable one, plainly to RGB."""

    def plainly(image: Image.Image) -> Image.Image:
        return image if image.mode == "RGB" else image.convert("RGB")

    if not profile:
        return plainly
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB" and _changes_nothing(transform):
            return plainly
        return lambda image: ImageCms.applyTransform(image, transform) or image
    except Exception:  # broken, or of another colour space: the picture is still worth showing
        return plainly


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether an RGB transform leaves a 6 x 6 x 6 grid of colours where it is, within the tolerance."""
    steps = np.linspace(0, 255, 6).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(6, 36, 3)
    moved = ImageCms.applyTransform(Image.fromarray(grid), transform)
    return moved is not None and int(np.abs(np.asarray(moved, int) - grid).max()) <= SRGB_TOLERANCE
