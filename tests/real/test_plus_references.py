"""Reconstruction against volumes made by PLUS, and its recordings against SimpleITK."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK

from edge_sdk import read_sweep, read_volume
from edge_sdk.errors import PoseError
from edge_sdk.sweep.plus_config import read_plus_config
from edge_sdk.sweep.poses import image_to_world
from edge_sdk.volume.grid import Box
from edge_sdk.volume.growing import GrowingCompounder
from edge_sdk.volume.holes.filling import fill_holes
from edge_sdk.volume.reconstruct import compound, make_compounder, reconstruct, sweep_grid

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


REFERENCES = [
    ("NNMEAN", "SpinePhantom_NN_MEAN"),
    ("LNMAXI", "SpinePhantom_LN_MAXI"),
    ("LNMEAN", "SonixRP_TRUS_D70mm_LN_MEAN"),
]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("reference", "config"), REFERENCES)
def test_equal_to_the_reference_volumes_of_plus(real_data, reference, config, threads):
    folder = real_data / "plus_golden"
    volume = reconstruct(
        read_sweep(folder / "SpinePhantomFreehand.igs.mha"),
        config=read_plus_config(folder / f"Config_VolumeReconstruction_{config}.xml"),
        threads=threads,
    )
    image = SimpleITK.ReadImage(str(folder / f"VolumeReconstructorTest{reference}volumeRef.mha"))
    assert volume.grid.shape[::-1] == image.GetSize()
    np.testing.assert_allclose(volume.grid.origin, image.GetOrigin(), atol=5e-4)  # written with six digits
    assert volume.grid.spacing == image.GetSpacing()
    np.testing.assert_array_equal(volume.voxels, SimpleITK.GetArrayViewFromImage(image))
    assert volume.meta["frames_inserted"] == "21"


@pytest.mark.parametrize(("reference", "config"), REFERENCES)
def test_a_growing_volume_equals_the_references_too(real_data, reference, config):
    folder = real_data / "plus_golden"
    sweep = read_sweep(folder / "SpinePhantomFreehand.igs.mha")
    plus = read_plus_config(folder / f"Config_VolumeReconstruction_{config}.xml")
    settings, poses = plus.reconstruction, image_to_world(sweep, config=plus)
    expected = read_volume(folder / f"VolumeReconstructorTest{reference}volumeRef.mha").voxels
    growing = GrowingCompounder(
        settings.spacing, origin=sweep_grid(sweep, poses, settings).origin, interpolation=settings.interpolation,
        mode=settings.compounding, mean="plus", plus_optimization="FULL", clip=settings.clip,
    )  # fmt: skip
    for image, pose in zip(sweep.images, poses.matrices, strict=True):
        growing.insert(image, pose)
    whole = Box((0, 0, 0), expected.shape)
    voxels = growing.voxels_in(whole)
    if settings.fill_holes:
        voxels = fill_holes(voxels, growing.weights_in(whole) > 0, settings.fill_holes)
    np.testing.assert_array_equal(voxels, expected)


def test_a_fan_sweep_in_any_split(real_data):
    folder = real_data / "plus_golden"
    sweep = read_sweep(folder / "SpinePhantomFreehand.igs.mha")
    plus = read_plus_config(folder / "Config_VolumeReconstruction_SonixRP_TRUS_D70mm_LN_MEAN.xml")
    poses = image_to_world(sweep, config=plus)
    grid = sweep_grid(sweep, poses, plus.reconstruction)
    for mean in ("plus", "true"):
        volumes = []
        for step in (1, 4, 21):
            compounder = make_compounder(grid, replace(plus.reconstruction, mean=mean))
            for start in range(0, len(sweep), step):
                compounder.insert_all(sweep.images[start : start + step], poses.matrices[start : start + step])
            volumes.append(compounder.read())
        for voxels, weights in volumes[1:]:
            np.testing.assert_array_equal(voxels, volumes[0][0])
            np.testing.assert_array_equal(weights, volumes[0][1])


def test_what_the_running_mean_of_plus_loses(real_data):
    """PLUS's nearest mean is biased low, by more than four gray levels where there is something to see."""
    folder = real_data / "plus_golden"
    sweep = read_sweep(folder / "SpinePhantomFreehand.igs.mha")
    plus = read_plus_config(folder / "Config_VolumeReconstruction_SpinePhantom_NN_MEAN.xml")
    running, _ = compound(sweep, config=plus)
    true, _ = compound(sweep, config=plus, settings=replace(plus.reconstruction, mean="true"))
    seen = running.hit() & ((running.voxels() > 0) | (true.voxels() > 0))
    difference = true.voxels()[seen].astype(float) - running.voxels()[seen]
    print(f"true mean minus PLUS's running mean: {difference.mean():.2f}, {(abs(difference) <= 2).mean():.1%} within 2")
    assert 4 < difference.mean() < 5


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
    assert difference.max() == 0
