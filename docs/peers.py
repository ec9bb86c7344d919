"""The names of our metrics in other exporters, for the table in docs/prometheus.md.

The names come from these sources:

- dcgm-exporter: `etc/default-counters.csv`, and the DCGM fields that can be added to this file.
- nvidia_gpu_exporter: `docs/METRICS.md` and the test data.
- node_exporter: the metrics of version 1.
"""

from typing import NamedTuple


class Names(NamedTuple):
    """A metric's names in three other exporters.

    A name is empty if its exporter does not have the metric.
    """

    dcgm: str = ""
    nvidia_gpu: str = ""
    node: str = ""


_DCGM = "DCGM_FI_DEV_"
_SMI = "nvidia_smi_"

PEERS = {
    "gpu_utilization_ratio": Names(f"{_DCGM}GPU_UTIL (%)", f"{_SMI}utilization_gpu_ratio"),
    "gpu_memory_used_bytes": Names(f"{_DCGM}FB_USED (MiB)", f"{_SMI}memory_used_bytes"),
    "gpu_memory_total_bytes": Names(f"{_DCGM}FB_TOTAL (MiB)", f"{_SMI}memory_total_bytes"),
    "gpu_temperature_celsius": Names(f"{_DCGM}GPU_TEMP", f"{_SMI}temperature_gpu"),
    "gpu_power_watts": Names(f"{_DCGM}POWER_USAGE", f"{_SMI}power_draw_watts"),
    "gpu_power_limit_watts": Names(
        f"{_DCGM}ENFORCED_POWER_LIMIT", f"{_SMI}enforced_power_limit_watts"
    ),
    "gpu_energy_joules_total": Names(
        f"{_DCGM}TOTAL_ENERGY_CONSUMPTION (mJ)", f"{_SMI}energy_joules_total"
    ),
    "gpu_memory_utilization_ratio": Names(
        f"{_DCGM}MEM_COPY_UTIL (%)", f"{_SMI}utilization_memory_ratio"
    ),
    "gpu_sm_clock_hertz": Names(f"{_DCGM}SM_CLOCK (MHz)", f"{_SMI}clocks_current_sm_clock_hz"),
    "gpu_memory_clock_hertz": Names(
        f"{_DCGM}MEM_CLOCK (MHz)", f"{_SMI}clocks_current_memory_clock_hz"
    ),
    "gpu_memory_temperature_celsius": Names(f"{_DCGM}MEMORY_TEMP", f"{_SMI}temperature_memory"),
    "gpu_fan_speed_ratio": Names(f"{_DCGM}FAN_SPEED (%)", f"{_SMI}fan_speed_ratio"),
    "gpu_performance_state": Names(f"{_DCGM}PSTATE", f"{_SMI}pstate"),
    "gpu_throttle_reason_active": Names(
        f"{_DCGM}CLOCKS_EVENT_REASONS (a bit mask)", f"{_SMI}clocks_event_reasons_…"
    ),
    "gpu_pcie_generation": Names(f"{_DCGM}PCIE_LINK_GEN", f"{_SMI}pcie_link_gen_current"),
    "gpu_pcie_width": Names(f"{_DCGM}PCIE_LINK_WIDTH", f"{_SMI}pcie_link_width_current"),
    "gpu_pcie_tx_bytes_per_second": Names(
        f"{_DCGM}PCIE_TX_THROUGHPUT (KB/s)", f"{_SMI}pcie_throughput_tx_bytes_per_second"
    ),
    "gpu_pcie_rx_bytes_per_second": Names(
        f"{_DCGM}PCIE_RX_THROUGHPUT (KB/s)", f"{_SMI}pcie_throughput_rx_bytes_per_second"
    ),
    "gpu_nvlink_tx_bytes_per_second": Names(f"{_DCGM}NVLINK_BANDWIDTH_TOTAL (both directions)"),
    "gpu_ecc_errors_corrected_total": Names(
        f"{_DCGM}ECC_SBE_AGG_TOTAL", f"{_SMI}ecc_errors_corrected_aggregate_total"
    ),
    "gpu_ecc_errors_uncorrected_total": Names(
        f"{_DCGM}ECC_DBE_AGG_TOTAL", f"{_SMI}ecc_errors_uncorrected_aggregate_total"
    ),
    "gpu_ecc_errors_uncorrected_volatile_total": Names(
        f"{_DCGM}ECC_DBE_VOL_TOTAL", f"{_SMI}ecc_errors_uncorrected_volatile_total"
    ),
    "gpu_retired_pages_total": Names(f"{_DCGM}RETIRED_SBE + {_DCGM}RETIRED_DBE"),
    "gpu_retirement_pending": Names(f"{_DCGM}RETIRED_PENDING", f"{_SMI}retired_pages_pending"),
    "gpu_remapped_rows_total": Names(
        f"{_DCGM}CORRECTABLE_REMAPPED_ROWS + {_DCGM}UNCORRECTABLE_REMAPPED_ROWS"
    ),
    "gpu_info": Names("labels of all metrics, such as modelName", f"{_SMI}gpu_info"),
    "gpu_mig_memory_used_bytes": Names(
        f"{_DCGM}FB_USED with the label GPU_I_ID (MiB)", f"{_SMI}mig_memory_used_bytes"
    ),
    "gpu_mig_memory_total_bytes": Names(
        f"{_DCGM}FB_TOTAL with the label GPU_I_ID (MiB)", f"{_SMI}mig_memory_total_bytes"
    ),
    "gpu_processes_listed": Names("", f"{_SMI}compute_apps"),
    "cpu_utilization_ratio": Names(
        node="1 - rate(node_cpu_seconds_total) (modes idle and iowait, mean of all cores)"
    ),
    "cpu_core_utilization_ratio": Names(
        node="1 - rate(node_cpu_seconds_total) (modes idle and iowait, by cpu)"
    ),
    "cpu_frequency_hertz": Names(node="node_cpu_scaling_frequency_hertz"),
    "cpu_frequency_max_hertz": Names(node="node_cpu_scaling_frequency_max_hertz"),
    "cpu_load_average": Names(node="node_load1, node_load5, node_load15"),
    "cpu_pressure_some_ratio": Names(node="rate(node_pressure_cpu_waiting_seconds_total)"),
    "memory_ram_used_bytes": Names(
        node="node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes"
    ),
    "memory_ram_total_bytes": Names(node="node_memory_MemTotal_bytes"),
    "memory_available_bytes": Names(node="node_memory_MemAvailable_bytes"),
    "memory_swap_used_bytes": Names(
        node="node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes"
    ),
    "memory_swap_total_bytes": Names(node="node_memory_SwapTotal_bytes"),
    "memory_pressure_some_ratio": Names(node="rate(node_pressure_memory_waiting_seconds_total)"),
    "memory_pressure_full_ratio": Names(node="rate(node_pressure_memory_stalled_seconds_total)"),
    "memory_oom_kills_total": Names(node="node_vmstat_oom_kill"),
    "memory_swap_in_bytes_per_second": Names(node="rate(node_vmstat_pswpin) (in pages)"),
    "memory_swap_out_bytes_per_second": Names(node="rate(node_vmstat_pswpout) (in pages)"),
    "disk_filesystem_used_bytes": Names(
        node="node_filesystem_size_bytes - node_filesystem_free_bytes"
    ),
    "disk_filesystem_total_bytes": Names(
        node="node_filesystem_size_bytes (includes blocks reserved for root)"
    ),
    "disk_pressure_some_ratio": Names(node="rate(node_pressure_io_waiting_seconds_total)"),
    "disk_pressure_full_ratio": Names(node="rate(node_pressure_io_stalled_seconds_total)"),
    "disk_device_read_bytes_per_second": Names(node="rate(node_disk_read_bytes_total)"),
    "disk_device_write_bytes_per_second": Names(node="rate(node_disk_written_bytes_total)"),
    "network_interface_upload_bytes_per_second": Names(
        node="rate(node_network_transmit_bytes_total)"
    ),
    "network_interface_download_bytes_per_second": Names(
        node="rate(node_network_receive_bytes_total)"
    ),
}
"""Maps our metrics, without the prefix `system_monitor_`, to their names in other exporters."""
