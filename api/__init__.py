"""Serves the newest values, the history and the live stream over HTTP."""

import sys

from pydantic import BaseModel

# Most models, FastAPI's among them, only describe the API in its documents. Pydantic builds the
# validator of a model when it is first used, which saves 2 MiB.
BaseModel.model_config["defer_build"] = True

# FastAPI loads pydantic's version 1 if it can, 1 MiB, to refuse its models.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type] # not importable
