/* The stand-in's functions about GPUs in MIG mode; see nvml.c.
 *
 * The reading `mig` lists a GPU's instances, separated by spaces, each as gpu_instance:
 * compute_instance:total:used in bytes, `-` if there is none with that index. A GPU that has
 * the reading is in MIG mode.
 */
#include "nvml_gpu.h"
#include "nvml_script.h"

#include <stdio.h>
#include <string.h>

bool mig_of(int gpu, unsigned instance, Mig *mig) {
    char text[MAX_TEXT];
    if (!reading_text(gpu, "mig", text)) return false;
    const char *word = text;
    for (unsigned i = 0; i < instance && word; i++) {
        word = strchr(word, ' ');
        if (word) word++;
    }
    return word && sscanf(word, "%u:%u:%llu:%llu", &mig->gpu_instance, &mig->compute_instance,
                          &mig->total, &mig->used) == 4;
}

#pragma GCC visibility push(default)

int nvmlDeviceGetMigMode(Device *device, unsigned *current, unsigned *pending) {
    ENTER_GPU(device);
    char text[MAX_TEXT];
    *current = *pending = reading_text(gpu, "mig", text);
    return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(Device *device, unsigned *count) {
    ENTER_GPU(device);
    *count = MAX_MIG;
    return SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(Device *device, unsigned index, Device **instance) {
    ENTER_GPU(device);
    Mig mig;
    if (index >= MAX_MIG) return INVALID_ARGUMENT;
    if (!mig_of(gpu, index, &mig)) return NOT_FOUND;
    *instance = mig_device(gpu, index);
    return SUCCESS;
}

int nvmlDeviceGetGpuInstanceId(Device *device, unsigned *id) {
    ENTER_GPU(device);
    Mig mig;
    if (!find_mig(device, &mig)) return NOT_FOUND;
    *id = mig.gpu_instance;
    return SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(Device *device, unsigned *id) {
    ENTER_GPU(device);
    Mig mig;
    if (!find_mig(device, &mig)) return NOT_FOUND;
    *id = mig.compute_instance;
    return SUCCESS;
}

#pragma GCC visibility pop
