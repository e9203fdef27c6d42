"""Every way in which a picture can be odd, hostile or broken; all files are made here, in memory."""

from __future__ import annotations

import io
import random
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile, features

from core.config import MAX_IMAGE_BYTES
from core.engine.images import decode
from core.engine.images.decode import ACCEPTED_EXTENSIONS, encode_thumbnail, open_image
from core.errors import ImageError

resource = pytest.importorskip("resource")

DAMAGED = "the file is damaged or cut short, so it cannot be decoded"
TOO_LARGE = "it has more than 40 megapixels, the limit for one picture"
NOT_ACCEPTED = "it is not a picture of an accepted type (JPEG, PNG, GIF, BMP, TIFF"
KINDS = [
    ("JPEG", {"quality": 90}),
    ("JPEG", {"quality": 90, "progressive": True}),
    ("PNG", {}),
    ("WEBP", {"lossless": True}),
    ("GIF", {}),
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("AVIF", {"quality": 90}),
]
KIND_IDS = ["jpeg", "jpeg-progressive", "png", "webp", "gif", "bmp", "tiff", "tiff-lzw", "avif"]
# Outside the tests Pillow's remarks about odd metadata are remarks, not errors.
pillow_may_remark = pytest.mark.filterwarnings("ignore::UserWarning")


def photo(width: int = 24, height: int = 16) -> np.ndarray:
    """(height, width, 3) uint8, smooth, with no symmetry."""
    y, x = np.mgrid[0:height, 0:width]
    red, green = x * 255 // (width - 1), y * 255 // (height - 1)
    return np.stack([red, green, (red + 2 * green) // 3], axis=-1).astype(np.uint8)


def encode(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    image = open_image(data)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize("kind", KINDS, ids=KIND_IDS)
def test_no_more_of_a_large_picture_is_decoded_or_kept_than_will_do(kind):
    whole = encode(photo(1200, 800), kind[0], **kind[1])
    sizes = [open_image(whole, enough=enough).size for enough in (None, 401, 400, 201, 200, 101, 100, 12)]
    if kind[0] == "JPEG":  # as it is decoded, and only then as any other
        assert sizes == [(1200, 800)] * 2 + [(600, 400)] * 2 + [(300, 200)] * 2 + [(150, 100), (38, 25)]
    else:
        assert sizes == [(1200, 800)] * 4 + [(600, 400)] * 2 + [(300, 200), (38, 25)]
    small, large = open_image(whole, enough=100), open_image(whole).resize((300, 200), Image.Resampling.BOX)
    if kind[0] == "JPEG":
        large = large.reduce(2)
    assert np.abs(np.asarray(small, int) - np.asarray(large)).mean() < 2


def test_bands_leave_no_seam(monkeypatch):
    """A picture is made plain in bands; however high these are, and whatever is done in them, it is the same."""
    deep = (np.arange(200 * 300, dtype=np.uint32).reshape(300, 200) * 71582).astype(np.int32)
    alpha = np.dstack([photo(200, 300), np.arange(300 * 200).reshape(300, 200) % 256]).astype(np.uint8)
    files = [
        encode(alpha),
        encode(Image.fromarray(deep), "TIFF"),
        encode(photo(200, 300), icc_profile=swapped_profile()),
    ]
    for data in files:
        whole = [np.asarray(open_image(data, enough=enough)) for enough in (None, 20)]
        monkeypatch.setattr(decode, "_BAND_PIXELS", 1)
        assert all(
            (np.asarray(open_image(data, enough=n)) == one).all() for n, one in zip((None, 20), whole, strict=True)
        )
        monkeypatch.undo()


def test_what_was_decoded_is_counted_where_the_header_said_less(monkeypatch):
    content = encode(photo(40, 30), "PNG")
    monkeypatch.setattr(decode, "_check_header", lambda image, data: 1)
    monkeypatch.setattr(decode, "MAX_IMAGE_PIXELS", 1200)
    assert open_image(content).size == (40, 30)
    for limit in (1199, 1000):
        monkeypatch.setattr(decode, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(ImageError, match="megapixels"):
            open_image(content)


def test_megapixels_are_told_by_the_header():
    """Of 16 bits they count double; of a JPEG that is shrunk, a third."""
    deep = np.zeros((1000, 2000), np.uint16)
    assert decode.megapixels(png_of_zeros(2000, 1000)) == 2
    assert decode.megapixels(encode(deep)) == 4
    assert decode.megapixels(encode(photo(2000, 1000), "BMP")) == 2
    jpeg = encode(photo(2000, 1000), "JPEG")
    assert [decode.megapixels(jpeg, enough) for enough in (None, 501, 500)] == [2, 2, pytest.approx(2 / 3)]
    assert [decode.megapixels(data) for data in (b"", b"no picture", png_of_zeros(8000, 8000))] == [0, 0, 0]


def plain(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def refusal(source: bytes | Path, name: str | None = "hat.jpg") -> str:
    """The reason, after checking that the sentence is the name and the reason."""
    with pytest.raises(ImageError) as caught:
        open_image(source, name)
    label = name or (source.name if isinstance(source, Path) else "picture")
    assert str(caught.value) == f"{label}: {caught.value.reason}."
    assert caught.value.name == label
    assert caught.value.__context__ is None, "a kept error would keep the pixels"
    return str(caught.value.reason)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_of_zeros(width: int, height: int, *extra: bytes) -> bytes:
    """A valid 1-bit black PNG of any size, made without holding its pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with the red and the green primary exchanged: its pure red is our pure green."""
    profile = srgb_profile()
    return profile.replace(b"rXYZ", b"temp", 1).replace(b"gXYZ", b"rXYZ", 1).replace(b"temp", b"gXYZ", 1)


def cmyk_profile(lightness: int, a: int, b: int) -> bytes:
    """A printer profile in which all mixtures but full black look the same: one 8-bit Lab colour."""
    ramp = bytes(range(256))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0])
    lut += b"".join(struct.pack(">i", 65536 * one) for one in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut += ramp * 4 + bytes([lightness, a, b]) * 15 + bytes([0, 128, 128]) + ramp * 3
    size = 128 + 4 + 12 + len(lut)
    head = struct.pack(">I", size) + b"lcms" + bytes([2, 0x40, 0, 0]) + b"prtrCMYKLab " + bytes(12)
    head += b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"A2B0", 144, len(lut)) + lut


# What comes out right


@pytest.mark.parametrize(("kind", "options"), KINDS, ids=KIND_IDS)
def test_every_accepted_kind_reads_as_plain_pillow_does(kind, options):
    data = encode(photo(), kind, **options)
    np.testing.assert_array_equal(pixels(data), plain(data))
    if kind in ("PNG", "BMP", "TIFF", "WEBP"):
        np.testing.assert_array_equal(pixels(data), photo())


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_large_plain_jpeg_is_bit_identical_to_pillow(subsampling):
    noise = np.random.default_rng(3).integers(0, 256, (411, 623, 3), dtype=np.uint8)
    data = encode(noise, "JPEG", quality=80, subsampling=subsampling)
    np.testing.assert_array_equal(pixels(data), plain(data))


def test_grey_jpeg_and_mpo_first_picture():
    data = encode(photo()[..., 0], "JPEG")
    np.testing.assert_array_equal(pixels(data), plain(data))
    first, second = Image.fromarray(photo()), Image.new("RGB", (24, 16), "red")
    mpo = encode(first, "MPO", save_all=True, append_images=[second], quality=95)
    with Image.open(io.BytesIO(mpo)) as image:
        assert image.format == "MPO" and image.n_frames == 2
    assert np.abs(pixels(mpo).astype(int) - photo()).max() < 30


def test_a_path_gives_the_same_picture_as_its_bytes(tmp_path):
    path = tmp_path / "named-wrongly.txt"
    path.write_bytes(encode(photo()))
    np.testing.assert_array_equal(np.asarray(open_image(path)), photo())


def test_extensions_for_the_upload_widget():
    expected = ("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif")
    assert expected == ACCEPTED_EXTENSIONS


def stored_as(upright: np.ndarray, orientation: int) -> np.ndarray:
    """What a camera stores so that the tag's turn gives `upright`; by indices, not by Pillow."""
    return {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.swapaxes(0, 1),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(upright, -1),
    }[orientation]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "TIFF-LZW", "JPEG", "AVIF"])
def test_all_orientations_are_made_upright(kind, orientation):
    stored = np.ascontiguousarray(stored_as(photo(), orientation))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, object] = {"exif": exif.tobytes()}
    if kind == "TIFF-LZW":
        kind, options = "TIFF", {"tiffinfo": {274: orientation}, "compression": "tiff_lzw"}
    elif kind == "TIFF":
        options = {"tiffinfo": {274: orientation}}
    elif kind == "WEBP":
        options["lossless"] = True
    found = pixels(encode(stored, kind, **options))
    assert found.shape == (16, 24, 3)
    if kind == "AVIF":
        assert np.abs(found.astype(int) - photo()).mean() < 8
    elif kind == "JPEG":
        np.testing.assert_array_equal(stored_as(found, orientation), plain(encode(stored, "JPEG")))
    else:
        np.testing.assert_array_equal(found, photo())


@pillow_may_remark
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0nonsense",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0x\0\0\0\0\0\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\xff\xff\0\0\x06\0\0\0\0\0\0\0",
    ],
    ids=["empty", "text", "far-offset", "too-many-tags", "orientation-99", "orientation-text", "long"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_broken_exif_is_ignored(kind, exif):
    found = pixels(encode(photo(), kind, exif=exif))
    np.testing.assert_array_equal(found, plain(encode(photo(), kind)))


@pillow_may_remark
def test_orientation_survives_a_broken_tag_beside_it():
    tags = struct.pack("<HHII", 0x0112, 3, 1, 6) + struct.pack("<HHII", 0x010F, 2, 5000, 0xFFFFFF)
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + tags + bytes(4)
    found = pixels(encode(np.ascontiguousarray(stored_as(photo(), 6)), exif=exif))
    np.testing.assert_array_equal(found, photo())


@pytest.mark.parametrize("adobe", [True, False], ids=["adobe-inverted", "without-adobe-marker"])
def test_cmyk_jpeg(adobe):
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:] = (0, 255, 255, 0)  # magenta and yellow: red
    data = encode(Image.fromarray(inks, "CMYK"), "JPEG", quality=100)
    assert b"Adobe" in data
    if not adobe:  # the inks are taken as inverted here too, as nearly every writer means them
        start = data.index(b"\xff\xee")
        data = data[:start] + data[start + 16 :]
    assert np.abs(pixels(data).astype(int) - (255, 0, 0)).max() <= 3


def test_ycck_jpeg():
    wanted = (40, 200, 90, 0)  # cyan, magenta, yellow, black
    luma = Image.new("RGB", (16, 16), wanted[:3]).convert("YCbCr").getpixel((0, 0))
    stored = Image.new("CMYK", (16, 16), (*(255 - value for value in luma), wanted[3]))
    data = encode(stored, "JPEG", quality=100, subsampling=0)
    flag = data.index(b"Adobe") + 11
    assert data[flag] == 0
    data = data[:flag] + b"\x02" + data[flag + 1 :]
    assert np.abs(pixels(data).astype(int) - (215, 55, 165)).max() <= 3


def test_16_bit_grey_is_scaled_not_clipped():
    deep = np.linspace(0, 65535, 16 * 20).astype(np.uint16).reshape(16, 20)
    wanted = np.repeat(np.rint(deep / 257.0).astype(np.uint8)[..., None], 3, axis=-1)
    little = Image.fromarray(deep)
    assert little.mode == "I;16"
    big = Image.frombytes("I;16B", (20, 16), deep.astype(">u2").tobytes())
    for data in (encode(little), encode(little, "TIFF"), encode(big, "TIFF")):
        np.testing.assert_array_equal(pixels(data), wanted)
    inverted = encode(little, "TIFF", tiffinfo={262: 0})
    with Image.open(io.BytesIO(inverted)) as image:
        white_is_zero = image.tag_v2[262] == 0
    np.testing.assert_array_equal(pixels(inverted), 255 - wanted if white_is_zero else wanted)


@pytest.mark.parametrize(
    ("mode", "values", "wanted"),
    [
        ("F", (0.0, 0.5, 1.0), (0, 128, 255)),
        ("F", (0.0, 100.0, 200.0), (0, 100, 200)),
        ("F", (0.0, 100.0, 255.0), (0, 100, 255)),
        ("F", (0.0, 25700.0, 51400.0), (0, 100, 200)),
        ("F", (-1.0, 0.0, 1.0), (0, 128, 255)),
        ("F", (float("nan"), 0.5, float("inf")), (0, 128, 0)),
        ("F", (float("nan"), float("nan"), float("nan")), (0, 0, 0)),
        ("F", (-3e38, 0.0, 3e38), (0, 128, 255)),
        ("I", (0, 100, 200), (0, 100, 200)),
        ("I", (0, 25700, 51400), (0, 100, 200)),
        ("I", (0, 1_000_000_000, 2_000_000_000), (0, 128, 255)),
        ("I", (-500, 0, 500), (0, 128, 255)),
        ("I", (70000, 70000, 70000), (0, 0, 0)),
    ],
)
def test_32_bit_and_float_grey_is_scaled(mode, values, wanted):
    kind = np.float32 if mode == "F" else np.int32
    data = encode(np.repeat(np.array(values, kind), 27).reshape(9, 9), "TIFF")
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == mode
    found = pixels(data)[[0, 3, 6], 0]
    assert np.abs(found.astype(int) - np.array(wanted)[:, None]).max() <= 1  # a half may round either way


def test_palette_with_and_without_transparency():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([200, 10, 20, 0, 90, 180, 7, 8, 9])
    image.paste(1, (4, 0, 8, 8))
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        found = pixels(encode(image, kind))
        assert found[0, 0].tolist() == [200, 10, 20] and found[0, 7].tolist() == [0, 90, 180]
    for kind, transparency in (("PNG", 0), ("GIF", 0), ("PNG", b"\x00\xff\xff")):
        found = pixels(encode(image, kind, transparency=transparency))
        assert found[0, 0].tolist() == [255, 255, 255] and found[0, 7].tolist() == [0, 90, 180]
    half = pixels(encode(image, "PNG", transparency=b"\x80\xff\xff"))
    assert half[0, 0].tolist() == [227, 132, 137]  # 128/255 of the colour, the rest white


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_is_put_on_white(mode):
    colour = (0, 0, 0) if mode != "LA" else (0,)
    alpha = np.repeat(np.array([[0, 51, 255]], np.uint8), 3, axis=1).repeat(9, axis=0)
    base = Image.new({"RGBA": "RGB", "LA": "L", "PA": "P"}[mode], (9, 9), 0 if mode == "PA" else colour)
    if mode == "PA":
        base.putpalette([0, 0, 0, 255, 0, 0])
        base = base.convert("PA")
    base.putalpha(Image.fromarray(alpha))
    assert base.mode == mode
    found = pixels(encode(base, "TIFF" if mode == "PA" else "PNG"))
    assert found[4, [0, 3, 6]].tolist() == [[255] * 3, [204] * 3, [0] * 3]


def test_one_colour_marked_transparent():
    rgb = Image.fromarray(photo())
    found = pixels(encode(rgb, transparency=tuple(int(v) for v in photo()[0, 0])))
    assert found[0, 0].tolist() == [255, 255, 255]
    np.testing.assert_array_equal(found[1:], photo()[1:])
    bits = Image.new("1", (9, 9), 1)
    assert (pixels(encode(bits)) == 255).all()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_an_animation_shows_its_first_frame(kind):
    first, later = Image.new("RGB", (16, 16), "red"), Image.new("RGB", (16, 16), "blue")
    data = encode(first, kind, save_all=True, append_images=[later, later])
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames >= 2
    assert np.abs(pixels(data).astype(int) - (255, 0, 0)).max() <= 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_colours_are_brought_to_srgb(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    image = Image.new("RGB", (16, 16), (255, 0, 0))
    found = pixels(encode(image, kind, icc_profile=swapped_profile(), **options))
    assert np.abs(found.astype(int) - (0, 255, 0)).max() <= 2
    white = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    found = pixels(encode(white, kind, icc_profile=swapped_profile(), **options))
    assert found.min() >= 254, "what lies behind a transparent picture stays white"


def test_cmyk_goes_through_its_profile():
    data = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", icc_profile=cmyk_profile(255, 128, 128))
    assert pixels(data).min() >= 254  # L* = 100
    data = encode(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "TIFF", icc_profile=cmyk_profile(136, 128, 128))
    assert np.abs(pixels(data).astype(int) - 128).max() <= 3  # L* = 53.3 is sRGB's 127


def test_a_profile_that_is_nearly_srgb_changes_no_pixel():
    profile = bytearray(srgb_profile())
    entry = profile.index(b"rXYZ")
    offset = struct.unpack(">I", profile[entry + 4 : entry + 8])[0] + 8  # of the red primary's X
    near, far = bytearray(profile), bytearray(profile)
    for altered, step in ((near, 0.0008), (far, 0.08)):
        value = struct.unpack(">i", profile[offset : offset + 4])[0] + round(65536 * step)
        altered[offset : offset + 4] = struct.pack(">i", value)
    exact = ImageCms.ImageCmsProfile(io.BytesIO(bytes(near)))
    moved = ImageCms.profileToProfile(Image.fromarray(photo()), exact, ImageCms.createProfile("sRGB"))
    assert 1 <= np.abs(np.asarray(moved, int) - photo()).max() <= 3
    np.testing.assert_array_equal(pixels(encode(photo(), icc_profile=bytes(near))), photo())
    assert np.abs(pixels(encode(photo(), icc_profile=bytes(far))).astype(int) - photo()).max() > 8


def test_srgb_and_unusable_profiles_change_no_pixel():
    bare = encode(photo(), "JPEG")
    broken = bytearray(srgb_profile())
    broken[128:140] = b"\xff" * 12
    for profile in (srgb_profile(), b"nonsense", bytes(broken), srgb_profile()[:200], cmyk_profile(9, 9, 9)):
        data = encode(photo(), "JPEG", icc_profile=profile)
        assert len(data) > len(bare)
        np.testing.assert_array_equal(pixels(data), plain(bare))
    grey = encode(photo()[..., 0], "PNG", icc_profile=cmyk_profile(9, 9, 9))
    np.testing.assert_array_equal(pixels(grey)[..., 0], photo()[..., 0])


# What is refused


def test_empty_and_unreadable(tmp_path):
    assert refusal(b"") == "the file is empty"
    assert refusal(b"", None) == "the file is empty"
    nothing = tmp_path / "nothing.png"
    nothing.touch()
    assert refusal(nothing, None) == "the file is empty"
    assert refusal(tmp_path / "missing.png", None) == "there is no such file"
    assert refusal(tmp_path, None) == "the file cannot be read"
    assert refusal(Path("zero\0.png"), None) == "the file cannot be read"


def test_the_weight_limit_is_exact(tmp_path):
    good = encode(photo(), "JPEG")
    np.testing.assert_array_equal(pixels(good.ljust(MAX_IMAGE_BYTES, b"\0")), plain(good))
    reason = "the file is larger than 10 MB, the limit for one picture; "
    reason += "a screenshot of it, or a copy in a smaller size, will do"
    assert refusal(good.ljust(MAX_IMAGE_BYTES + 1, b"\0")) == reason
    path = tmp_path / "heavy.jpg"
    with path.open("wb") as file:
        file.write(good)
        file.truncate(3 * 10**9)  # a sparse file: reading it all would need 3 GB
    assert refusal(path, None) == reason


def test_a_144_megapixel_png_is_refused_without_decoding(monkeypatch):
    data = png_of_zeros(12_000, 12_000)
    assert len(data) < 25_000

    def decoded(self):
        raise AssertionError("must not be decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", decoded)
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    assert refusal(data) == TOO_LARGE
    assert time.perf_counter() - started < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_even_where_pillow_would_only_warn():
    assert refusal(png_of_zeros(12_000, 12_000)) == TOO_LARGE


@pytest.mark.parametrize(("width", "height"), [(8001, 5000), (5000, 8001), (40_000_008, 8), (60_000, 60_000)])
def test_pixels_are_counted_from_the_header(width, height):
    data = bytearray(png_of_zeros(8, 8))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    assert refusal(bytes(data)) == TOO_LARGE


def test_frames_and_canvases_beyond_the_limit():
    gif = bytearray(encode(Image.new("P", (16, 16)), "GIF"))
    gif[6:10] = struct.pack("<HH", 20_000, 20_000)
    assert refusal(bytes(gif)) == TOO_LARGE
    gif = bytearray(encode(Image.new("P", (16, 16)), "GIF"))
    frame = gif.index(b"\x2c\0\0\0\0\x10\0\x10\0")
    gif[frame + 5 : frame + 9] = struct.pack("<HH", 20_000, 20_000)
    assert refusal(bytes(gif)) == TOO_LARGE  # the canvas is small, its frame is not
    body = b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + bytes(59)
    webp = b"WEBPVP8L" + struct.pack("<I", len(body)) + body
    assert refusal(b"RIFF" + struct.pack("<I", len(webp)) + webp) == TOO_LARGE
    bmp = bytearray(encode(photo(), "BMP"))
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    assert refusal(bytes(bmp)) == TOO_LARGE


def test_forty_megapixels_are_still_allowed():
    image = Image.open(io.BytesIO(png_of_zeros(8000, 5000)))
    decode._check_header(image, b"")  # decoding it here would cost half a gigabyte


@pytest.mark.parametrize("size", [(1, 1), (7, 100), (100, 7)])
def test_a_speck_is_refused(size):
    reason = refusal(encode(Image.new("RGB", size)))
    assert reason == f"it is only {size[0]} × {size[1]} pixels; each side must have at least 8 pixels"


def test_the_smallest_and_the_longest_pictures_are_read():
    assert open_image(encode(Image.new("RGB", (8, 8), "red"))).getpixel((7, 7)) == (255, 0, 0)
    assert open_image(encode(Image.new("RGB", (30_000, 8), "red"))).size == (30_000, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"just some text, called hat.jpg",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"%PDF-1.7\n",
        b"\0" * 5000,
        b"8BPS\0\x01" + bytes(6) + struct.pack(">HIIHH", 3, 16, 16, 8, 3) + bytes(900),
        struct.pack(">I", 24) + b"ftypisom" + bytes(4) + b"isommp42" + bytes(100),
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
    ],
    ids=["text", "svg", "pdf", "zeros", "psd", "mp4", "wav"],
)
def test_other_types_are_refused_with_the_accepted_ones(data):
    assert refusal(data).startswith(NOT_ACCEPTED)


@pytest.mark.parametrize("kind", ["EPS", "ICO", "PPM", "TGA", "JPEG2000", "PDF", "DDS", "ICNS"])
def test_formats_that_pillow_reads_but_we_do_not(kind):
    assert refusal(encode(photo(64, 64), kind)).startswith(NOT_ACCEPTED)


def test_a_heic_that_holds_nothing_is_damaged():
    for brands in (b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heix", b"msf1\0\0\0\0hevc"):
        assert refusal(struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(400), "IMG_0001.HEIC") == DAMAGED


def test_compression_bombs_in_png_text_and_profile():
    packed = zlib.compress(bytes(40_000_000), 9)
    for bomb in (chunk(b"zTXt", b"note\0\0" + packed), chunk(b"iCCP", b"icc\0\0" + packed)):
        started = time.perf_counter()
        assert refusal(png_of_zeros(16, 16, bomb)) == DAMAGED
        assert time.perf_counter() - started < 1


def test_a_jpeg_of_very_many_scans():
    data = encode(photo(), "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    many = data[:-2] + scan * 20_000 + b"\xff\xd9"
    assert refusal(many) == "it is a progressive JPEG of more than 100 scans, the limit for one picture"
    baseline = encode(photo(), "JPEG")  # a video appended by a phone may contain anything
    np.testing.assert_array_equal(pixels(baseline + b"\xff\xda" * 500), plain(baseline))


def tiff(*entries: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    """A little-endian TIFF of (tag, type, count, value) entries; `tail` follows the directory."""
    fields = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + fields + bytes(4) + tail


GREY_16 = [(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]


@pillow_may_remark
@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([(273, 4, 1, 10**9), (278, 4, 1, 16), (279, 4, 1, 256)], DAMAGED),
        ([(273, 4, 1, 200), (278, 4, 1, 16), (279, 4, 1, 256)], DAMAGED),
        ([(273, 4, 10**9, 200), (278, 4, 1, 1), (279, 4, 10**9, 200)], DAMAGED),
        ([(278, 4, 1, 16)], DAMAGED),
        ([(322, 4, 1, 16_000), (323, 4, 1, 16_000), (324, 4, 1, 200), (325, 4, 1, 256)], TOO_LARGE),
        ([(322, 4, 1, 0), (323, 4, 1, 0), (324, 4, 1, 200), (325, 4, 1, 256)], DAMAGED),
    ],
    ids=["offset-outside", "strip-too-short", "a-billion-strips", "no-strips", "huge-tile", "tile-of-zero"],
)
def test_tiffs_with_strange_strips(entries, reason):
    assert refusal(tiff(*GREY_16, *entries)) == reason
    packed = [entry if entry[0] != 259 else (259, 3, 1, 8) for entry in GREY_16]  # deflate, by libtiff
    assert refusal(tiff(*packed, *entries)) == reason


def test_a_hand_made_tiff_with_good_strips():
    data = tiff(*GREY_16, (273, 4, 1, 122), (278, 4, 1, 16), (279, 4, 1, 256), tail=bytes(range(256)))
    assert data.index(bytes(range(256))) == 122
    np.testing.assert_array_equal(pixels(data)[..., 0].ravel(), np.arange(256))


def test_a_12_bit_tiff_is_scaled_by_its_own_depth():
    deep = [entry if entry[0] != 258 else (258, 3, 1, 12) for entry in GREY_16]
    body = b"\x80\x08\x00" * 128  # two values of 0x800 in three bytes
    data = tiff(*deep, (273, 4, 1, 122), (278, 4, 1, 16), (279, 4, 1, len(body)), tail=body)
    assert (pixels(data) == 128).all()


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), struct.error("x"), SyntaxError("x")])
def test_whatever_a_decoder_raises_becomes_a_reason(monkeypatch, error):
    def load(self):
        raise error

    data = encode(photo())
    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    wanted = "there is not enough memory to decode it" if isinstance(error, MemoryError) else DAMAGED
    assert refusal(data) == wanted


@pillow_may_remark
@pytest.mark.parametrize(("kind", "options"), KINDS, ids=KIND_IDS)
def test_truncated_anywhere(kind, options):
    data = encode(photo(40, 40), kind, **options)
    for length in sorted({*range(0, len(data), max(1, len(data) // 60)), len(data) // 2, *range(1, 20)}):
        try:
            found = open_image(data[:length], "cut.img")
        except ImageError as error:
            assert str(error.reason) in (DAMAGED, "the file is empty") or str(error.reason).startswith(NOT_ACCEPTED)
            assert length < 20 or str(error.reason) == DAMAGED
            assert str(error).startswith("cut.img: ")
        else:
            np.testing.assert_array_equal(np.asarray(found), plain(data))  # only an end mark was lost
    assert refusal(data[: len(data) // 2]) == DAMAGED


@pillow_may_remark
def test_flipped_bytes_never_let_anything_else_escape():
    chance = random.Random(20)
    exif = Image.Exif()
    exif[0x0112] = 6
    meta = {"exif": exif.tobytes(), "icc_profile": swapped_profile()}
    files = [
        encode(photo(40, 30), kind, **options, **({} if kind in ("GIF", "BMP") else meta)) for kind, options in KINDS
    ]
    files.append(encode(Image.new("CMYK", (20, 20)), "JPEG", icc_profile=cmyk_profile(99, 128, 128)))
    read = 0
    for _ in range(300):
        data = bytearray(chance.choice(files))
        reach = len(data) if chance.random() < 0.5 else min(len(data), 400)
        for _ in range(chance.choice((1, 1, 3, 20))):
            data[chance.randrange(reach)] = chance.randrange(256)
        try:
            found = open_image(bytes(data), "flipped.img")
        except ImageError as error:
            assert str(error) == f"flipped.img: {error.reason}."
        else:
            read += 1
            assert found.mode == "RGB" and min(found.size) >= 8
    assert 20 < read < 280  # both ends were tried


# What the result is like


def test_the_result_holds_no_file_and_no_metadata(tmp_path):
    exif = Image.Exif()
    exif[0x010F] = "maker"
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(photo(), "JPEG", exif=exif.tobytes(), comment=b"hello", dpi=(72, 72)))
    image = open_image(path)
    path.unlink()
    assert type(image) is Image.Image
    assert image.info == {} and not dict(image.getexif())
    assert getattr(image, "fp", None) is None and image.im is not None


def test_threads_read_and_share_pictures():
    files = [encode(photo(60 + i, 50), *KINDS[i % 7][:1], **KINDS[i % 7][1]) for i in range(21)]
    alone = [pixels(data) for data in files]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(open_image, files * 3))
        for found, wanted in zip(together, alone * 3, strict=True):
            np.testing.assert_array_equal(np.asarray(found), wanted)
        shared = together[0]
        crops = list(pool.map(lambda i: np.asarray(shared.crop((i, 0, i + 8, 8))), range(40)))
        assert len(set(pool.map(encode_thumbnail, [shared] * 12))) == 1
    for i, crop in enumerate(crops):
        np.testing.assert_array_equal(crop, alone[0][0:8, i : i + 8])


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((900, 600), (448, 299)), ((600, 900), (299, 448)), ((448, 10), (448, 10)), ((30, 20), (30, 20)),
     ((20_000, 8), (448, 1))],
)  # fmt: skip
def test_thumbnail_size(size, wanted):
    data = encode_thumbnail(Image.new("RGB", size, (10, 200, 30)))
    with Image.open(io.BytesIO(data)) as small:
        assert small.format == "JPEG" and small.mode == "RGB" and small.size == wanted
        assert np.abs(np.asarray(small).astype(int) - (10, 200, 30)).max() <= 4


def test_thumbnail_carries_nothing_and_changes_nothing():
    exif = Image.Exif()
    exif[0x010F] = "maker"
    data = encode(photo(), "JPEG", exif=exif.tobytes(), comment=b"secret", icc_profile=srgb_profile())
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        small = encode_thumbnail(image, side=12)
        assert image.size == (24, 16) and image.info["comment"] == b"secret"
    with Image.open(io.BytesIO(small)) as back:
        assert back.size == (12, 8)
        assert not {"exif", "comment", "icc_profile"} & set(back.info)
    assert b"maker" not in small and b"secret" not in small


def test_thumbnail_of_other_modes_and_arguments():
    clear = Image.new("RGBA", (16, 16), (255, 0, 0, 0))
    with Image.open(io.BytesIO(encode_thumbnail(clear))) as back:
        assert back.getpixel((3, 3)) == (255, 255, 255)
    image = Image.fromarray(photo(200, 100))
    assert len(encode_thumbnail(image, quality=30)) < len(encode_thumbnail(image, quality=95))
    with pytest.raises(ValueError, match="side must be at least 1, not 0"):
        encode_thumbnail(image, side=0)
