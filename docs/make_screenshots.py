"""Draw the pages that the docs show: python docs/make_screenshots.py [RUN]. Needs chromium.

The newest run, of the built-in graph, is shown by `mygo explore` and `mygo tokens words`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).parent / "images"
MYGO = (sys.executable, "-m", "mygo_cli")
SIZES = {"map.png": (1000, 1180), "visual-words.png": (900, 640)}
COLOURS = 160  # of a PNG with a palette


def shoot(address: str, name: str) -> None:
    """Let a browser draw an address, and keep it as a picture of the docs."""
    width, height = SIZES[name]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / name
        # Preferred colours 1: light.
        options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
        scheme = ("--blink-settings=preferredColorScheme=1", f"--window-size={width},{height}")
        drawing = ["chromium", *options, *scheme, f"--screenshot={whole}", address]
        subprocess.run(drawing, check=True, stderr=subprocess.DEVNULL)
        with Image.open(whole) as picture:
            small = picture.convert("RGB").quantize(COLOURS)
    small.save(IMAGES / name, optimize=True)
    print(f"wrote images/{name}: {(IMAGES / name).stat().st_size / 1024:.0f} KiB")


def main() -> None:
    """Serve a run while its pages are drawn, then write and draw the sheet of words."""
    command = [*MYGO, "explore", *sys.argv[1:2], "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        try:
            shoot(served.stdout.readline().strip() + "map", "map.png")
        finally:
            served.terminate()
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "words.html"
        subprocess.run(
            [*MYGO, "tokens", "words", "--html", str(page), "-o", f"{folder}/words.tsv"], check=True
        )
        shoot(page.as_uri(), "visual-words.png")


if __name__ == "__main__":
    main()
