"""NVIDIA's GPUs, through NVML; nothing outside this folder knows of it."""
