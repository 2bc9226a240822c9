"""edge-sdk doctor: what this device can run, and what is missing."""

from __future__ import annotations

from typing import Annotated

import typer

from apps.console import print_json
from apps.tables import show, show_rows


def command(
    sensors: Annotated[
        bool,
        typer.Option(
            "--sensors",
            help="Ask every serial port which pose sensor answers: sends the start commands of WitMotion and NDI.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what this device can run, and what is missing."""
    from apps.inspection.diagnosis import diagnose

    found = diagnose(ask_ports=sensors)
    if as_json:
        print_json(found.as_json())
        return
    show("device", {name: fact.value or f"– ({fact.reason})" for name, fact in found.device.items()})
    show_rows("targets", [vars(target) for target in found.targets])
    show("accelerators", found.accelerators)
    show_rows("features", [vars(feature) for feature in found.features])
    show_rows("serial ports", [vars(port) for port in found.serial_ports])
    show_rows("cameras", found.cameras)
    show("folders", vars(found.folders))
