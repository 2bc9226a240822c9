"""File containers: MetaImage and NRRD, their headers and pixel bytes."""
