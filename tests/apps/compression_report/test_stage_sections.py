from __future__ import annotations

from apps.compression_report.stage_sections import heading, stage_sections


def test_headings_name_units() -> None:
    assert heading("latency_ms") == "latency, ms"
    assert heading("dice_change") == "Dice change"
    assert heading("ms") == "ms"


def test_what_is_absent_is_a_dash_and_long_tables_are_told() -> None:
    rows = [{"layer": "stem", "dice": None}, *({"layer": f"{i}", "dice": 0.5} for i in range(12))]
    stages = {"prune": {"summary": {"isa": None}, "tables": {"Layers": rows, "Empty": []}, "notes": ["A note."]}}
    (section,) = stage_sections(stages)
    assert section.title == "Pruning"
    assert section.summary == {"ISA": "–"}
    (table,) = section.tables
    assert table.is_long
    assert table.rows[0] == {"layer": "stem", "dice": "–"}
    assert table.numbers == ["dice"]
