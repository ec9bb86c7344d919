"""The black box: the last minutes before a run failed, or its host became silent."""
