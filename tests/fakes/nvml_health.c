/* The stand-in's functions about a GPU's health, its link, and the energy it has used; see nvml.c.
 *
 * The readings, in NVML's units: energy (mJ), memory_temperature, slowdown_temperature and
 * temperature_margin (°C), fan_speed (%), performance_state, pcie_generation, pcie_width,
 * pcie_tx_bytes, pcie_rx_bytes, nvlink_links, nvlink_active, nvlink_tx_kib, nvlink_rx_kib, ecc_errors_corrected, ecc_errors_uncorrected,
 * ecc_errors_uncorrected_volatile, retired_pages, retirement_pending, remapped_rows,
 * remapping_pending, compute_mode, pci_bus_id. field.<id>.error fails one field of
 * nvmlDeviceGetFieldValues, ecc_errors_<which>.error one of the counts of errors.
 */
#include "nvml_gpu.h"
#include "nvml_script.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FI_RETIRED_SBE = 29, FI_RETIRED_DBE = 30, FI_RETIRED_PENDING = 31, FI_MEMORY_TEMP = 82 };
enum { FI_PCIE_COUNT_TX_BYTES = 197, FI_PCIE_COUNT_RX_BYTES = 198 };
enum { FI_NVLINK_COUNT = 91, FI_NVLINK_DATA_TX = 138, FI_NVLINK_DATA_RX = 139 };
enum { VALUE_UNSIGNED_INT = 1, VALUE_UNSIGNED_LONG_LONG = 3 };
enum { ECC_CORRECTED = 0, ECC_UNCORRECTED = 1, ECC_VOLATILE = 0, ECC_AGGREGATE = 1 };
enum { THRESHOLD_SLOWDOWN = 1 };

typedef union { double dVal; unsigned uiVal; unsigned long long ullVal; } Value;
typedef struct {
    unsigned fieldId, scopeId;
    long long timestamp, latencyUsec;
    int valueType, nvmlReturn;
    Value value;
} FieldValue;
typedef struct {
    char busIdLegacy[16];
    unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} PciInfo;
typedef struct { unsigned version; int marginTemperature; } MarginTemperature;

static const unsigned ALL_LINKS = 0xffffffff;
static const unsigned MARGIN_V1 = sizeof(MarginTemperature) | 1u << 24;

static unsigned slowdown_temperature(int gpu) {
    return (unsigned)reading(gpu, "slowdown_temperature", 92.0);
}

/* A counter that grows by `per_second`, and starts again every eleven days. */
static unsigned long long growing(int gpu, const char *name, double per_second) {
    return reading(gpu, name, fmod(seconds_now(), 1e6) * per_second);
}

static unsigned nvlinks(int gpu) { return (unsigned)reading(gpu, "nvlink_links", 18); }

/* Returns NVML's error for the field. */
static int give_field(int gpu, FieldValue *field) {
    char key[MAX_TEXT];
    snprintf(key, sizeof key, "field.%u.error", field->fieldId);
    int error = (int)number(key, SUCCESS);
    if (error) return error;
    field->valueType = VALUE_UNSIGNED_LONG_LONG;
    switch (field->fieldId) {
    case FI_MEMORY_TEMP:
        field->valueType = VALUE_UNSIGNED_INT;
        field->value.uiVal = (unsigned)reading(gpu, "memory_temperature", temperature(gpu) + 8.0);
        return SUCCESS;
    case FI_PCIE_COUNT_TX_BYTES:
        field->value.ullVal = growing(gpu, "pcie_tx_bytes", 400e6);
        return SUCCESS;
    case FI_PCIE_COUNT_RX_BYTES:
        field->value.ullVal = growing(gpu, "pcie_rx_bytes", 900e6);
        return SUCCESS;
    case FI_NVLINK_COUNT:
        field->value.ullVal = nvlinks(gpu);
        return SUCCESS;
    case FI_NVLINK_DATA_TX:
        field->value.ullVal = growing(gpu, "nvlink_tx_kib", 30e6);
        return field->scopeId == ALL_LINKS ? SUCCESS : INVALID_ARGUMENT;
    case FI_NVLINK_DATA_RX:
        field->value.ullVal = growing(gpu, "nvlink_rx_kib", 28e6);
        return field->scopeId == ALL_LINKS ? SUCCESS : INVALID_ARGUMENT;
    case FI_RETIRED_SBE:
        field->value.ullVal = reading(gpu, "retired_pages", 0);
        return SUCCESS;
    case FI_RETIRED_DBE:
        field->value.ullVal = 0;
        return SUCCESS;
    case FI_RETIRED_PENDING:
        field->value.ullVal = reading(gpu, "retirement_pending", 0);
        return SUCCESS;
    default:
        return INVALID_ARGUMENT;
    }
}

#pragma GCC visibility push(default)

int nvmlDeviceGetFieldValues(Device *device, int count, FieldValue *values) {
    ENTER_GPU(device);
    for (int i = 0; i < count; i++) values[i].nvmlReturn = give_field(gpu, &values[i]);
    return SUCCESS;
}

int nvmlDeviceGetNvLinkState(Device *device, unsigned link, unsigned *active) {
    ENTER_GPU(device);
    if (link >= nvlinks(gpu)) return INVALID_ARGUMENT;
    *active = link < reading(gpu, "nvlink_active", nvlinks(gpu));
    return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(Device *device, unsigned long long *millijoules) {
    ENTER_GPU(device);
    *millijoules = growing(gpu, "energy", 350e3);
    return SUCCESS;
}

int nvmlDeviceGetFanSpeed(Device *device, unsigned *percent) {
    ENTER_GPU(device);
    *percent = (unsigned)reading(gpu, "fan_speed", temperature(gpu) - 10.0);
    return SUCCESS;
}

int nvmlDeviceGetPerformanceState(Device *device, int *state) {
    ENTER_GPU(device);
    *state = (int)reading(gpu, "performance_state", 0);
    return SUCCESS;
}

int nvmlDeviceGetCurrPcieLinkGeneration(Device *device, unsigned *generation) {
    ENTER_GPU(device);
    *generation = (unsigned)reading(gpu, "pcie_generation", 5);
    return SUCCESS;
}

int nvmlDeviceGetCurrPcieLinkWidth(Device *device, unsigned *lanes) {
    ENTER_GPU(device);
    *lanes = (unsigned)reading(gpu, "pcie_width", 16);
    return SUCCESS;
}

int nvmlDeviceGetTotalEccErrors(Device *device, int type, int counter, unsigned long long *count) {
    ENTER_GPU(device);
    if (type < ECC_CORRECTED || type > ECC_UNCORRECTED) return INVALID_ARGUMENT;
    if (counter < ECC_VOLATILE || counter > ECC_AGGREGATE) return INVALID_ARGUMENT;
    char key[MAX_TEXT];
    snprintf(key, sizeof key, "ecc_errors_%scorrected%s", type == ECC_UNCORRECTED ? "un" : "",
             counter == ECC_VOLATILE ? "_volatile" : "");
    char failing[sizeof key + sizeof ".error"];
    snprintf(failing, sizeof failing, "%s.error", key);
    *count = reading(gpu, key, 0);
    return (int)number(failing, SUCCESS);
}

int nvmlDeviceGetRemappedRows(Device *device, unsigned *corrected, unsigned *uncorrected,
                              unsigned *pending, unsigned *failure) {
    ENTER_GPU(device);
    *corrected = (unsigned)reading(gpu, "remapped_rows", 0);
    *pending = (unsigned)reading(gpu, "remapping_pending", 0);
    *uncorrected = *failure = 0;
    return SUCCESS;
}

int nvmlDeviceGetComputeMode(Device *device, int *mode) {
    ENTER_GPU(device);
    *mode = (int)reading(gpu, "compute_mode", 0);
    return SUCCESS;
}

int nvmlDeviceGetPciInfo_v3(Device *device, PciInfo *info) {
    ENTER_GPU(device);
    memset(info, 0, sizeof *info);
    info->bus = 0x18u + (unsigned)gpu;
    char scripted[MAX_TEXT];
    if (reading_text(gpu, "pci_bus_id", scripted))
        snprintf(info->busId, sizeof info->busId, "%.*s", (int)sizeof info->busId - 1, scripted);
    else
        snprintf(info->busId, sizeof info->busId, "00000000:%02X:00.0", info->bus & 0xff);
    return SUCCESS;
}

int nvmlDeviceGetTemperatureThreshold(Device *device, int threshold, unsigned *degrees) {
    ENTER_GPU(device);
    if (threshold != THRESHOLD_SLOWDOWN) return NOT_SUPPORTED;
    *degrees = slowdown_temperature(gpu);
    return SUCCESS;
}

int nvmlDeviceGetMarginTemperature(Device *device, MarginTemperature *margin) {
    ENTER_GPU(device);
    if (margin->version != MARGIN_V1) return ARGUMENT_VERSION_MISMATCH;
    double otherwise = (double)slowdown_temperature(gpu) - temperature(gpu);
    margin->marginTemperature = (int)(long long)reading(gpu, "temperature_margin", otherwise);
    return SUCCESS;
}

#pragma GCC visibility pop
