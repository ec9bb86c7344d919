/* The stand-in's functions about the processes that use a GPU; see nvml.c.
 *
 * The reading `processes` lists them, separated by spaces, each as pid:kind:bytes, where kind is
 * compute, graphics or mps, and bytes is - if the driver does not report them; in MIG mode
 * :gpu_instance follows. `none` stands for no process. What is not scripted is this process, with nine tenths of the memory in use.
 */
#define _GNU_SOURCE /* strtok_r, getpid */
#include "nvml_gpu.h"
#include "nvml_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    unsigned pid;
    unsigned long long usedGpuMemory;
    unsigned gpuInstanceId, computeInstanceId;
} ProcessInfo; /* of the functions' second and third versions */

enum { MAX_LISTED = 256 };

static const unsigned NO_INSTANCE = 0xffffffff;
static const unsigned long long NOT_TOLD = ~0ULL;

/* Lists the processes of `kind`; returns how many there are. */
static unsigned listed(int gpu, const char *kind, ProcessInfo *processes) {
    char text[MAX_TEXT], *rest = text;
    if (!reading_text(gpu, "processes", text))
        snprintf(text, sizeof text, "%d:compute:%llu", getpid(), memory_used(gpu) / 10 * 9);
    unsigned count = 0;
    for (char *word; (word = strtok_r(rest, " ", &rest)) && count < MAX_LISTED;) {
        char *after_pid = strchr(word, ':'), *after_kind = after_pid ? strchr(after_pid + 1, ':') : NULL;
        if (!after_kind) continue;
        size_t length = (size_t)(after_kind - after_pid - 1);
        if (length != strlen(kind) || strncmp(after_pid + 1, kind, length) != 0) continue;
        const char *bytes = after_kind + 1, *instance = strchr(bytes, ':');
        processes[count++] = (ProcessInfo){
            (unsigned)strtoul(word, NULL, 0),
            *bytes == '-' ? NOT_TOLD : strtoull(bytes, NULL, 0),
            instance ? (unsigned)strtoul(instance + 1, NULL, 0) : NO_INSTANCE,
            instance ? 0 : NO_INSTANCE};
    }
    return count;
}

/* Like NVML: if there is not enough room, it returns how much is needed. */
static int give_processes(int gpu, const char *kind, unsigned *count, ProcessInfo *target) {
    ProcessInfo processes[MAX_LISTED];
    unsigned found = listed(gpu, kind, processes), room = target ? *count : 0;
    *count = found;
    if (found > room) return INSUFFICIENT_SIZE;
    if (target) memcpy(target, processes, found * sizeof *target);
    return SUCCESS;
}

#pragma GCC visibility push(default)

#define LISTING(function, kind) \
    int function(Device *device, unsigned *count, ProcessInfo *processes) { \
        ENTER_GPU(device); \
        return give_processes(gpu, kind, count, processes); \
    }

LISTING(nvmlDeviceGetComputeRunningProcesses_v2, "compute")
LISTING(nvmlDeviceGetComputeRunningProcesses_v3, "compute")
LISTING(nvmlDeviceGetGraphicsRunningProcesses_v2, "graphics")
LISTING(nvmlDeviceGetGraphicsRunningProcesses_v3, "graphics")
LISTING(nvmlDeviceGetMPSComputeRunningProcesses_v2, "mps")
LISTING(nvmlDeviceGetMPSComputeRunningProcesses_v3, "mps")

#pragma GCC visibility pop
