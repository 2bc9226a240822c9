from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from apps.stream.core.board import DeviceState
from apps.stream.outlets.viewer.metrics import exposition

PREFIX = "edge_sdk_stream_"


def samples(status, pages=0):
    families = text_string_to_metric_families(exposition(status, pages).decode())
    return {
        (sample.name.removeprefix(PREFIX), *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_number_of_the_status_is_there(board):
    board.shown = {"latency_ms": 118.0, "displayed_ms": 151.0, "elapsed_s": 7.5, "frames_inserted": 41}
    found = samples(board.status(), pages=2)
    assert found["latency_seconds",] == 0.118
    assert found["displayed_latency_seconds",] == 0.151
    assert found["elapsed_seconds",] == 7.5
    assert found["frames_total", "inserted"] == 41
    assert found["frames_total", "dropped"] == 2
    assert found["frames_left_out_total", "outside the volume"] == 3
    assert found["queue_capacity", "drop oldest", "frames"] == 8
    assert found["queue_dropped_total", "frames"] == 2
    assert found["resident_memory_bytes",] == 412e6
    assert found["memory_limit_bytes",] == 1500e6
    assert found["phase", "ready"] == 1
    assert sum(value for name, value in found.items() if name[0] == "phase") == 1
    assert found["class_milliliters", "vessel"] == 0
    assert found["viewer_pages",] == 2


def test_a_latency_that_is_not_known_is_absent(board):
    assert not any("latency" in name[0] for name in samples(board.status()))


def test_any_name_and_reason_is_escaped(board):
    name, reason = 'video:C:\\new "sweep"\n.avi', "CRC\\n"
    board.shown = {"devices": (DeviceState(name, "lost", losses=3, errors={reason: 4}),)}
    found = samples(board.status())
    assert found["device_losses_total", name] == 3
    assert found["device_errors_total", *sorted((name, reason))] == 4
    assert found["device_state", *sorted((name, "lost"))] == 1
    assert found["device_state", *sorted((name, "running"))] == 0
