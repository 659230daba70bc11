"""How a map becomes a matte in tests of something else: near to the settings, nothing learnt."""

from __future__ import annotations

from mattebox.matting.refine import RefineOptions

REFINE = RefineOptions(
    edges=None,
    radius_px=1,
    epsilon=2e-3,
    low=0.05,
    high=0.95,
    gamma=1.0,
    choke_px=0.0,
    feather_px=0.0,
    privacy=0.0,
    sharpen=0.0,
    fill_holes=0.002,
    remove_specks=0.002,
)
