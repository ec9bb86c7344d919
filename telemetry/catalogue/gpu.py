"""The families of channels about GPUs."""

from telemetry.catalogue.model import (
    ROOT,
    Family,
    Field,
    Kind,
    Retention,
    byte_count,
    count,
    number,
    total,
)

MAX_PROCESSES = 64  # per GPU; a payload could hold many more

GPU = Family(
    "gpu",
    f"{ROOT}/gpu/{{id}}",
    "One GPU. {id} is an index that the collector assigns. If every GPU is from NVIDIA, {id} is the"
    " NVML index.",
    (
        number("utilization", "%", "share of the time during which a kernel ran", 75.0, fixed=True),
        byte_count(
            "memory_used", "memory in use, excluding reserved memory", 6_657_199_308, fixed=True
        ),
        byte_count(
            "memory_total",
            "installed memory; if memory_kind is unified, the system's memory",
            8_589_934_592,
            fixed=True,
        ),
        Field("temperature", Kind.NUMBER, "°C", "core temperature", 72.0, fixed=True, minimum=None),
        number("power", "W", "power draw", 215.4, fixed=True),
        Field("name", Kind.TEXT, "", "product name", "NVIDIA GeForce RTX 4090", label="name"),
        Field(
            "uuid",
            Kind.TEXT,
            "",
            "UUID of the GPU, as the driver reports it",
            "GPU-8f0c5d3e-0b1a-4c59-9d53-6c1d0a2b7e11",
            label="uuid",
        ),
        Field("vendor", Kind.TEXT, "", "vendor of the GPU", "nvidia"),
        Field(
            "memory_kind",
            Kind.TEXT,
            "",
            "dedicated, or unified if the GPU uses the system's memory",
            "dedicated",
        ),
        number(
            "memory_utilization", "%", "share of the time during which memory was accessed", 41.0
        ),
        number("power_limit", "W", "enforced power limit", 450.0),
        number("sm_clock", "MHz", "clock of the streaming multiprocessors", 2520.0),
        number("memory_clock", "MHz", "memory clock", 10501.0),
        Field(
            "throttle_reasons",
            Kind.TEXTS,
            "",
            "why the clocks are reduced",
            ["sw_power_cap"],
            metric="throttle_reason_active",
            label="reason",
        ),
        Field(
            "throttle_shares",
            Kind.NUMBERS_BY_NAME,
            "%",
            "share of the last 5 min during which each throttle reason was active",
            {"sw_power_cap": 37.5, "gpu_idle": 2.0},
            metric="throttle_share",
            label="reason",
        ),
        Field("memory_temperature", Kind.NUMBER, "°C", "memory temperature", 78.0, minimum=None),
        number("fan_speed", "%", "fan speed as a share of the full speed; may exceed 100%", 45.0),
        count("performance_state", "", "P-state: 0 is the fastest, 15 is the slowest", 2),
        total("energy", Kind.NUMBER, "J", "energy used since the driver was loaded", 1_234_567.8),
        number(
            "power_average",
            "W",
            "mean power since the previous reading, derived from energy",
            221.7,
        ),
        count("pcie_generation", "", "current generation of the PCIe link; may drop while idle", 4),
        count("pcie_width", "lanes", "current width of the PCIe link", 16),
        number(
            "pcie_tx_rate", "MB/s", "data sent over PCIe; null if the GPU has no counter", 812.5
        ),
        number(
            "pcie_rx_rate",
            "MB/s",
            "data received over PCIe; null if the GPU has no counter",
            1_204.3,
        ),
        count("nvlink_links", "links", "NVLinks of the GPU; null if the GPU has none", 18),
        count("nvlink_active", "links", "NVLinks that are up", 18),
        number("nvlink_tx_rate", "MB/s", "payload data sent over all NVLinks", 48_210.4),
        number("nvlink_rx_rate", "MB/s", "payload data received over all NVLinks", 47_980.1),
        total(
            "ecc_errors_corrected",
            Kind.INTEGER,
            "errors",
            "corrected memory errors over the GPU's lifetime",
            3,
        ),
        total(
            "ecc_errors_uncorrected",
            Kind.INTEGER,
            "errors",
            "uncorrected memory errors over the GPU's lifetime",
            0,
        ),
        total(
            "ecc_errors_uncorrected_volatile",
            Kind.INTEGER,
            "errors",
            "uncorrected memory errors since the driver was loaded",
            0,
        ),
        total("retired_pages", Kind.INTEGER, "pages", "memory pages retired because of errors", 0),
        count("retirement_pending", "", "1 if pages will be retired at the next reboot, else 0", 0),
        total("remapped_rows", Kind.INTEGER, "rows", "memory rows remapped because of errors", 0),
        count("remapping_pending", "", "1 if rows will be remapped at the next reset, else 0", 0),
        Field(
            "compute_mode", Kind.TEXT, "", "which processes may use the GPU for compute", "default"
        ),
        Field("pci_bus_id", Kind.TEXT, "", "address on the PCI bus", "00000000:3B:00.0"),
        Field(
            "slowdown_temperature",
            Kind.NUMBER,
            "°C",
            "core temperature at which the hardware slows the GPU down",
            90.0,
            minimum=None,
        ),
        Field(
            "temperature_margin",
            Kind.NUMBER,
            "°C",
            "margin to the slowdown temperature",
            18.0,
            minimum=None,
        ),
    ),
    labels=("gpu",),
)

GPU_PROCESSES = Family(
    "gpu_processes",
    f"{GPU.channel}/processes",
    "The processes that use a GPU. The history does not keep this list.",
    (
        Field(
            "processes",
            Kind.RECORDS,
            "",
            f"at most {MAX_PROCESSES} processes, sorted by GPU memory, largest first",
            [
                {
                    "pid": 41_213,
                    "name": "python3",
                    "command": "python3 train.py",
                    "user": "ada",
                    "memory_used": 6_442_450_944,
                    "kind": "compute",
                    "started": 1_767_222_000_000,
                    "gpu_instance": None,
                }
            ],
            fixed=True,
            metric="listed",
            members=(
                Field("pid", Kind.INTEGER, "", "process ID, as the driver reports it", 41_213),
                Field("name", Kind.TEXT, "", "process name", "python3"),
                Field(
                    "command",
                    Kind.TEXT,
                    "",
                    "program with its script or module; other arguments are left out, since they"
                    " may contain secrets",
                    "python3 train.py",
                ),
                Field("user", Kind.TEXT, "", "owner of the process", "ada"),
                byte_count("memory_used", "GPU memory that the process uses", 6_442_450_944),
                Field(
                    "kind",
                    Kind.TEXT,
                    "",
                    "compute, graphics or mps; several kinds are joined by +",
                    "compute",
                ),
                count("started", "ms", "Unix time at which the process started", 1_767_222_000_000),
                count("gpu_instance", "", "in MIG mode, the GPU instance that the process uses", 7),
            ),
        ),
        count("more", "processes", "further processes, not listed because they use less memory", 0),
        count("unresolved", "processes", "listed processes that could not be looked up", 0),
        Field("note", Kind.TEXT, "", "why some processes could not be looked up", None, metric=""),
    ),
    retention=Retention.NONE,
    labels=("gpu",),
)

GPU_MIG = Family(
    "gpu_mig",
    f"{GPU.channel}/mig/{{n}}",
    "One MIG instance of a GPU; {n} is the NVML index of the instance.",
    (
        byte_count("memory_used", "memory in use", 3_221_225_472, fixed=True),
        byte_count("memory_total", "memory of the instance", 10_468_982_784, fixed=True),
        Field(
            "name",
            Kind.TEXT,
            "",
            "product name of the GPU, and profile of the instance",
            "NVIDIA H100 80GB HBM3 MIG 1g.10gb",
            label="name",
        ),
        Field(
            "uuid",
            Kind.TEXT,
            "",
            "UUID of the instance, as the driver reports it",
            "MIG-2d3b5a4e-8c1f-5b7e-9a60-3f1c2d4e5b6a",
            label="uuid",
        ),
        Field(
            "gpu_instance",
            Kind.INTEGER,
            "",
            "ID of the GPU instance; nvidia-smi calls it GI",
            7,
            label="gpu_instance",
        ),
        Field(
            "compute_instance",
            Kind.INTEGER,
            "",
            "ID of the compute instance; nvidia-smi calls it CI",
            0,
            label="compute_instance",
        ),
    ),
    labels=("gpu", "mig"),
)
