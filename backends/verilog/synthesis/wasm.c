/* Runs one WebAssembly program, compiled ahead of time, with nothing in reach but its working folder.
 *
 *   wasm LIBRARY MODULE MEMORY_BYTES [GUEST=FOLDER]... -- ARGV...
 *
 * LIBRARY is the shared library inside pip's `wasmtime`, MODULE what `wasmtime_module_serialize` wrote. The program sees the
 * working folder as "." and as "/tmp" (to read and write), each FOLDER as GUEST (to read), and the standard streams. Its linear memory cannot
 * grow beyond MEMORY_BYTES. Exits as the program does, with 70 (EX_SOFTWARE) if it trapped, and with 125 if it could not start;
 * a program that exits with one of these itself has failed with 1.
 *
 * pip ships no headers, so the calls used are declared here, after wasmtime's documented C API (wasmtime.h, wasi.h). Structures
 * are opaque but for wasm_byte_vec_t (`struct bytes`) and wasmtime_extern_t (`struct item`); instances and functions are only
 * passed on, in buffers of ample size. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAPPED = 70, COULD_NOT_START = 125, READ = 1, READ_WRITE = 3 };

struct bytes {
    size_t size;
    char *data;
};

/* Something that an instance exports: its kind, and for a function the handle that the calls take. */
struct item {
    uint8_t kind;
    uint64_t function[8];
};

enum { FUNCTION = 0 };

static void *library;

static void fail(const char *step, const char *detail)
{
    fprintf(stderr, "wasm: %s: %s\n", step, detail);
    exit(COULD_NOT_START);
}

static void *find(const char *name)
{
    void *symbol = dlsym(library, name);
    if (!symbol)
        fail(name, "not in this wasmtime");
    return symbol;
}

/* CALL(result, name, (parameter types), arguments...): a call of a function of the library. */
#define CALL(result, name, types, ...) ((result(*) types)find(#name))(__VA_ARGS__)

static void print_error(const char *step, void *error)
{
    struct bytes text;
    CALL(void, wasmtime_error_message, (void *, struct bytes *), error, &text);
    fprintf(stderr, "wasm: %s: %.*s\n", step, (int)text.size, text.data);
}

static void check(const char *step, void *error)
{
    if (!error)
        return;
    print_error(step, error);
    exit(COULD_NOT_START);
}

/* The same settings as in modules.py, which compiled the module: wasmtime refuses it otherwise. */
static void *make_engine(void)
{
    void *config = CALL(void *, wasm_config_new, (void));
    CALL(void, wasmtime_config_wasm_exceptions_set, (void *, bool), config, true);
    return CALL(void *, wasm_engine_new_with_config, (void *), config);
}

static void open_folder(void *wasi, const char *folder, const char *guest, size_t permissions)
{
    if (!CALL(bool, wasi_config_preopen_dir, (void *, const char *, const char *, size_t, size_t), wasi, folder, guest,
              permissions, permissions))
        fail(folder, "cannot be opened");
}

/* Returns the position behind "--". */
static int open_folders(void *wasi, int argc, char **argv, int at)
{
    open_folder(wasi, ".", ".", READ_WRITE);
    open_folder(wasi, ".", "/tmp", READ_WRITE);
    for (; at < argc && strcmp(argv[at], "--"); at++) {
        char *equals = strchr(argv[at], '=');
        if (!equals)
            fail(argv[at], "should be GUEST=FOLDER");
        *equals = 0;
        open_folder(wasi, equals + 1, argv[at], READ);
    }
    return at + 1;
}

static void *make_wasi(int argc, char **argv, int at)
{
    void *wasi = CALL(void *, wasi_config_new, (void));
    at = open_folders(wasi, argc, argv, at);
    if (at >= argc)
        fail("usage", "wasm LIBRARY MODULE MEMORY_BYTES [GUEST=FOLDER]... -- ARGV...");
    if (!CALL(bool, wasi_config_set_argv, (void *, size_t, char **), wasi, (size_t)(argc - at), argv + at))
        fail("arguments", "not UTF-8");
    CALL(void, wasi_config_inherit_stdout, (void *), wasi);
    CALL(void, wasi_config_inherit_stderr, (void *), wasi);
    return wasi;
}

static void check_trap(const char *step, void *trap)
{
    if (!trap)
        return;
    struct bytes text;
    CALL(void, wasm_trap_message, (void *, struct bytes *), trap, &text);
    fail(step, text.data);
}

/* Makes an instance and finds its entry. */
static void instantiate(void *engine, void *context, void *module, struct item *start)
{
    uint64_t instance[8];
    void *trap = NULL, *linker = CALL(void *, wasmtime_linker_new, (void *), engine);
    check("wasi", CALL(void *, wasmtime_linker_define_wasi, (void *), linker));
    check("instance", CALL(void *, wasmtime_linker_instantiate, (void *, void *, void *, void *, void **), linker, context, module,
                           instance, &trap));
    check_trap("instance", trap);
    if (!CALL(bool, wasmtime_instance_export_get, (void *, void *, const char *, size_t, struct item *), context, instance,
              "_start", strlen("_start"), start) ||
        start->kind != FUNCTION)
        fail("_start", "not in the module");
}

static int run(void *engine, void *module, void *wasi, int64_t memory_bytes)
{
    void *store = CALL(void *, wasmtime_store_new, (void *, void *, void *), engine, NULL, NULL);
    void *context = CALL(void *, wasmtime_store_context, (void *), store);
    CALL(void, wasmtime_store_limiter, (void *, int64_t, int64_t, int64_t, int64_t, int64_t), store, memory_bytes, -1, -1, -1, -1);
    check("wasi", CALL(void *, wasmtime_context_set_wasi, (void *, void *), context, wasi));
    struct item start;
    instantiate(engine, context, module, &start);
    void *trap = NULL;
    void *error = CALL(void *, wasmtime_func_call, (void *, void *, void *, size_t, void *, size_t, void **), context,
                       start.function, NULL, 0, NULL, 0, &trap);
    int status = 0;
    if (error && !CALL(bool, wasmtime_error_exit_status, (void *, int *), error, &status)) {
        print_error("trap", error);
        return TRAPPED;
    }
    return trap ? TRAPPED : status == TRAPPED || status == COULD_NOT_START ? 1 : status;
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("usage", "wasm LIBRARY MODULE MEMORY_BYTES [GUEST=FOLDER]... -- ARGV...");
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail(argv[1], dlerror());
    void *engine = make_engine(), *module = NULL;
    check("module", CALL(void *, wasmtime_module_deserialize_file, (void *, const char *, void **), engine, argv[2], &module));
    int status = run(engine, module, make_wasi(argc, argv, 4), strtoll(argv[3], NULL, 10));
    fflush(NULL);
    _Exit(status); /* taking the store down in order costs time and changes nothing */
}
