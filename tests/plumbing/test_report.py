"""The figures of a run and the sentence that names the bottleneck."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mattebox.report import Progress, Report, Reservoir, StageReport


def stage(name: str, busy_s: float, waited_in: float = 0.0, waited_out: float = 0.0) -> StageReport:
    return StageReport(name, 300, busy_s, busy_s / 2, waited_in, waited_out)


def report(
    capture: StageReport | None = None,
    matting: StageReport | None = None,
    compositing: StageReport | None = None,
    encoding: StageReport | None = None,
    *,
    live: bool = False,
    captured: int = 300,
    written: int = 300,
    dropped: int = 0,
) -> Report:
    return Report(
        stages=(
            capture or stage("capture", 1.0),
            matting or stage("matting", 1.0),
            compositing or stage("compositing", 0.5),
            encoding or stage("encoding", 0.5),
        ),
        live=live,
        captured=captured,
        written=written,
        dropped=dropped,
        skipped=0,
        elapsed_s=12.3,
        latency_p50_s=0.1,
        latency_p95_s=0.2,
    )


def test_the_sentence_names_the_bottleneck_with_its_figures_and_what_would_help() -> None:
    """The words that the user reads at the end."""
    slow_model = report(
        capture=stage("capture", 1.0, waited_out=11.0),
        matting=stage("matting", 11.93),
        compositing=stage("compositing", 1.2, waited_in=7.63),
        encoding=stage("encoding", 3.3, waited_in=7.63),
    )
    assert slow_model.bottleneck.name == "matting"
    assert slow_model.sentence() == (
        "matting was the bottleneck: busy 97 % of 12.3 s, 40 ms a frame; "
        "capture waited for it 89 % of the time. "
        "A smaller picture for the network (-q fast, then --set model.size) "
        "or a GPU (-d cuda) would help."
    )


def test_a_stage_behind_may_be_the_one_that_waited_most() -> None:
    """Where capture is not held up, the far end is."""
    slow_model = report(
        matting=stage("matting", 11.93), encoding=stage("encoding", 3.3, waited_in=7.63)
    )
    assert "encoding waited for it 62 % of the time" in slow_model.sentence()


def test_what_shares_a_thread_adds_up() -> None:
    """Neither half alone is the busiest stage, but together they set the pace."""
    both = report(
        matting=stage("matting", 7.0, waited_out=5.0),
        compositing=stage("compositing", 5.0),
        encoding=stage("encoding", 6.8),
    )
    assert both.bottleneck.name == "encoding"
    sentence = both.sentence()
    assert "encoding was the bottleneck: busy 55 % of 12.3 s" in sentence
    assert "(and compositing, on the same thread, 41 %)" in sentence
    assert "matting waited for it 41 %" in sentence
    assert "sink.speed" in sentence


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("capture", "easier to decode"),
        ("matting", "-d cuda"),
        ("compositing", "as backdrop (-b)"),
        ("encoding", "sink.codec"),
    ],
)
def test_every_stage_can_be_the_bottleneck_and_has_its_advice(name: str, advice: str) -> None:
    """Four stages, four pieces of advice."""
    slow = {name: stage(name, 12.0)}
    sentence = report(**slow).sentence()  # type: ignore[arg-type]
    assert sentence.startswith(f"{name} was the bottleneck: busy 98 % of 12.3 s")
    assert advice in sentence


def test_a_live_source_that_everybody_keeps_up_with_sets_the_pace() -> None:
    """It is busy waiting for its next frame, and that is no fault."""
    live = report(capture=stage("capture", 12.2), matting=stage("matting", 5.0), live=True)
    assert live.bottleneck.name == "capture"
    assert "keeps up" in live.sentence()


@pytest.mark.parametrize("name", ["matting", "encoding"])
def test_behind_a_live_source_the_stage_that_cannot_keep_up_is_named(name: str) -> None:
    """Although capture was busy all the time."""
    slow = {name: stage(name, 11.5)}
    live = report(
        capture=stage("capture", 12.2),
        live=True,
        written=200,
        dropped=100,
        **slow,  # type: ignore[arg-type]
    )
    assert live.bottleneck.name == name
    assert "100 of 300 frames were dropped" in live.sentence()


def test_one_picture_is_held_up_by_nobody() -> None:
    """It passes through the stages one after the other."""
    still = report(
        capture=stage("capture", 3.0), matting=stage("matting", 5.0), captured=1, written=1
    )
    assert still.sentence().startswith("matting took the most: busy 41 % of 12.3 s")


def test_a_run_that_wrote_nothing_says_so() -> None:
    """There are no figures to tell."""
    assert report(written=0).sentence() == "No frame was written in 12.3 s."


def test_the_law_of_conservation_is_in_the_report() -> None:
    """Captured = written + dropped + unfinished."""
    assert report(captured=10, written=6, dropped=1).unfinished == 3


def test_rates_are_frames_per_second_of_wall_time() -> None:
    """And nothing where no time has passed."""
    assert report().fps == pytest.approx(300 / 12.3)
    assert replace(report(), elapsed_s=0.0).fps == 0
    assert Progress(10, None, 0, 2.0).fps == 5
    assert Progress(0, None, 0, 0.0).fps == 0


def test_a_report_survives_json() -> None:
    """Plain values only, with the derived figures."""
    original = report()
    told = json.loads(json.dumps(original.to_dict()))
    assert told["written"] == 300
    assert told["bottleneck"] == original.bottleneck.name
    assert told["sentence"] == original.sentence()
    assert [stage["name"] for stage in told["stages"]] == [s.name for s in original.stages]
    assert told["unfinished"] == 0


def test_a_reservoir_gives_exact_quantiles_while_it_has_room() -> None:
    """The smallest value with that share at or below it."""
    reservoir = Reservoir(100)
    assert reservoir.quantile(0.5) is None
    for value in [5, 1, 4, 2, 3]:
        reservoir.add(value)
    assert [reservoir.quantile(q) for q in (0.0, 0.2, 0.5, 0.95, 1.0)] == [1, 1, 3, 5, 5]


def test_a_reservoir_samples_fairly_in_bounded_memory() -> None:
    """Early and late values have the same chance to be kept."""
    reservoir = Reservoir(500)
    for value in range(20_000):
        reservoir.add(value)
    assert len(reservoir._values) == 500
    # Five standard deviations of a median of 500 samples.
    assert reservoir.quantile(0.5) == pytest.approx(10_000, abs=5 * 20_000 / (2 * 500**0.5))
    assert reservoir.quantile(0.95) == pytest.approx(19_000, abs=1000)
