"""Reads NVIDIA's GPUs through NVML; no other part of the collector calls NVML."""
