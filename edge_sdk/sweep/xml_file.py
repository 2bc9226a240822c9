"""XML files of other programs, read without letting them ask for more than they hold."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from edge_sdk.errors import FileFormatError


class _EntityError(Exception):
    """The document declares an entity."""


def read_xml(path: Path) -> ElementTree.Element:
    """Root element of an XML file, in any encoding that its mark or its declaration names.

    Raises:
        FileFormatError: The file is missing, is not well-formed XML, names an encoding that is not known, or declares
            entities: a configuration needs none, and they can be made to fill the memory or to fetch other files.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileFormatError(f"cannot be read ({error.strerror})", where=path, remedy="check the path") from error
    try:
        _refuse_entities(content)
        return ElementTree.fromstring(content)
    except _EntityError:
        raise FileFormatError(
            "declares entities, which a configuration has no use for", where=path, remedy="remove its DOCTYPE"
        ) from None
    except (ElementTree.ParseError, expat.ExpatError) as error:
        raise FileFormatError(
            f"is not a PLUS configuration: {error}", where=path, remedy="give a well-formed XML file"
        ) from error
    except (LookupError, ValueError) as error:
        raise FileFormatError(
            f"is in an encoding that cannot be read ({error})", where=path, remedy="save it as UTF-8"
        ) from error


def _refuse_entities(content: bytes) -> None:
    """Look at the document type only; ElementTree's parser does not let one ask what it declares."""

    def refuse(*_declared: object) -> None:
        raise _EntityError

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = refuse
    parser.Parse(content, True)
