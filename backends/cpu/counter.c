/* Calls a kernel on one input set under an instruction counter (callgrind). Runs in a tool box; nothing it says is believed.
 *
 *   counter LIBRARY CALLS INPUTS INPUT_BYTES OUTPUT_BYTES ARGUMENT...      arguments as of runner.c */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "call.h"

int main(int argc, char **argv)
{
    if (argc < 7 || argc - 6 > MAX_ARGUMENTS) return 2;
    size_t input_bytes = strtoul(argv[4], NULL, 10), output_bytes = strtoul(argv[5], NULL, 10);
    char *inputs = aligned_alloc(64, input_bytes), *outputs = aligned_alloc(64, output_bytes);
    FILE *file = fopen(argv[3], "rb");
    if (!inputs || !outputs || !file || fread(inputs, 1, input_bytes, file) != input_bytes) return 3;
    memset(outputs, 0, output_bytes);

    struct call call = {.input_stride = 0, .output_stride = 0};
    parse_arguments(&call, argv + 6, argc - 6, inputs, outputs);
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    void *kernel = library ? dlsym(library, "kernel") : NULL;
    if (!kernel) return 4;
    return invoke(kernel, &call, 0, strtoul(argv[2], NULL, 10)) ? 0 : 5;
}
