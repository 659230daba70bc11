"""A contact sheet of what the network makes of its phase's scenes."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn

from mattebox.inspection.drawing import Tile, over_green
from mattebox_lab.train.batches import Batch, Plan, make
from mattebox_lab.train.recipe import Phase
from mattebox_lab.train.scenes.mixture import Mixture

COLUMNS = 12
_SIDE = 128


def preview_batch(phase: Phase, mixture: Mixture) -> Batch:
    """The pictures of the sheets: the same for a whole phase, and none that is trained on."""
    first = 2**62  # numbers that no step reaches
    return make(mixture, Plan(tuple(range(first, first + COLUMNS)), phase.sizes[0], 1))


def contact_sheet(network: nn.Module, batch: Batch, device: torch.device) -> Tile:
    """Rows of pictures, of the truth, and of the network's maps, each laid over green."""
    with torch.inference_mode():
        maps = network(batch.normalised(device))[:, 0].cpu().numpy()
    rows = []
    for number, saliency in enumerate(maps):
        bgr = np.ascontiguousarray(batch.pictures[number].permute(1, 2, 0).numpy()[..., ::-1])
        truth = batch.alpha[number, 0].numpy().astype(np.float32) / np.float32(255)
        tiles = [bgr, over_green(bgr, truth), over_green(bgr, saliency.astype(np.float32))]
        rows.append(np.vstack([cv2.resize(tile, (_SIDE, _SIDE)) for tile in tiles]))
    return np.asarray(np.hstack(rows), np.uint8)
