"""Generated recordings of whole machines, with the truth about each."""
