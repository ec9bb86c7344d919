"""The black box: saves the last messages before a run fails or its host goes silent."""
