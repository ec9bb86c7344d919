/* The script of the stand-in for NVML; nvml.c says what may stand in it. */
#ifndef NVML_SCRIPT_H
#define NVML_SCRIPT_H

#include <stdbool.h>

enum { MAX_TEXT = 4096, NO_GPU = -1 };

/* Copies the value of `key`, cut to MAX_TEXT; false where the script has no such key. */
bool look_up(const char *key, char *value);

/* The value of `key`, decimal or 0x…, else `otherwise`. */
unsigned long long number(const char *key, unsigned long long otherwise);

/* A reading of `gpu`: gpu.<gpu>.<name>, else gpu.<name>, else false. */
bool reading_text(int gpu, const char *name, char *value);
unsigned long long reading(int gpu, const char *name, double otherwise);

/* How many of NVML's functions have been called. */
unsigned long long fake_nvml_calls(void);

/* Waits as long as the script says that `function` takes on `gpu`; returns the error it gives. */
int behave(const char *function, int gpu);

#endif
