from __future__ import annotations

from apps.compression_report.stage_sections import heading, stage_sections
from quantization.records.int8 import QuantizationReport, QuantizationSummary, QuantizationTables
from quantization.records.run_record import StageReports
from quantization.records.swaps import SwapReport, SwapRow, SwapSummary, SwapTables


def test_headings_name_units() -> None:
    assert heading("latency_ms") == "latency, ms"
    assert heading("dice_change") == "Dice change"
    assert heading("ms") == "ms"


def test_what_is_absent_is_a_dash_and_long_tables_are_marked() -> None:
    rows = [swap("stem", None), *(swap(f"{number}", 0.5) for number in range(12))]
    report = SwapReport(name="swaps", summary=SwapSummary(steps=3), tables=SwapTables(swaps=rows), notes=["A note."])
    (section,) = stage_sections(StageReports(swaps=report))
    assert section.title == "Swap study"
    assert section.summary == {"steps": 3}
    (table,) = section.tables
    assert table.title == "What each swap costs and gains"
    assert table.is_long
    assert table.rows[0] == {"swap": "stem", "dice": 0.9, "dice_change": 0.0, "latency_ms": "–", "speedup": "–"}
    assert table.headings["latency_ms"] == "latency, ms"
    assert table.numbers == ["dice", "dice_change", "latency_ms", "speedup"]
    assert section.notes == ["A note."]


def test_an_empty_table_is_left_out_and_an_absent_figure_is_a_dash() -> None:
    summary = QuantizationSummary(
        observer="mse", weight_limit=63, isa=None, error=0.1, class_change=0.0, float_layers=0, float_macs=0.0
    )
    tables = QuantizationTables(forms=[], layers=[])
    report = QuantizationReport(name="calibration", summary=summary, tables=tables, notes=[])
    (section,) = stage_sections(StageReports(quantize=report))
    assert section.title == "Quantization"
    assert section.summary["ISA"] == "–"
    assert section.tables == []


def swap(name: str, latency_ms: float | None) -> SwapRow:
    return SwapRow(swap=name, dice=0.9, dice_change=0.0, latency_ms=latency_ms, speedup=latency_ms)
