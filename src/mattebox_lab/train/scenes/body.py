"""Where the head, the shoulders and the feet of a person are, from the alpha's outline alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Share

# The outline is measured on so many lines: a standing person's head is then a dozen of them.
MEASURED_LINES = 128
# Heads in a standing adult's height: 7 to 8 (drawing manuals), children 5 to 6; hats and shoes
# make both less. Outside these bounds the outline was misread.
HEADS_TALL = 7.0
HEADS_TALL_LEAST, HEADS_TALL_MOST = 5.5, 9.0
# Shoulders are two to three heads wide; half of the step is enough to see that the neck has ended.
SHOULDER_STEP = 1.7
# A standing person is 2.2 to 4 times as tall as wide, a bust about as wide as tall.
UPRIGHT_ASPECT = 1.7


@dataclass(frozen=True, slots=True)
class Body:
    """A subject's outline, in pixels of its picture.

    Attributes:
        left, top, right, bottom: the box around its largest connected part.
        head_x: the middle of the head.
        head: the head's height, from the outline for upright people, else a guess by the width.
        touches_left, touches_top, touches_right, touches_bottom: the picture's edge cuts it there.
        share: how much of the picture the subject covers.
    """

    left: float
    top: float
    right: float
    bottom: float
    head_x: float
    head: float
    touches_left: bool
    touches_top: bool
    touches_right: bool
    touches_bottom: bool
    share: float

    @property
    def width(self) -> float:
        """Of its box."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Of its box."""
        return self.bottom - self.top

    @property
    def is_whole(self) -> bool:
        """Whether no edge of the picture cuts it."""
        return not (
            self.touches_left or self.touches_top or self.touches_right or self.touches_bottom
        )

    @property
    def is_upright(self) -> bool:
        """Whether the outline is that of a person who stands, seen down to the knees or further."""
        is_tall = self.height > UPRIGHT_ASPECT * self.width
        return is_tall and not (self.touches_top or self.touches_left or self.touches_right)


def body_of(alpha: Share) -> Body | None:
    """Measure the largest connected part of an alpha; None where there is next to nothing."""
    height, width = alpha.shape
    scale = min(1.0, MEASURED_LINES / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 0.5
    count, labels, stats, _ = cv2.connectedComponentsWithStats(small.astype(np.uint8))
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, across, down, area = (int(number) for number in stats[largest])
    if across < 3 or down < 4:
        return None
    inside = np.asarray(labels[top : top + down, left : left + across] == largest)
    head = _head_lines(inside)
    return Body(
        left=left / scale,
        top=top / scale,
        right=(left + across) / scale,
        bottom=(top + down) / scale,
        head_x=(left + _middle(inside[: max(2, head * 2 // 3)])) / scale,
        head=head / scale,
        touches_left=left == 0,
        touches_top=top == 0,
        touches_right=left + across == size[0],
        touches_bottom=top + down == size[1],
        share=area / (size[0] * size[1]),
    )


def _head_lines(inside: npt.NDArray[np.bool_]) -> int:
    """Lines from the top of the outline to the chin."""
    height, width = len(inside), len(inside[0])
    if height < UPRIGHT_ASPECT * width:
        # A bust or a group: heads are about half as wide as shoulders.
        return max(2, round(min(height * 0.6, width * 0.55)))
    widths: npt.NDArray[np.int_] = inside.sum(axis=1)
    shortest, longest = height / HEADS_TALL_MOST, height / HEADS_TALL_LEAST
    for line in range(max(3, round(shortest)), round(longest)):
        if widths[line] > SHOULDER_STEP * np.median(widths[2:line]):
            return max(2, line)
    return max(2, round(height / HEADS_TALL))


def _middle(inside: npt.NDArray[np.bool_]) -> float:
    """The middle column of what is inside."""
    columns = inside.sum(axis=0)
    return float((columns * (np.arange(columns.size) + 0.5)).sum() / columns.sum())
