"""The black box: saves a recording when a run fails or when its host goes silent."""
