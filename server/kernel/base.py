"""The declarative base and the column sets that several tables share."""

import uuid
from datetime import datetime
from typing import Annotated, Any, ClassVar

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from server.kernel.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
SRID = 4326

Key = Annotated[uuid.UUID, mapped_column(primary_key=True, default=uuid7)]
Now = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
Codes = Annotated[list[str], mapped_column(ARRAY(Text), server_default=text("'{}'"))]
Json = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'"))]


class Base(DeclarativeBase):
    """All tables; one naming convention, so that a constraint's name can be mapped to a problem."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        bytes: LargeBinary,
        int: BigInteger,
        datetime: DateTime(timezone=True),
    }


def point(*, index: bool = True, nullable: bool = True) -> Any:
    """A WGS 84 point column (lon/lat), GiST-indexed."""
    return mapped_column(Geometry("POINT", srid=SRID, spatial_index=index), nullable=nullable)


def shape(kind: str = "GEOMETRY", *, nullable: bool = True) -> Any:
    """A WGS 84 geometry column of any kind, GiST-indexed."""
    return mapped_column(Geometry(kind, srid=SRID, spatial_index=True), nullable=nullable)


def on_earth(column: str) -> str:
    """The CHECK that keeps a geometry within ±180° and ±90°.

    PostGIS wraps impossible coordinates silently when they are cast to geography, so ranges come first.
    """
    return (
        f"{column} IS NULL OR (ST_XMin({column}) >= -180 AND ST_XMax({column}) <= 180"
        f" AND ST_YMin({column}) >= -90 AND ST_YMax({column}) <= 90)"
    )


class Versioned:
    """A row that people edit: `version` is its ETag, raised by a trigger at each update."""

    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class Sealed:
    """A row with personal columns. Only `access/sealing.py` reads or writes the `*_sealed` ones.

    `data_key_wrapped` is the record's own key, sealed to the public key named by `sealing_key_id`.
    """

    sealing_key_id: Mapped[str | None]
    data_key_wrapped: Mapped[bytes | None]


Geom = WKBElement
