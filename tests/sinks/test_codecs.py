"""One number for quality and one word for speed, in every codec."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clips
import readback
from mattebox.pixels import pixel_format
from mattebox.sinks.codecs import Encoding, encoder_options
from mattebox.sinks.file import FileSink

LOSSY = [("clip.mkv", each) for each in ("h264", "h265", "av1", "vp9", "mjpeg", "mpeg4")]


def options(encoder: str, quality: int, speed: str = "fast", **given: str) -> dict[str, str]:
    encoding = Encoding(
        codec=encoder, quality=quality, speed=speed, pixel_format="auto", options=given
    )
    return encoder_options(encoder, encoding, pixel_format("yuv420p"), (1280, 720))


def written(path: Path, codec: str, quality: int) -> tuple[int, float]:
    """Size and mean error of a short clip at a quality."""
    encoding = Encoding(codec=codec, quality=quality, speed="fast", pixel_format="auto", options={})
    sink = FileSink(
        path, encoding=encoding, companion=None, sound="keep", overwrite=True, metadata={}
    )
    format = clips.video_format(size=(160, 128))
    frames = [clips.pattern_frame(format, index) for index in range(4)]
    sink.open(format)
    for frame in frames:
        sink.write(frame)
    sink.close()
    errors = [
        np.abs(readback.planes_of(picture)[0].astype(int) - frame.planes[0]).mean()
        for picture, frame in zip(readback.pictures(path), frames, strict=True)
    ]
    return path.stat().st_size, float(np.mean(errors))


@pytest.mark.parametrize(("name", "codec"), LOSSY)
def test_more_quality_is_more_bytes_and_less_error(name: str, codec: str, tmp_path: Path) -> None:
    """From 10 to 95 every step is visible in the size and in the picture."""
    found = [written(tmp_path / name, codec, quality) for quality in (10, 50, 75, 95)]
    sizes, errors = [size for size, _ in found], [error for _, error in found]
    assert sizes == sorted(set(sizes))
    assert errors == sorted(set(errors), reverse=True)


def test_prores_profiles_follow_quality(tmp_path: Path) -> None:
    """Proxy, LT, standard and HQ are ProRes's own steps."""
    sizes = [written(tmp_path / "clip.mov", "prores", quality)[0] for quality in (10, 30, 60, 90)]
    assert sizes == sorted(set(sizes))


def test_the_documented_values_are_the_values() -> None:
    """What the table in the module says is what the encoders get."""
    assert [options("libx264", quality)["crf"] for quality in (50, 75, 90)] == [
        "27.00",
        "18.00",
        "12.60",
    ]
    assert options("libx264", 100)["qp"] == "0"
    assert [options("libx265", quality)["crf"] for quality in (50, 75)] == ["31.00", "22.00"]
    assert [options("libvpx-vp9", quality)["crf"] for quality in (50, 75)] == ["37", "24"]
    assert [options("libsvtav1", quality)["crf"] for quality in (50, 75)] == ["37", "24"]
    assert options("h264_nvenc", 75)["cq"] == "18.00"


@pytest.mark.parametrize("encoder", ["libx264", "libx265", "libsvtav1", "libvpx-vp9", "h264_nvenc"])
def test_every_speed_is_another_setting(encoder: str) -> None:
    """fast, balanced and best differ in each encoder that has presets."""
    assert len({str(options(encoder, 75, speed)) for speed in ("fast", "balanced", "best")}) == 3


def test_the_users_options_win() -> None:
    """And lists of parameters are joined, so that ours stay where they do not clash."""
    assert options("libx264", 75, crf="30")["crf"] == "30"
    joined = options("libx265", 75, **{"x265-params": "bframes=0"})["x265-params"]
    assert joined == "log-level=error:bframes=0"
