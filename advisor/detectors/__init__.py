"""The detectors, one for each kind of finding. They do no I/O."""
