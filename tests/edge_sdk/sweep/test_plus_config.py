from __future__ import annotations

import numpy as np
import pytest

from edge_sdk.errors import FileFormatError, GeometryError
from edge_sdk.sweep.plus_config import PlusConfig, read_plus_config
from edge_sdk.sweep.plus_grid import SavedGrid
from edge_sdk.volume.clip import ClipRegion, Fan
from edge_sdk.volume.settings import HoleFilling

WIRE = '<Wire Name="a" EndPointFront="1 2 3" EndPointBack="4 5 6" />'


def config(tmp_path, reconstruction='OutputSpacing="0.5 0.5 1"', inside="", phantom=""):
    path = tmp_path / "plus.xml"
    path.write_text(
        f"""<PlusConfiguration version="2.1">
        <CoordinateDefinitions>
          <Transform From="Image" To="Probe" Matrix="0.1 0 0 1
             0 0.2 0 2  0 0 0.3 3 0 0 0 1" Error="1.2"/>
        </CoordinateDefinitions>{phantom}
        <VolumeReconstruction {reconstruction}>{inside}</VolumeReconstruction></PlusConfiguration>"""
    )
    return path


def test_a_later_configuration_wins_where_both_say_something(tmp_path):
    first = read_plus_config(
        config(tmp_path, phantom=f"<PhantomDefinition><Geometry>{WIRE}</Geometry></PhantomDefinition>")
    )
    result = tmp_path / "result.xml"
    result.write_text(
        """<ProbeCalibrationResult><CalibrationResults>
        <Transform From="Image" To="Probe" Matrix="5 0 0 0 0 5 0 0 0 0 5 0 0 0 0 1"/>
        <Transform From="Phantom" To="Reference" Matrix="1 0 0 7 0 1 0 0 0 0 1 0 0 0 0 1"/>
        </CalibrationResults></ProbeCalibrationResult>"""
    )
    both = first.updated(read_plus_config(result))
    assert both.transforms["ImageToProbe"][0, 0] == 5
    assert both.transforms["PhantomToReference"][0, 3] == 7
    assert (both.reconstruction, both.wires, both.source) == (first.reconstruction, first.wires, result)


def test_transforms_and_settings(tmp_path):
    read = read_plus_config(
        config(
            tmp_path,
            'OutputSpacing="0.5 0.5 1" OutputOrigin="1 2 3" OutputExtent="0 9 0 8 0 7" ClipRectangleOrigin="192 16" '
            'ClipRectangleSize="420 580" FanAnglesDeg="-45 45" FanOriginPixel="380 20" FanRadiusStartPixel="120" '
            'FanRadiusStopPixel="360" Interpolation="Linear" Optimization="none" CompoundingMode="MAXIMUM" '
            'FillHoles="ON" NumberOfThreads="1" SkipInterval="2"',
            '<HoleFilling><HoleFillingElement Type="STICK" StickLengthLimit="7" NumberOfSticksToUse="2"/>'
            '<HoleFillingElement Type="NEAREST_NEIGHBOR" Size="3" MinimumKnownVoxelsRatio="0.1"/></HoleFilling>',
        )
    )
    np.testing.assert_array_equal(
        read.transforms["ImageToProbe"], [[0.1, 0, 0, 1], [0, 0.2, 0, 2], [0, 0, 0.3, 3], [0, 0, 0, 1]]
    )
    settings = read.reconstruction
    assert settings is not None
    assert settings.spacing == (0.5, 0.5, 1)
    assert (settings.origin, settings.extent) == (None, None)
    assert read.saved_grid == SavedGrid((1, 2, 3), (0, 9, 0, 8, 0, 7))
    saved = read.with_saved_grid().reconstruction
    assert saved is not None
    assert (saved.origin, saved.extent) == ((1, 2, 3), (0, 9, 0, 8, 0, 7))
    assert read.notes == ()
    assert settings.clip == ClipRegion((192, 16), (420, 580), Fan((-45, 45), (380, 20), (120, 360)))
    assert (settings.interpolation, settings.compounding) == ("linear", "maximum")
    assert (settings.mean, settings.plus_optimization) == ("plus", "NONE")
    assert settings.fill_holes == (
        HoleFilling("STICK", stick_length=7, sticks=2),
        HoleFilling("NEAREST_NEIGHBOR", size=3, minimum_ratio=0.1),
    )
    assert settings.skip_interval == 2


def test_defaults_are_those_of_plus(tmp_path):
    settings = read_plus_config(config(tmp_path)).reconstruction
    assert settings is not None
    assert (settings.interpolation, settings.compounding) == ("nearest", "mean")
    assert (settings.mean, settings.plus_optimization) == ("plus", "FULL")
    assert settings.clip is None
    assert settings.fill_holes == ()


def test_importance_mask_and_pixel_rejection(tmp_path):
    path = config(
        tmp_path,
        'OutputSpacing="1 1 1" CompoundingMode="Importance_Mask" ImportanceMaskFilename="mask.png" '
        'PixelRejectionThreshold="9.5"',
    )
    settings = read_plus_config(path).reconstruction
    assert settings is not None
    assert (settings.compounding, settings.importance_mask, settings.darkest) == (
        "importance",
        tmp_path / "mask.png",
        10,
    )


@pytest.mark.parametrize(
    ("attributes", "compounding"),
    [('Compounding="ON"', "mean"), ('Compounding="OFF"', "latest"), ('Calculation="MAXIMUM"', "maximum")],
)
def test_deprecated_names(tmp_path, attributes, compounding):
    read = read_plus_config(
        config(tmp_path, f'OutputSpacing="1 1 1" FanAngles="-1 1" FanOrigin="1 2" FanDepth="9" {attributes}')
    )
    settings = read.reconstruction
    assert settings is not None
    (note,) = read.notes
    assert "FanAngles (today FanAnglesDeg)" in note.what
    assert attributes.partition("=")[0] in note.what
    assert settings.compounding == compounding
    assert settings.clip == ClipRegion(fan=Fan((-1, 1), (1, 2), (0, 9)))


@pytest.mark.parametrize("element", ['<Pattern Type="NWire">{}</Pattern>', "<NWire>{}</NWire>"])
def test_wires_in_both_forms(tmp_path, element):
    phantom = f"<PhantomDefinition><Geometry>{element.format(WIRE)}</Geometry></PhantomDefinition>"
    (wire,) = read_plus_config(config(tmp_path, phantom=phantom)).wires
    assert (wire.name, wire.front, wire.back) == ("a", (1, 2, 3), (4, 5, 6))


def test_file_without_reconstruction(tmp_path):
    path = tmp_path / "r.xml"
    path.write_text(
        '<ProbeCalibrationResult><CalibrationResults><Transform From="Image" To="Probe" '
        'Matrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"/></CalibrationResults></ProbeCalibrationResult>'
    )
    read = read_plus_config(path)
    assert read.reconstruction is None
    assert list(read.transforms) == ["ImageToProbe"]


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ('Interpolation="LINEAR"', "OutputSpacing"),
        ('OutputSpacing="0.5 0.5"', "OutputSpacing"),
        ('OutputSpacing="0 1 1"', "OutputSpacing"),
        ('OutputSpacing="a b c"', "OutputSpacing"),
        ('OutputSpacing="1 1 1" Interpolation="CUBIC"', "NEAREST_NEIGHBOR, LINEAR"),
        ('OutputSpacing="1 1 1" CompoundingMode="MEDIAN"', "CompoundingMode"),
        ('OutputSpacing="1 1 1" FillHoles="ON"', "HoleFillingElement"),
        ('OutputSpacing="-1 1 1"', "OutputSpacing absent or not positive"),
        ('OutputSpacing=""', "OutputSpacing absent or not positive"),
        ('OutputSpacing="0,5 0,5 0,5"', "OutputSpacing.*decimal point, and blanks between"),
        ('OutputSpacing="0.5, 0.5, 0.5"', "OutputSpacing.*decimal point, and blanks between"),
        ('OutputSpacing="1_0 1 1"', "OutputSpacing"),
        ('OutputSpacing="1 1 1" OutputExtent="0 1 0 1"', "OutputExtent"),
        ('OutputSpacing="1 1 1" FillHoles="1"', "FillHoles '1', expected one of ON, OFF"),
        ('OutputSpacing="1 1 1" EnableFanAnglesAutoDetect="on"', "EnableFanAnglesAutoDetect 'on'"),
        ('OutputSpacing="1 1 1" PixelRejectionThreshold="dark"', "PixelRejectionThreshold"),
        ('OutputSpacing="1 1 1" EnableFanAnglesAutoDetect="TRUE"', "EnableFanAnglesAutoDetect"),
    ],
)
def test_attributes_that_cannot_be_understood_are_named(tmp_path, attributes, named):
    with pytest.raises(FileFormatError, match=named) as caught:
        read_plus_config(config(tmp_path, attributes))
    assert "plus.xml" in str(caught.value)


def test_hole_filling_takes_what_plus_takes(tmp_path):
    elements = (
        '<HoleFilling><HoleFillingElement Type="Gaussian" Size="5" Stdev="0.6667" MinimumKnownVoxelsRatio="0.50001"/>'
        '<HoleFillingElement Type="GAUSSIAN_ACCUMULATION" Size="3" Stdev="1" MinimumKnownVoxelsRatio="0"/>'
        '<HoleFillingElement Type="DISTANCE_WEIGHT_INVERSE" Size="7" MinimumKnownVoxelsRatio="0.1"/></HoleFilling>'
    )
    settings = read_plus_config(config(tmp_path, 'OutputSpacing="1 1 1" FillHoles="ON"', elements)).reconstruction
    assert settings is not None
    assert settings.fill_holes == (
        HoleFilling("GAUSSIAN", size=5, deviation=0.6667, minimum_ratio=0.50001),
        HoleFilling("GAUSSIAN_ACCUMULATION", size=3, deviation=1.0),
        HoleFilling("DISTANCE_WEIGHT_INVERSE", size=7, minimum_ratio=0.1),
    )


@pytest.mark.parametrize(
    ("attributes", "named"),
    [
        ('Size="3"', "Type '', expected one of STICK"),
        ('Type="SPLINE"', "SPLINE"),
        ('Type="STICK" StickLengthLimit="9"', "NumberOfSticksToUse absent"),
        ('Type="STICK" NumberOfSticksToUse="1"', "StickLengthLimit absent"),
        ('Type="NEAREST_NEIGHBOR" Size="3"', "MinimumKnownVoxelsRatio absent"),
        ('Type="DISTANCE_WEIGHT_INVERSE" MinimumKnownVoxelsRatio="0"', "Size absent"),
        ('Type="GAUSSIAN" Size="3" MinimumKnownVoxelsRatio="0"', "Stdev absent"),
        ('Type="GAUSSIAN" Size="large" Stdev="1" MinimumKnownVoxelsRatio="0"', "Size='large'"),
    ],
)
def test_hole_filling_that_plus_would_refuse(tmp_path, attributes, named):
    elements = f"<HoleFilling><HoleFillingElement {attributes}/></HoleFilling>"
    with pytest.raises(FileFormatError, match=named):
        read_plus_config(config(tmp_path, 'OutputSpacing="1 1 1" FillHoles="ON"', elements))


def test_time_offsets_of_devices(tmp_path):
    path = tmp_path / "devices.xml"
    path.write_text(
        '<PlusConfiguration><DataCollection><Device Id="Tracker" LocalTimeOffsetSec="0.0648"/>'
        '<Device Id="Video" LocalTimeOffsetSec="-1e-1"/><Device Id="Mixer"/></DataCollection></PlusConfiguration>'
    )
    said = read_plus_config(path)
    assert said.time_offsets == {"Tracker": 0.0648, "Video": -0.1}
    later = PlusConfig(time_offsets={"Tracker": 0.05})
    assert said.updated(later).time_offsets == {"Tracker": 0.05, "Video": -0.1}
    path.write_text(path.read_text().replace("0.0648", "soon"))
    with pytest.raises(FileFormatError, match="LocalTimeOffsetSec='soon'"):
        read_plus_config(path)


def test_what_is_not_xml_is_refused(tmp_path):
    path = tmp_path / "x.xml"
    path.write_bytes(b"ObjectType = Image\n\xff\x00")
    with pytest.raises(FileFormatError, match=r"x\.xml: is not a PLUS configuration"):
        read_plus_config(path)
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_plus_config(tmp_path / "none.xml")


def test_an_impossible_hole_filling_names_the_file_and_the_attribute(tmp_path):
    element = '<HoleFillingElement Type="STICK" StickLengthLimit="0" NumberOfSticksToUse="1"/>'
    path = config(tmp_path, 'OutputSpacing="1 1 1" FillHoles="ON"', f"<HoleFilling>{element}</HoleFilling>")
    with pytest.raises(FileFormatError, match=r"plus\.xml: HoleFillingElement has StickLengthLimit 0 for STICK"):
        read_plus_config(path)


@pytest.mark.parametrize("first", ["0", "nan"])
def test_a_calibration_without_inverse_names_the_file(tmp_path, first):
    path = tmp_path / "plus.xml"
    path.write_text(
        f"""<PlusConfiguration><CoordinateDefinitions><Transform From="Image" To="Probe"
        Matrix="{first} 0 0 1 0 0.2 0 2 0 0 0.2 3 0 0 0 1"/></CoordinateDefinitions></PlusConfiguration>"""
    )
    with pytest.raises(FileFormatError, match=r"plus\.xml: .*Matrix.*; (calibrate again|correct the attribute)"):
        read_plus_config(path)


def test_blank_attributes_are_absent(tmp_path):
    blank = (
        'OutputSpacing="0.5 0.5 0.5" CompoundingMode="MEAN" OutputOrigin="" OutputExtent=" " ClipRectangleOrigin="" '
        'ClipRectangleSize="" FanAnglesDeg="" FanOriginPixel="" FanRadiusStartPixel="" FanRadiusStopPixel="" '
        'Interpolation="" Optimization="" FillHoles="" SkipInterval="" PixelRejectionThreshold="" '
        'ImageCoordinateFrame="" ReferenceCoordinateFrame="" ImportanceMaskFilename="" EnableFanAnglesAutoDetect=""'
    )
    absent = 'OutputSpacing="0.5 0.5 0.5" CompoundingMode="MEAN"'
    read = read_plus_config(config(tmp_path, blank))
    assert read.reconstruction == read_plus_config(config(tmp_path, absent)).reconstruction
    assert read.saved_grid == SavedGrid(fault="OutputOrigin is blank")


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ('OutputOrigin="0 0 0" OutputExtent="0 0 0 0 0 0"', "OutputExtent 0 0 0 0 0 0 is a single voxel"),
        ('OutputOrigin="0 0 0" OutputExtent="0 -1 0 -1 0 -1"', "OutputExtent 0 -1 0 -1 0 -1 ends before it begins"),
        ('OutputOrigin="0 0 0" OutputExtent=""', "OutputExtent is blank"),
        ('OutputOrigin="0 0 0" OutputExtent="0 9 0 9 0 0"', ""),
    ],
)
def test_a_saved_grid_that_no_volume_can_have(tmp_path, attributes, fault):
    read = read_plus_config(config(tmp_path, f'OutputSpacing="1 1 1" CompoundingMode="MEAN" {attributes}'))
    assert read.saved_grid is not None
    assert read.saved_grid.fault == fault
    if fault:
        with pytest.raises(GeometryError, match=rf"plus\.xml: saves a grid.*{fault}"):
            read.with_saved_grid()


def test_a_configuration_without_a_saved_grid(tmp_path):
    with pytest.raises(GeometryError, match=r"plus\.xml: saves no grid.*leave out --grid saved"):
        read_plus_config(config(tmp_path)).with_saved_grid()


def test_a_fan_has_the_defaults_of_plus_and_they_are_told(tmp_path):
    read = read_plus_config(config(tmp_path, 'OutputSpacing="1 1 1" CompoundingMode="MEAN" FanAnglesDeg="-10 10"'))
    assert read.reconstruction is not None
    assert read.reconstruction.clip == ClipRegion(fan=Fan((-10, 10), (0, 0), (0, 500)))
    (note,) = read.notes
    assert "FanOriginPixel (0 0) and FanRadiusStopPixel (500)" in note.what
    none = read_plus_config(config(tmp_path, 'OutputSpacing="1 1 1" CompoundingMode="MEAN" FanAngles="0 0"'))
    assert none.reconstruction is not None
    assert none.reconstruction.clip is None


def test_todays_name_wins_over_the_older_one(tmp_path):
    attributes = 'FanAngles="-1 1" FanAnglesDeg="-2 2" FanOriginPixel="1 2" FanRadiusStopPixel="9"'
    read = read_plus_config(config(tmp_path, f'OutputSpacing="1 1 1" CompoundingMode="MEAN" {attributes}'))
    assert read.reconstruction is not None
    assert read.reconstruction.clip == ClipRegion(fan=Fan((-2, 2), (1, 2), (0, 9)))
    assert "not used, because the new one is there: FanAngles" in read.notes[0].what


def test_the_element_of_the_document_wins_over_those_of_devices(tmp_path):
    path = tmp_path / "two.xml"
    path.write_text(
        """<PlusConfiguration><DataCollection><Device Id="a"><VolumeReconstruction OutputSpacing="1 1 1"
        CompoundingMode="MEAN"/></Device></DataCollection>
        <VolumeReconstruction OutputSpacing="2 2 2" CompoundingMode="MEAN"/></PlusConfiguration>"""
    )
    read = read_plus_config(path)
    assert read.reconstruction is not None
    assert read.reconstruction.spacing == (2, 2, 2)
    assert "2 elements VolumeReconstruction that differ" in read.notes[0].what
    path.write_text(path.read_text().replace("2 2 2", "1 1 1"))
    assert read_plus_config(path).notes == ()


XML = """<PlusConfiguration><CoordinateDefinitions><Transform From="image" To="Sonde-\u00e9"
Matrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"/></CoordinateDefinitions></PlusConfiguration>"""


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + XML.encode(),
        XML.encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + XML.encode("latin-1"),
        b'<?xml version="1.0" encoding="windows-1252"?>\r\n' + XML.replace("\n", "\r\n").encode("cp1252"),
    ],
)
def test_encodings_of_xml(tmp_path, content):
    path = tmp_path / "plus.xml"
    path.write_bytes(content)
    assert [*read_plus_config(path).transforms] == ["ImageToSonde-\u00e9"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><PlusConfiguration/>', "declares entities.*remove its DOCTYPE"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "/etc/hostname">]><PlusConfiguration/>', "declares entities"),
        ('<!DOCTYPE a [<!ENTITY % b "c">]><PlusConfiguration/>', "declares entities"),
        ('<?xml version="1.0" encoding="shift_jis"?><PlusConfiguration/>', "encoding that cannot be read.*UTF-8"),
        ('<?xml version="1.0" encoding="none-such"?><PlusConfiguration/>', "save it as UTF-8|unknown encoding"),
    ],
)
def test_xml_that_is_refused(tmp_path, content, says):
    path = tmp_path / "plus.xml"
    path.write_text(content)
    with pytest.raises(FileFormatError, match=says):
        read_plus_config(path)


@pytest.mark.parametrize("ends", ['From="" To="Probe"', 'From="Image"', 'From="AToB" To="Probe"'])
def test_transforms_without_a_usable_name(tmp_path, ends):
    path = tmp_path / "plus.xml"
    path.write_text(
        f"""<PlusConfiguration><CoordinateDefinitions><Transform {ends} Matrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"/>
        </CoordinateDefinitions></PlusConfiguration>"""
    )
    with pytest.raises(FileFormatError, match=r"plus\.xml: a Transform from .* has no usable name"):
        read_plus_config(path)
