"""The black box: records the last minutes before a run failed or its host went silent."""
