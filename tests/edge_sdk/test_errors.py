from __future__ import annotations

from edge_sdk.errors import EdgeSdkError


def test_what_a_damaged_file_says_stays_one_printable_line_of_bounded_length():
    error = EdgeSdkError("is 'a\nb\x1b[2J\udcff\0' and " + "9" * 5000, where="f.mha", remedy="copy it\n again")
    message = str(error)
    assert message.startswith("f.mha: is 'a b\\x1b[2J\\udcff\\x00' and 99999")
    assert message.endswith("99999; copy it again")
    assert message.isprintable()
    assert len(message) < 1100


def test_text_is_otherwise_left_alone():
    assert str(EdgeSdkError("Grüße — 5 mm", where="a/b", remedy="c")) == "a/b: Grüße — 5 mm; c"
