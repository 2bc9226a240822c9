"""Reconstruction against volumes made by PLUS, and its recordings against SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from edge_sdk import read_sweep, read_volume
from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.volume.reconstruct import reconstruct

pytestmark = pytest.mark.real

RECORDINGS = [
    "plus_golden/SpinePhantomFreehand.igs.mha",
    "plus_nwire/NwirePhantomFreehand.igs.mha",
    "plus_other/BoneUltrasound_L14.igs.mha",
    "plus_other/Prostate10_video.igs.mhd",
    "plus_other/TimestampFilteringTest.igs.mha",
    "plus_other/USTC_3NWires_ProbeTranslation.igs.mha",
]


@pytest.mark.parametrize("name", RECORDINGS)
def test_pixels_and_fields_as_simpleitk_reads_them(real_data, name):
    sweep = read_sweep(real_data / name)
    image = SimpleITK.ReadImage(str(real_data / name))
    np.testing.assert_array_equal(sweep.images, SimpleITK.GetArrayViewFromImage(image))
    for transform_name, transform in sweep.transforms.items():
        key = f"Seq_Frame0001_{transform_name}Transform"
        matrix = np.array(image.GetMetaData(key).split(), float).reshape(4, 4)
        np.testing.assert_array_equal(transform.matrices[1], matrix)
        if image.HasMetaDataKey(f"{key}Status"):
            assert transform.status[1] == image.GetMetaData(f"{key}Status").strip()
    assert sweep.timestamps[0] == float(image.GetMetaData("Seq_Frame0000_Timestamp"))


def test_tracking_only_recordings(real_data):
    sweep = read_sweep(real_data / "plus_other/WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha")
    assert len(sweep) == 801
    assert sweep.images.shape == (801, 0, 0)
    assert sweep.timestamps[0] == 7415.679586
    assert set(sweep.transforms["ProbeToTracker"].status) >= {"OK"}
    with pytest.raises(PoseError, match="ImageToReference"):
        reconstruct(sweep)


@pytest.mark.parametrize(
    ("reference", "config"),
    [
        ("NNMEAN", "SpinePhantom_NN_MEAN"),
        ("LNMAXI", "SpinePhantom_LN_MAXI"),
        ("LNMEAN", "SonixRP_TRUS_D70mm_LN_MEAN"),
    ],
)
def test_equal_to_the_reference_volumes_of_plus(real_data, reference, config):
    folder = real_data / "plus_golden"
    volume = reconstruct(
        read_sweep(folder / "SpinePhantomFreehand.igs.mha"),
        config=read_plus_config(folder / f"Config_VolumeReconstruction_{config}.xml"),
    )
    image = SimpleITK.ReadImage(str(folder / f"VolumeReconstructorTest{reference}volumeRef.mha"))
    assert volume.grid.shape[::-1] == image.GetSize()
    np.testing.assert_allclose(volume.grid.origin, image.GetOrigin(), atol=5e-4)  # written with six digits
    assert volume.grid.spacing == image.GetSpacing()
    np.testing.assert_array_equal(volume.voxels, SimpleITK.GetArrayViewFromImage(image))
    assert volume.meta["frames_inserted"] == "21"


def test_nwire_reference_of_plus(real_data):
    folder = real_data / "plus_nwire"
    volume = reconstruct(
        read_sweep(folder / "NwirePhantomFreehand.igs.mha"),
        config=read_plus_config(folder / "PlusDeviceSet_NwirePhantomFreehand_vtkVolumeReconstructorTest2.xml"),
    )
    reference = read_volume(folder / "NwirePhantomFreehandReconstructed.mha")
    assert reference.voxels.shape == (74, 104, 101)
    assert volume.voxels.shape == (74, 105, 101)  # PLUS's rule has since become round(range / spacing) + 1
    np.testing.assert_allclose(volume.grid.origin, reference.grid.origin, atol=5e-4)
    difference = abs(volume.voxels[:, :104].astype(int) - reference.voxels)
    print(f"equal {(difference == 0).mean():.6f}, largest difference {difference.max()}")
    assert difference.max() <= 2
    assert (difference == 0).mean() > 0.9999
