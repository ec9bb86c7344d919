/* What the functions of the stand-in for NVML share; nvml.c says what it can do. */
#ifndef NVML_GPU_H
#define NVML_GPU_H

#include <stdbool.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3 };
enum { NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, GPU_IS_LOST = 15, ARGUMENT_VERSION_MISMATCH = 25 };

typedef struct { char unused; } Device; /* NVML's handles are opaque: here, a place in an array */

/* An instance of a GPU in MIG mode. */
enum { MAX_MIG = 7 };
typedef struct { unsigned gpu_instance, compute_instance; unsigned long long total, used; } Mig;
bool mig_of(int gpu, unsigned instance, Mig *mig);
bool find_mig(const Device *device, Mig *mig);
Device *mig_device(int gpu, unsigned instance);

/* Says which GPU `device` is; returns the error that the script has for `function` on it. */
int enter_gpu(const char *function, const Device *device, int *gpu);

/* Begins a function: returns from it with the error, if there is one. */
#define ENTER_GPU(device) \
    int gpu; \
    do { int error = enter_gpu(__func__, device, &gpu); if (error) return error; } while (0)

/* What is read of a GPU: °C, bytes, and Unix time in seconds. */
unsigned temperature(int gpu);
unsigned long long memory_used(int gpu);
double seconds_now(void);

#endif
