"""Reads NVIDIA's GPUs through NVML; nothing outside this folder depends on NVML."""
