"""Draw the four sample pictures from their SVG sources.

    .venv/bin/python samples/render.py              # all of samples/src/*.svg
    .venv/bin/python samples/render.py shirt bag    # only these
    .venv/bin/python samples/render.py --out /tmp/x --browser /usr/bin/chromium

Each `samples/src/NAME.svg` is drawn by a headless Chromium at twice the final
size, scaled down with Pillow (clean edges, calm texture) and written as
`NAME.jpg`, 1000x1000, JPEG quality 88. Nothing is read from the network.
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).resolve().parent
PAGE = "<style>html,body{{margin:0;background:#fff}}svg{{display:block}}</style>{svg}"


def draw(page: Page, svg: Path, size: int) -> Image.Image:
    """Return the SVG drawn as a size x size RGB picture."""
    page.set_content(PAGE.format(svg=svg.read_text(encoding="utf-8")))
    png = page.screenshot(clip={"x": 0, "y": 0, "width": 1000, "height": 1000})
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def main() -> None:
    """Draw the pictures named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="which pictures (default: all)")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for the JPEGs")
    parser.add_argument("--size", type=int, default=1000, help="side in pixels")
    parser.add_argument("--quality", type=int, default=88, help="JPEG quality")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="Chromium binary")
    args = parser.parse_args()

    names = args.names or sorted(path.stem for path in (HERE / "src").glob("*.svg"))
    args.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=args.browser,
            args=["--disable-gpu", "--no-first-run", "--disable-background-networking"],
        )
        page = browser.new_page(viewport={"width": 1000, "height": 1000}, device_scale_factor=2)
        for name in names:
            target = args.out / f"{name}.jpg"
            picture = draw(page, HERE / "src" / f"{name}.svg", args.size)
            picture.save(target, quality=args.quality, optimize=True, progressive=True)
            print(f"{target}  {target.stat().st_size // 1024} KB")
        browser.close()


if __name__ == "__main__":
    main()
