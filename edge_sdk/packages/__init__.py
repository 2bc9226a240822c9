"""The deployable package: manifest, archive, writer, self-test, and the choice of a target on this device."""
