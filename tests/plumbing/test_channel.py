"""The laws of the bounded channel."""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from mattebox.channel import Channel, ChannelCancelled, ChannelStats, EndOfStream, Overflow


def filled(*items: int, capacity: int = 8, overflow: Overflow = Overflow.BLOCK) -> Channel[int]:
    channel: Channel[int] = Channel(capacity, overflow)
    for item in items:
        channel.send(item)
    return channel


def is_lawful(stats: ChannelStats) -> bool:
    return stats.sent == stats.received + stats.dropped + stats.queued


def on_a_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)  # a failing test must not hang
    thread.start()
    return thread


def test_items_come_out_in_order_and_at_most_as_many_as_asked_for() -> None:
    """First in, first out; a receiver takes what is there and no more than it wants."""
    channel = filled(1, 2, 3, 4, 5)
    assert channel.receive(2) == [1, 2]
    assert channel.receive(9) == [3, 4, 5]


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_channel_holds_at_least_one_item(capacity: int) -> None:
    """With no room, a sender would wait for ever."""
    with pytest.raises(ValueError, match=str(capacity)):
        Channel[int](capacity, Overflow.BLOCK)


def test_a_full_channel_that_blocks_makes_its_sender_wait_for_room() -> None:
    """Back-pressure: nothing is lost, and the wait is counted."""
    channel = filled(1, 2, capacity=2)
    sender = on_a_thread(lambda: channel.send(3))
    sender.join(0.05)
    assert sender.is_alive()
    assert channel.receive(1) == [1]
    sender.join(10)
    assert not sender.is_alive()
    assert channel.receive(9) == [2, 3]
    assert channel.stats.dropped == 0
    assert channel.stats.send_wait_s > 0


def test_a_full_channel_that_drops_keeps_the_newest() -> None:
    """The stalest is given up and counted; the sender never waits."""
    channel = filled(*range(10), capacity=3, overflow=Overflow.DROP_OLDEST)
    assert channel.receive(9) == [7, 8, 9]
    assert channel.stats == ChannelStats(
        sent=10, received=3, dropped=7, queued=0, send_wait_s=0.0, receive_wait_s=0.0
    )


def test_closing_delivers_what_is_queued_and_then_ends() -> None:
    """Close loses nothing; the end stays the end."""
    channel = filled(1, 2)
    channel.close()
    assert channel.receive(9) == [1, 2]
    for _ in range(2):
        with pytest.raises(EndOfStream):
            channel.receive(1)


def test_closing_with_an_error_delivers_what_is_queued_and_then_raises_it() -> None:
    """The error keeps its place behind the items that were sent before it."""
    channel, error = filled(1), OSError("decode failed")
    channel.close(error)
    assert channel.receive(1) == [1]
    with pytest.raises(OSError, match="decode failed") as caught:
        channel.receive(1)
    assert caught.value is error


def test_the_first_close_decides() -> None:
    """A sender that fails after it was told to finish has nobody to tell."""
    channel = filled(1)
    channel.close()
    channel.close(OSError("too late"))
    channel.receive(1)
    with pytest.raises(EndOfStream):
        channel.receive(1)


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("shut", [Channel[int].close, Channel[int].cancel])
def test_a_shut_channel_accepts_nothing(
    overflow: Overflow, shut: Callable[[Channel[int]], None]
) -> None:
    """The sender is told, and the refused item is not counted as sent."""
    channel = filled(1, capacity=1, overflow=overflow)
    shut(channel)
    with pytest.raises(ChannelCancelled):
        channel.send(2)
    assert channel.stats.sent == 1
    assert is_lawful(channel.stats)


def test_cancelling_gives_up_what_is_queued() -> None:
    """The receiver gets nothing more, and what waited stays on the books as queued."""
    channel = filled(1, 2, 3)
    channel.receive(1)
    channel.cancel()
    with pytest.raises(ChannelCancelled):
        channel.receive(1)
    assert (channel.stats.received, channel.stats.queued) == (1, 2)


@pytest.mark.parametrize("shut", [Channel[int].close, Channel[int].cancel])
def test_shutting_wakes_a_blocked_sender(shut: Callable[[Channel[int]], None]) -> None:
    """A sender that waits for room hears that there is nothing to wait for."""
    channel, refused = filled(1, capacity=1), threading.Event()

    def send() -> None:
        try:
            channel.send(2)
        except ChannelCancelled:
            refused.set()

    sender = on_a_thread(send)
    sender.join(0.02)
    shut(channel)
    sender.join(10)
    assert refused.is_set()


@pytest.mark.parametrize(
    ("shut", "expected"),
    [(Channel[int].close, EndOfStream), (Channel[int].cancel, ChannelCancelled)],
)
def test_shutting_wakes_a_waiting_receiver(
    shut: Callable[[Channel[int]], None], expected: type[Exception]
) -> None:
    """A receiver that waits for an item hears whether it is the end or a cancellation."""
    channel: Channel[int] = Channel(1, Overflow.BLOCK)
    heard: list[Exception] = []

    def receive() -> None:
        try:
            channel.receive(1)
        except Exception as error:
            heard.append(error)

    receiver = on_a_thread(receive)
    receiver.join(0.02)
    shut(channel)
    receiver.join(10)
    assert [type(error) for error in heard] == [expected]
    assert channel.stats.receive_wait_s > 0


@pytest.mark.parametrize("seed", range(12))
def test_the_law_holds_at_every_moment_of_a_random_run(seed: int) -> None:
    """Sent is received, dropped or queued, whoever looks and whenever; order is kept."""
    chance = random.Random(seed)
    capacity, overflow = chance.randint(1, 5), chance.choice(list(Overflow))
    ending = chance.choice(["all", "close", "cancel"])
    channel: Channel[int] = Channel(capacity, overflow)
    accepted, got, seen = 0, list[int](), list[ChannelStats]()

    def send() -> None:
        nonlocal accepted
        pause = random.Random(seed + 1000)
        try:
            for item in range(400):
                channel.send(item)
                accepted += 1
                if pause.random() < 0.05:
                    time.sleep(0.0005)
        except ChannelCancelled:
            return
        channel.close()

    def receive() -> None:
        pause = random.Random(seed + 2000)
        try:
            while True:
                got.extend(channel.receive(pause.randint(1, 4)))
                if pause.random() < 0.05:
                    time.sleep(0.0005)
        except (EndOfStream, ChannelCancelled):
            pass

    threads = [on_a_thread(send), on_a_thread(receive)]
    while any(thread.is_alive() for thread in threads):
        seen.append(channel.stats)
        if len(seen) == 20 and ending != "all":
            (channel.close if ending == "close" else channel.cancel)()
        time.sleep(0.0002)
    end = channel.stats
    assert all(map(is_lawful, [*seen, end]))
    assert (end.sent, end.received) == (accepted, len(got))
    assert got == sorted(set(got))
    assert all(stats.queued <= capacity for stats in seen)
    if overflow is Overflow.BLOCK:
        assert got == list(range(len(got)))
        assert end.dropped == 0
    if ending != "cancel":
        assert end.queued == 0


def test_an_item_is_let_go_of_when_it_is_received() -> None:
    """The channel keeps no second reference: memory is bounded by what waits."""

    class Item:
        pass

    channel: Channel[Item] = Channel(2, Overflow.BLOCK)
    item = Item()
    trace = weakref.ref(item)
    channel.send(item)
    del item
    channel.receive(1)
    assert trace() is None


def test_closing_inside_the_lock_of_the_same_thread_does_not_deadlock() -> None:
    """A signal handler runs on the thread that it interrupted, whatever that holds."""
    channel = filled(1)
    with channel._changed:
        channel.close()
    assert channel.receive(1) == [1]
