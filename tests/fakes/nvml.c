/* A stand-in for libnvidia-ml.so.1, so that the real pynvml runs without a GPU.
 *
 * It answers from a script, the file that FAKE_NVML_SCRIPT names, which is read again whenever it
 * has changed. Each line is a key, a space and a value; the first line with a key counts:
 *
 *     gpus 8                                how many there are (1)
 *     driver_version 570.86.15              and nvml_version
 *     gpu.utilization 75                    a reading of every GPU,
 *     gpu.3.utilization 80                  of GPU 3: the more specific key wins
 *     nvmlDeviceGetPowerUsage.error 3       a call that fails, with NVML's error code,
 *     nvmlDeviceGetPowerUsage.3.error 3     on GPU 3;
 *     *.3.error 15                          `*` is every call: GPU 3 is lost
 *     nvmlDeviceGetName.delay_ms 30000      a call that takes its time
 *
 * The readings, in NVML's units: name, uuid, utilization and memory_utilization (%), memory_total,
 * memory_reserved and memory_used (bytes), temperature (°C), power and power_limit (mW), sm_clock
 * and memory_clock (MHz), event_reasons (a mask), and those of nvml_health.c and nvml_processes.c.
 * Other readings change with the clock in smooth waves, the same in all processes.
 *
 * To add an NVML function, write it below like the others; nvml.h has the declarations:
 * https://docs.nvidia.com/deploy/nvml-api/
 */
#include "nvml_gpu.h"
#include "nvml_script.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CLOCK_GRAPHICS = 0, CLOCK_SM = 1, CLOCK_MEMORY = 2 };
enum { MAX_GPUS = 64, MAX_DEVICES = MAX_GPUS * (1 + MAX_MIG) };

#define GIBIBYTE (1024ULL * 1024 * 1024)
#define FULL_TURN 6.283185307179586

typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory_v2;
typedef struct { unsigned version; int sensor, temperature; } Temperature;

static const unsigned MEMORY_V2 = sizeof(Memory_v2) | 2u << 24;
static const unsigned TEMPERATURE_V1 = sizeof(Temperature) | 1u << 24;

static Device devices[MAX_DEVICES]; /* the GPUs, and behind them the MIG instances of each */
static atomic_int starts; /* calls of nvmlInit minus calls of nvmlShutdown */

/* ---- every call: whether NVML is started, a delay, a failure ---- */

static int gpu_count(void) {
    unsigned long long count = number("gpus", 1);
    return count < MAX_GPUS ? (int)count : MAX_GPUS;
}

static int enter(const char *function) {
    return starts ? behave(function, NO_GPU) : UNINITIALIZED;
}

int enter_gpu(const char *function, const Device *device, int *gpu) {
    if (!starts) return UNINITIALIZED;
    if (device < devices || device >= devices + MAX_DEVICES) return INVALID_ARGUMENT;
    int place = (int)(device - devices);
    *gpu = place < MAX_GPUS ? place : (place - MAX_GPUS) / MAX_MIG;
    return *gpu < gpu_count() ? behave(function, *gpu) : GPU_IS_LOST;
}

Device *mig_device(int gpu, unsigned instance) {
    return &devices[MAX_GPUS + gpu * MAX_MIG + (int)instance];
}

bool find_mig(const Device *device, Mig *mig) {
    int place = (int)(device - devices) - MAX_GPUS;
    return place >= 0 && mig_of(place / MAX_MIG, (unsigned)(place % MAX_MIG), mig);
}

/* Begins a function: returns from it with the error, if there is one. */
#define ENTER() do { int error = enter(__func__); if (error) return error; } while (0)

/* ---- what the GPUs read ---- */

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A wave between 0 and 1, shifted from GPU to GPU. */
static double wave(int gpu, double period_seconds) {
    double turns = seconds_now() / period_seconds;
    return 0.5 + 0.5 * sin(FULL_TURN * (fmod(turns, 1.0) + 0.13 * gpu));
}

static unsigned utilization(int gpu) {
    double busy = 115.0 * wave(gpu, 47.0 + gpu) - 5.0 + 6.0 * wave(gpu, 5.0);
    return (unsigned)reading(gpu, "utilization", fmin(100.0, fmax(0.0, busy)));
}

static unsigned memory_utilization(int gpu) {
    return (unsigned)reading(gpu, "memory_utilization", 0.6 * utilization(gpu));
}

static Memory_v2 memory(int gpu) {
    Memory_v2 memory = {.version = MEMORY_V2};
    memory.total = reading(gpu, "memory_total", 80.0 * GIBIBYTE);
    memory.reserved = reading(gpu, "memory_reserved", 0.0075 * (double)memory.total);
    memory.used = reading(gpu, "memory_used",
                          (0.1 + 0.8 * wave(gpu, 600.0 + 30.0 * gpu)) * (double)memory.total);
    memory.free = memory.total - memory.reserved - memory.used;
    return memory;
}

unsigned long long memory_used(int gpu) { return memory(gpu).used; }

unsigned temperature(int gpu) {
    double warmth = 0.7 * wave(gpu, 47.0 + gpu) + 0.3 * wave(gpu, 300.0);
    return (unsigned)reading(gpu, "temperature", 34.0 + 46.0 * warmth);
}

static unsigned power_limit(int gpu) {
    return (unsigned)reading(gpu, "power_limit", 700e3);
}

static unsigned power(int gpu) {
    double share = 0.1 + 0.88 * utilization(gpu) / 100.0 + 0.02 * wave(gpu, 3.0);
    return (unsigned)reading(gpu, "power", share * power_limit(gpu));
}

static unsigned clock_of(int gpu, int domain) {
    if (domain == CLOCK_MEMORY) return (unsigned)reading(gpu, "memory_clock", 2619.0);
    double load = utilization(gpu) / 100.0;
    return (unsigned)reading(gpu, "sm_clock", load < 0.05 ? 345.0 : 1980.0 - 255.0 * load);
}

static unsigned long long event_reasons(int gpu) {
    unsigned load = utilization(gpu);
    unsigned idle = load == 0 ? 0x1 : 0, power_cap = load > 97 ? 0x4 : 0;
    return reading(gpu, "event_reasons", idle | power_cap);
}

static int give(char *target, unsigned size, const char *text) {
    if (strlen(text) >= size) return INSUFFICIENT_SIZE;
    strcpy(target, text);
    return SUCCESS;
}

static int give_scripted(char *target, unsigned size, const char *key, const char *otherwise) {
    char value[MAX_TEXT];
    return give(target, size, look_up(key, value) ? value : otherwise);
}

#pragma GCC visibility push(default)

/* ---- NVML's functions: the machine ---- */

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    int error = behave(__func__, NO_GPU);
    starts += !error;
    return error;
}

int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

int nvmlShutdown(void) {
    if (!starts) return UNINITIALIZED;
    starts--;
    return SUCCESS;
}

const char *nvmlErrorString(int error) {
    (void)error;
    return "An Error Of The Stand-in";
}

int nvmlSystemGetDriverVersion(char *version, unsigned size) {
    ENTER();
    return give_scripted(version, size, "driver_version", "570.86.15");
}

int nvmlSystemGetNVMLVersion(char *version, unsigned size) {
    ENTER();
    return give_scripted(version, size, "nvml_version", "12.570.86.15");
}

int nvmlDeviceGetCount_v2(unsigned *count) {
    ENTER();
    *count = (unsigned)gpu_count();
    return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device **device) {
    if (starts && index >= (unsigned)gpu_count()) return INVALID_ARGUMENT;
    ENTER_GPU(&devices[index]);
    *device = &devices[gpu];
    return SUCCESS;
}

/* ---- NVML's functions: one GPU ---- */

int nvmlDeviceGetName(Device *device, char *name, unsigned size) {
    ENTER_GPU(device);
    char value[MAX_TEXT];
    Mig mig;
    if (find_mig(device, &mig)) return give(name, size, "NVIDIA H100 80GB HBM3 MIG 1g.10gb");
    return give(name, size, reading_text(gpu, "name", value) ? value : "NVIDIA H100 80GB HBM3");
}

int nvmlDeviceGetUUID(Device *device, char *uuid, unsigned size) {
    ENTER_GPU(device);
    char value[MAX_TEXT];
    Mig mig;
    if (find_mig(device, &mig))
        snprintf(value, sizeof value, "MIG-5eed0000-0000-4000-8000-%06x%06x", (unsigned)gpu,
                 mig.gpu_instance);
    else if (!reading_text(gpu, "uuid", value))
        snprintf(value, sizeof value, "GPU-5eed0000-0000-4000-8000-%012x", (unsigned)gpu);
    return give(uuid, size, value);
}

int nvmlDeviceGetUtilizationRates(Device *device, Utilization *rates) {
    ENTER_GPU(device);
    Mig mig;
    if (mig_of(gpu, 0, &mig)) return NOT_SUPPORTED; /* as NVML in MIG mode */
    *rates = (Utilization){utilization(gpu), memory_utilization(gpu)};
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(Device *device, Memory *info) {
    ENTER_GPU(device);
    Mig mig;
    if (find_mig(device, &mig)) {
        *info = (Memory){mig.total, mig.total - mig.used, mig.used};
        return SUCCESS;
    }
    Memory_v2 now = memory(gpu);
    *info = (Memory){now.total, now.free, now.used + now.reserved}; /* not kept apart here */
    return SUCCESS;
}

int nvmlDeviceGetMemoryInfo_v2(Device *device, Memory_v2 *info) {
    ENTER_GPU(device);
    if (info->version != MEMORY_V2) return ARGUMENT_VERSION_MISMATCH;
    *info = memory(gpu);
    return SUCCESS;
}

int nvmlDeviceGetTemperature(Device *device, int sensor, unsigned *degrees) {
    ENTER_GPU(device);
    if (sensor != 0) return INVALID_ARGUMENT;
    *degrees = temperature(gpu);
    return SUCCESS;
}

int nvmlDeviceGetTemperatureV(Device *device, Temperature *answer) {
    ENTER_GPU(device);
    if (answer->version != TEMPERATURE_V1) return ARGUMENT_VERSION_MISMATCH;
    if (answer->sensor != 0) return INVALID_ARGUMENT;
    answer->temperature = (int)temperature(gpu);
    return SUCCESS;
}

int nvmlDeviceGetPowerUsage(Device *device, unsigned *milliwatts) {
    ENTER_GPU(device);
    *milliwatts = power(gpu);
    return SUCCESS;
}

int nvmlDeviceGetEnforcedPowerLimit(Device *device, unsigned *milliwatts) {
    ENTER_GPU(device);
    *milliwatts = power_limit(gpu);
    return SUCCESS;
}

int nvmlDeviceGetClockInfo(Device *device, int domain, unsigned *megahertz) {
    ENTER_GPU(device);
    if (domain < CLOCK_GRAPHICS || domain > CLOCK_MEMORY) return INVALID_ARGUMENT;
    *megahertz = clock_of(gpu, domain);
    return SUCCESS;
}

int nvmlDeviceGetCurrentClocksEventReasons(Device *device, unsigned long long *mask) {
    ENTER_GPU(device);
    *mask = event_reasons(gpu);
    return SUCCESS;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(Device *device, unsigned long long *mask) {
    ENTER_GPU(device);
    *mask = event_reasons(gpu);
    return SUCCESS;
}

#pragma GCC visibility pop
