"""A volume and its mask as DICOM: an Enhanced US Volume and a Segmentation that refers to it, in one study."""
