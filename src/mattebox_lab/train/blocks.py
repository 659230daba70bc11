"""Block by block: each stage learns its teacher's stage, from what the teacher's stage is given.

A stage alone is a shallow regression with a full-size target for every channel, so it learns from
thousands of pictures what the whole network would need millions for. Errors add up from stage to
stage afterwards; training as a whole (``whole``) takes them out again.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mattebox.errors import SettingsError
from mattebox_lab.train.batches import Batch
from mattebox_lab.train.losses import relative_error
from mattebox_lab.train.taps import SIDES, STAGES, Taps

# Of logits: differences below 1 hardly move a pixel. Of features: as good as constant.
_FLOOR_OF_SIDES, _FLOOR_OF_STAGES = 1.0, 1e-4


def chosen_stages(names: Sequence[str]) -> tuple[str, ...]:
    """The stages and sides of these names; none given: all.

    Raises:
        SettingsError: there is no such stage.
    """
    known = (*STAGES, *SIDES, "outconv")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SettingsError(
            f"no stage {unknown[0]!r}. There are {', '.join(known)}.", "Correct the recipe."
        )
    return tuple(names) or known


class BlockLoss:
    """The terms of the loss, one for each stage.

    Args:
        student: the ``U2Net`` that learns.
        teacher: the one it learns from, with the same widths.
        stages: what to train.
    """

    def __init__(self, student: nn.Module, teacher: nn.Module, stages: Sequence[str]) -> None:
        self._student, self._teacher = student, teacher
        self.stages = chosen_stages(stages)

    def __call__(self, batch: Batch, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
        """Each stage's relative error, by name."""
        given = next(self._teacher.parameters()).dtype
        with Taps(self._teacher, self.stages) as taps:
            with torch.no_grad():
                self._teacher(batch.normalised(device).to(given))
            return {name: self._error(name, taps, device, dtype) for name in self.stages}

    def _error(self, name: str, taps: Taps, device: torch.device, dtype: torch.dtype) -> Tensor:
        floor = _FLOOR_OF_STAGES if name in STAGES else _FLOOR_OF_SIDES
        stage, given = self._student.get_submodule(name), taps.inputs[name].to(dtype)
        if all(each.is_contiguous() for each in stage.parameters()):
            # The teacher's layout would be taken over, and the student be slow in it.
            given = given.contiguous()
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            found = stage(given)
        return relative_error(found, taps.outputs[name], floor)
