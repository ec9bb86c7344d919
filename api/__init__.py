"""Serves the newest values, the history and the live stream over HTTP."""

import sys
import warnings

from pydantic import BaseModel

# Most models, FastAPI's among them, only describe the API in its documents. Pydantic builds the
# validator of a model when it is first used, which saves 2 MiB.
BaseModel.model_config["defer_build"] = True

# FastAPI loads pydantic's version 1 if it can, 1 MiB, to refuse its models.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type] # not importable

# FastAPI hides pydantic's warning about `alias`, but not if another thread restores the filters of
# warnings at that moment.
warnings.filterwarnings("ignore", message="The '[a-z_]+' attribute with value .* was provided to")
