"""What every section of the settings is."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Base of all sections: immutable, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
