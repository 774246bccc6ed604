"""The linkage model: one object that can be saved with the results, shown, and used again."""

import json
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from audit.linkage.mixture import TABLES, Tables, uniform
from synthetic.errors import InputError

LEARNT = Path(__file__).parent / "model.json"

_WAY_OUT = "name the identity_model.json of a results folder"

Chance = Annotated[float, Field(gt=0, le=1)]


class Model(BaseModel):
    """What records of one person, and of relatives, agree on, by table and level; and how much of it is found.

    ``one_person`` and ``relatives`` hold the tables of ``mixture.TABLES``. ``strength`` is how many pairs of the data at hand
    weigh as much as what was learnt before; with ``fixed`` nothing is learnt anew. ``found_mean`` and ``found_spread`` are
    the share of duplicate records that is found, and its standard deviation between forces, in the worlds learnt from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["identity-model/1"] = "identity-model/1"
    source: str
    one_person: dict[str, list[list[Chance]] | list[Chance]]
    relatives: dict[str, list[list[Chance]] | list[Chance]]
    strength: float = Field(300.0, ge=0)
    fixed: bool = False
    found_mean: float = Field(gt=0, le=2)
    found_spread: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def _complete(self) -> "Model":
        shapes = {name: table.shape for name, table in uniform().items()}
        for kind in (self.one_person, self.relatives):
            if set(kind) != set(TABLES) or any(np.array(kind[name]).shape != shapes[name] for name in TABLES):
                raise ValueError("the tables are not those of this version")
        return self

    def tables(self, kind: Literal["one_person", "relatives"]) -> Tables:
        """The tables of a kind as arrays, each summing to 1."""
        tables = {name: np.array(table, float) for name, table in getattr(self, kind).items()}
        return {name: table / table.sum() for name, table in tables.items()}

    def adapted(self, one_person: Tables) -> "Model":
        """The model with other chances for one person's records, as learnt from the data at hand; fixed, to be used again."""
        tables = {name: np.maximum(np.round(table, 9), 1e-9).tolist() for name, table in one_person.items()}
        return self.model_copy(update={"one_person": tables, "fixed": True})


def read_model(path: Path | None = None) -> Model:
    """A saved model, or the one that comes with the auditor; raises InputError with one sentence."""
    try:
        return Model.model_validate_json((path or LEARNT).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        raise InputError(None, "The identity model cannot be read; name the identity_model.json of a results folder.") from None
    except ValidationError:
        raise InputError(
            None, "The identity model is not of this version's format; name the identity_model.json of a results folder."
        ) from None


def model_as_json(model: Model) -> str:
    """The model as it is saved."""
    return json.dumps(model.model_dump(mode="json"), indent=1) + "\n"
