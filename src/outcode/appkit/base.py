"""What every declaration is made of: frozen models that refuse unknown keys, and text in both languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Declared(BaseModel):
    """A frozen piece of a declaration; equal when its fields are equal."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Declared):
    """A text people read, in English and Korean.

    >>> Words(en="Query", ko="쿼리").ko
    '쿼리'
    """

    en: str
    ko: str
