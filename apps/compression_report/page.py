"""The report of a compression as a page."""

from __future__ import annotations

from datetime import UTC, datetime

import edge_sdk
from apps.compression_report.content import Content
from apps.compression_report.form_tables import AGAINST_PUBLISHED, FORM
from apps.report.html import png_source, render
from apps.report.plots import as_svg


def compression_page(content: Content) -> str:
    """One self-contained HTML page."""
    headings = {name: name for name in content.rows[0]}
    return render(
        "compression_report/report.html",
        title=content.title,
        subtitle=content.subtitle,
        sdk_version=edge_sdk.__version__,
        written_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        content=content,
        headings=headings,
        numbers=list(headings.keys() - {FORM}),
        against_published=AGAINST_PUBLISHED,
        figure=None if content.figure is None else as_svg(content.figure),
        curves=[(path.stem.removesuffix("-curves"), png_source(path)) for path in content.curves],
    )
