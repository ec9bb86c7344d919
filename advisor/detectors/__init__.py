"""The detectors, one for each kind of finding. Pure: samples in, findings out."""
