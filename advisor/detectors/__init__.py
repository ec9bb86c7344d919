"""The detectors, one kind of finding each. Pure: samples in, findings out."""
