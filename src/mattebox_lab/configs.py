"""Writes ``configs/*.toml`` from the settings tree, so that no file ever falls behind it.

``python -m mattebox_lab configs`` writes them; a test fails where a file differs.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mattebox.settings import Quality, resolve, to_toml


@dataclass(frozen=True, slots=True)
class Config:
    """One shipped config: why it exists, and where it differs from the defaults."""

    purpose: str
    quality: Quality = "balanced"
    use: str = "mattebox run INPUT -o OUTPUT"
    changes: Mapping[str, object] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The file's whole contents."""
        use = f"{self.use} --preset {name}"
        header = textwrap.wrap(f"{self.purpose} Use it with: {use}", 96, break_on_hyphens=False)
        comment = "\n".join(f"# {line}" for line in header)
        return f"{comment}\n\n{to_toml(resolve({'quality': self.quality}, self.changes))}"


CONFIGS: Mapping[str, Config] = {
    "file": Config("The defaults for video files, every option with its meaning."),
    "fast": Config("For a quick look and for slow machines: -q fast.", "fast"),
    "best": Config("For the result that stays: -q best.", "best"),
    "product-photo": Config(
        "Stills of things, cut out for a shop: a larger network, one solid thing without specks "
        "or holes, on a transparent ground.",
        "best",
        changes={
            "backdrop": {"source": "transparent"},
            "model": {"size": 288},
            "refine": {"fill_holes": 0.01, "remove_specks": 0.02},
        },
    ),
    "live": Config(
        "A webcam on a CPU: a small picture for the network, and blur behind.",
        "fast",
        "mattebox live",
        {"model": {"size": 160}, "backdrop": {"source": "blur"}},
    ),
    "meeting": Config(
        "Meetings from an ordinary room: as live, and nothing of the room shines through faint "
        "alpha; one picture of delay makes mattes steadier.",
        "fast",
        "mattebox live",
        {
            "model": {"size": 160},
            "backdrop": {"source": "blur"},
            "refine": {"privacy": 0.5},
            "temporal": {"live_delay": 1},
        },
    ),
    "green-screen": Config(
        "A subject before a green or blue screen: a chroma key instead of the network, with the "
        "screen's tint taken out of hair and edges.",
        changes={
            "model": {"name": "chroma"},
            # The key's own ramp is the edge: only its very ends are rounded away.
            "refine": {"low": 0.02, "high": 0.98},
            "foreground": {"estimate": False},
        },
    ),
}


def write(folder: Path) -> list[Path]:
    """Write every config into ``folder``; give their paths."""
    paths = []
    for name, config in CONFIGS.items():
        path = folder / f"{name}.toml"
        path.write_text(config.text(name), "utf-8")
        paths.append(path)
    return paths
