"""Steps for pictures: saved again, compressed, cut, turned, shown in a browser. Volumes are first saved as PNG."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from tools import Refused, run

_PICTURES = (".png", ".jpg", ".tif", ".webp", ".gif")
_BROWSER = (
    "chromium",
    "--headless",
    "--no-sandbox",
    *("--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--hide-scrollbars", "--force-device-scale-factor=1"),
)


def _same(source: Path, folder: Path) -> Path:
    return folder / source.name


def _array(source: Path) -> NDArray[Any]:
    """The picture, or the middle slice of a volume windowed to 8 bits (p0.5 to p99.5)."""
    if source.suffix in _PICTURES and source.suffix != ".tif":
        with Picture.open(source) as opened:
            return np.array(opened.convert("RGB" if opened.mode not in ("L", "P") else "L"))
    import SimpleITK

    values = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(source))).astype(float)
    plane = values[len(values) // 2] if values.ndim == 3 else values
    low, high = np.percentile(plane, [0.5, 99.5])
    return np.asarray(np.clip((plane - low) / (high - low) * 255 + 0.5, 0, 255)).astype(np.uint8)


def _png(source: Path, folder: Path) -> Path:
    """The file itself where programs take it as it is, else its PNG (rule 2 of the paths)."""
    if source.suffix in (".png", ".jpg", ".webp"):
        return source
    Picture.fromarray(_array(source)).save(folder / "shown.png")
    return folder / "shown.png"


def pillow_again(source: Path, folder: Path) -> Path:
    """Opened and saved with Pillow's defaults."""
    with Picture.open(source) as opened:
        opened.save(_same(source, folder))
    return _same(source, folder)


def opencv_again(source: Path, folder: Path) -> Path:
    """Read and written with OpenCV, samples unchanged in depth."""
    import cv2

    cv2.imwrite(str(_same(source, folder)), cv2.imread(str(source), cv2.IMREAD_UNCHANGED))
    return _same(source, folder)


def imageio_again(source: Path, folder: Path) -> Path:
    """Read and written with imageio."""
    import imageio.v3 as imageio

    imageio.imwrite(_same(source, folder), imageio.imread(source))
    return _same(source, folder)


def imagemagick_again(source: Path, folder: Path) -> Path:
    """Converted from a format to itself."""
    return run("/usr/bin/convert", source, _same(source, folder), makes=_same(source, folder))


def ffmpeg_again(source: Path, folder: Path) -> Path:
    """Decoded and encoded by ffmpeg with its defaults."""
    target = _same(source, folder)
    return run(
        "ffmpeg", "-y", "-loglevel", "error", "-i", source, "-update", "1", "-frames:v", "1", target, makes=target
    )


def exiftool(source: Path, folder: Path) -> Path:
    """All metadata that exiftool can write taken out."""
    target = Path(shutil.copyfile(source, _same(source, folder)))
    before = target.read_bytes()
    made = run("exiftool", "-overwrite_original", "-all=", target, makes=target)
    if made.read_bytes() == before:
        raise Refused("nothing was changed")
    return made


def _jpeg(source: Path, folder: Path, quality: int) -> Path:
    picture = Picture.fromarray(_array(source))
    picture.save(folder / "made.jpg", quality=quality)
    return folder / "made.jpg"


def jpeg_90(source: Path, folder: Path) -> Path:
    """Saved as JPEG 90."""
    return _jpeg(source, folder, 90)


def jpeg_75(source: Path, folder: Path) -> Path:
    """Saved as JPEG 75."""
    return _jpeg(source, folder, 75)


def jpeg_50(source: Path, folder: Path) -> Path:
    """Saved as JPEG 50."""
    return _jpeg(source, folder, 50)


def _saved(pixels: NDArray[Any], folder: Path) -> Path:
    Picture.fromarray(np.ascontiguousarray(pixels)).save(folder / "made.png")
    return folder / "made.png"


def halved(source: Path, folder: Path) -> Path:
    """Half the width and height, by area, saved by OpenCV."""
    import cv2

    pixels = _array(source)
    small = cv2.resize(pixels, (pixels.shape[1] // 2, pixels.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return _saved(small, folder)


def cropped(source: Path, folder: Path) -> Path:
    """The middle, 71 % of each side."""
    pixels = _array(source)
    high, wide = (round(n * 0.5**0.5) for n in pixels.shape[:2])
    top, left = (pixels.shape[0] - high) // 2, (pixels.shape[1] - wide) // 2
    return _saved(pixels[top : top + high, left : left + wide], folder)


def flipped(source: Path, folder: Path) -> Path:
    """Left and right exchanged."""
    with Picture.open(_png(source, folder)) as opened:
        opened.transpose(Picture.Transpose.FLIP_LEFT_RIGHT).save(folder / "made.png")
    return folder / "made.png"


def quarter(source: Path, folder: Path) -> Path:
    """A quarter turn by ffmpeg's transpose."""
    made = folder / "made.png"
    shown = _png(source, folder)
    return run(
        "ffmpeg", "-y", "-loglevel", "error", "-i", shown, "-vf", "transpose=1", "-update", "1", made, makes=made
    )


def rotated(source: Path, folder: Path) -> Path:
    """Ten degrees by ImageMagick, the canvas growing with it."""
    made = folder / "made.png"
    return run("/usr/bin/convert", _png(source, folder), "-background", "black", "-rotate", "10", made, makes=made)


def noisy(source: Path, folder: Path) -> Path:
    """Gaussian noise."""
    pixels = _array(source)
    low, high = np.percentile(pixels, [0.5, 99.5])
    noise = np.random.default_rng(0).normal(0, 0.02 * (high - low), pixels.shape)
    return _saved(np.clip(pixels + noise + 0.5, 0, 255).astype(np.uint8), folder)


def screenshot(source: Path, folder: Path) -> Path:
    """Shown in a page of a browser and photographed from its window, page and all."""
    shown = Path(shutil.copyfile(_png(source, folder), folder / f"page{_png(source, folder).suffix}"))
    page = folder / "page.html"
    page.write_text(f'<body style="margin:24px;background:#fff"><p>Case 1</p><img src="{shown.name}"></body>')
    made = folder / "made.png"
    options = [f"--user-data-dir={folder / 'profile'}", f"--screenshot={made}", "--window-size=420,440"]
    return run(*_BROWSER, *options, page.as_uri(), makes=made)
