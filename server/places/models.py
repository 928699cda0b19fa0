"""The gazetteer and the society's centres."""

import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.kernel.base import Base, Geom, Key, Now, Versioned, on_earth, point, shape


class Place(Base):
    """A named point or area. `accuracy_m`: how far from `geom` something "in" this place may be, in metres.

    `digest`: of the line that an import made it from; None for what ships with the product.
    """

    __tablename__ = "places"
    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint(
            "kind IN ('village', 'town', 'city', 'county', 'province', 'shelter', 'warehouse', 'hospital',"
            " 'assembly_point', 'other')",
            name="kind",
        ),
        CheckConstraint("population >= 0", name="population"),
        CheckConstraint("accuracy_m > 0", name="accuracy"),
        CheckConstraint(on_earth("geom"), name="geom_on_earth"),
        CheckConstraint(on_earth("area"), name="area_on_earth"),
    )
    id: Mapped[Key]
    source: Mapped[str]
    source_id: Mapped[str]
    kind: Mapped[str]
    name_fa: Mapped[str | None]
    name_en: Mapped[str]
    country: Mapped[str]
    admin1_code: Mapped[str | None]
    province_fa: Mapped[str | None]
    province_en: Mapped[str | None]
    population: Mapped[int] = mapped_column(server_default=text("0"), index=True)
    accuracy_m: Mapped[float]
    geom: Mapped[Geom] = point(nullable=False)
    area: Mapped[Geom | None] = shape()
    digest: Mapped[bytes | None]
    created_at: Mapped[Now] = mapped_column(index=True)


class PlaceName(Base):
    """One name of a place, as written and normalised: `key` with blanks, `squashed` without, `sound` its consonants.

    `weight`: the place's population, so that the biggest of ten thousand names that begin alike come out of the index.
    """

    __tablename__ = "place_names"
    __table_args__ = (
        Index(
            "ix_place_names_begins",
            "squashed",
            postgresql_ops={"squashed": "text_pattern_ops"},
            postgresql_include=["weight", "place_id"],
        ),
        Index("ix_place_names_sound", "sound", postgresql_include=["weight", "place_id"]),
        Index(
            "ix_place_names_squashed_trgm",
            "squashed",
            postgresql_using="gin",
            postgresql_ops={"squashed": "gin_trgm_ops"},
        ),
        UniqueConstraint("place_id", "name"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("places.id", ondelete="CASCADE"))
    name: Mapped[str]
    key: Mapped[str]
    squashed: Mapped[str]
    sound: Mapped[str | None]
    weight: Mapped[int] = mapped_column(server_default=text("0"))


class Centre(Versioned, Base):
    """A local house of the society: a place, people, a stock."""

    __tablename__ = "centres"
    __table_args__ = (CheckConstraint(on_earth("geom"), name="geom_on_earth"),)
    id: Mapped[Key]
    code: Mapped[str] = mapped_column(unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    place_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("places.id"))
    geom: Mapped[Geom] = point(nullable=False)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
