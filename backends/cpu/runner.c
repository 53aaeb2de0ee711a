/* The trusted process that a kernel runs in. It confines itself, loads the kernel, seals itself, then answers requests.
 *
 *   runner LIBRARY REQUEST REPLY INPUTS OUTPUTS SLOTS INPUT_STRIDE OUTPUT_STRIDE ARGUMENT...
 *
 * ARGUMENT is i<offset> or o<offset>: where the kernel's parameters lie in a slot of the input or output memory.
 * Nothing here is believed by the harness: a kernel shares this address space. A reply only says that memory may be looked at;
 * a reported trap is a hint about a death that the harness sees for itself. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <ucontext.h>

#include "call.h"
#include "confine.h"

enum { STACK_BYTES = 8 << 20, CANNOT_LOAD = 119, BROKEN = 120 };
enum { DONE = 0, READY = 1, TRAPPED = 2, CONTROL_WORD = 3 };

struct request { uint64_t nonce; uint32_t begin, count; };
struct reply { uint64_t nonce; uint32_t status, signal; uint64_t address, pc; };

static int reply_fd;
static uint64_t nonce, library_base, stack_low;

static void fail(const char *what)
{
    fprintf(stderr, "runner: %s\n", what);
    exit(BROKEN);
}

/* The two system calls of a loaded kernel's process, each at one place that the filter knows: code found elsewhere, in libc
 * say, is of no use to a kernel. The label is the address that the kernel sees, behind the instruction. */
#if defined __x86_64__
#define SYSTEM_CALL(label, result, number, fd, data, size)                                                                      \
    __asm__ volatile("syscall\n" label ":"                                                                                      \
                     : "=a"(result)                                                                                             \
                     : "a"((long)(number)), "D"((long)(fd)), "S"(data), "d"(size)                                               \
                     : "rcx", "r11", "memory")
#elif defined __aarch64__
#define SYSTEM_CALL(label, result, number, fd, data, size)                                                                      \
    do {                                                                                                                        \
        register long x8 __asm__("x8") = (number), x0 __asm__("x0") = (fd), x1 __asm__("x1") = (long)(data);                   \
        register long x2 __asm__("x2") = (long)(size);                                                                          \
        __asm__ volatile("svc #0\n" label ":" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");                               \
        (result) = x0;                                                                                                          \
    } while (0)
#endif
extern const char after_read[] __attribute__((visibility("hidden")));
extern const char after_write[] __attribute__((visibility("hidden")));

static __attribute__((noinline, noclone)) int ask(int fd, struct request *request)
{
    long got;
    SYSTEM_CALL("after_read", got, SYS_read, fd, request, sizeof *request);
    return got == sizeof *request;
}

static __attribute__((noinline, noclone)) void answer(uint32_t status, uint32_t signal, uint64_t address, uint64_t pc)
{
    struct reply reply = {nonce, status, signal, address, pc};
    long sent;
    SYSTEM_CALL("after_write", sent, SYS_write, reply_fd, &reply, sizeof reply);
    if (sent != sizeof reply) _exit(BROKEN);
}

/* Reports where a trap happened and returns: the instruction traps again under the default action, which ends the process. */
static void on_trap(int signal, siginfo_t *info, void *context)
{
    uint64_t pc = 0, address = (uint64_t)info->si_addr;
#if defined __x86_64__
    pc = (uint64_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    pc = ((ucontext_t *)context)->uc_mcontext.pc;
#endif
    int overflow = signal == SIGSEGV && address < stack_low + 65536 && address + (64u << 20) > stack_low;
    answer(TRAPPED, overflow ? 0 : (uint32_t)signal, address, pc - library_base);
}

static void catch_traps(void)
{
    static char stack[65536];
    stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternative, NULL);
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND};
    const int traps[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++) sigaction(traps[i], &action, NULL);
    struct rlimit limit;
    char here;
    uint64_t size = !getrlimit(RLIMIT_STACK, &limit) && limit.rlim_cur < STACK_BYTES ? limit.rlim_cur : STACK_BYTES;
    stack_low = (uint64_t)&here - size;
}

/* Maps a shared memory between two inaccessible regions, so that running off either end traps. */
static char *map(const char *where, int protection, size_t used)
{
    const size_t fence = 1 << 20;
    int is_number = where[0] >= '0' && where[0] <= '9';
    int fd = is_number ? atoi(where) : open(where, protection & PROT_WRITE ? O_RDWR : O_RDONLY);
    struct stat status;
    if (fd < 0 || fstat(fd, &status)) fail("cannot open a shared memory");
    size_t size = (size_t)status.st_size;
    char *reserved = mmap(NULL, size + 2 * fence, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED || used > size) fail("cannot reserve a shared memory");
    char *memory = mmap(reserved + fence, size, protection, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
    if (memory == MAP_FAILED) fail("cannot map a shared memory");
    close(fd);
    return memory + size - used;
}

/* What is left while the kernel is loaded: reading libraries, memory, and the pipes. */
static void confine(const char *library, int request_fd)
{
    const int keep[] = {0, 1, 2, request_fd, reply_fd};
    struct confine_options options = CONFINE_OPTIONS;
    options.stack_bytes = STACK_BYTES;
    options.keep_fds = keep, options.keep_count = sizeof keep / sizeof *keep;
    const char *readable[] = {"/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", library};
    if (confine_limits(&options)) fail(confine_message());
    int landlock = confine_filesystem(readable, sizeof readable / sizeof *readable);
    if (landlock && landlock != -ENOSYS && landlock != -EOPNOTSUPP) fail(confine_message());
    if (confine_syscalls_strict()) fail(confine_message());
}

/* Allows a call on one descriptor, from one instruction. The accumulator holds the call's number before and after. */
static void allow(struct confine_filter *filter, uint32_t number, int fd, const char *after)
{
    const size_t pointer = offsetof(struct seccomp_data, instruction_pointer); /* both architectures are little-endian */
    confine_emit(filter, CONFINE_JEQ, 0, 8, number);
    confine_load(filter, offsetof(struct seccomp_data, args));
    confine_emit(filter, CONFINE_JEQ, 0, 5, (uint32_t)fd);
    confine_load(filter, pointer);
    confine_emit(filter, CONFINE_JEQ, 0, 3, (uint32_t)(uintptr_t)after);
    confine_load(filter, pointer + 4);
    confine_emit(filter, CONFINE_JEQ, 0, 1, (uint32_t)((uintptr_t)after >> 32));
    confine_emit(filter, CONFINE_RET, 0, 0, SECCOMP_RET_ALLOW);
    confine_load(filter, offsetof(struct seccomp_data, nr));
}

/* What is left once it is loaded: asking, answering, returning from a trap, ending. Anything else ends the process; so this
 * is stricter than confine_syscalls_seal. */
static void seal(int request_fd)
{
    const struct confine_rule rules[] = {
        CONFINE_ALLOW_CALL(rt_sigreturn), CONFINE_ALLOW_CALL(restart_syscall), CONFINE_ALLOW_CALL(exit_group),
    };
    struct confine_filter filter = {.length = 0};
    confine_emit_prologue(&filter);
    allow(&filter, SYS_read, request_fd, after_read);
    allow(&filter, SYS_write, reply_fd, after_write);
    confine_emit_rules(&filter, rules, CONFINE_COUNT(rules));
    if (confine_install(&filter, SECCOMP_RET_KILL_PROCESS, "seccomp (kernel)")) fail(confine_message());
}

/* The object was inspected before, so what can fail here is memory for its static arrays. */
static void *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *kernel = library ? dlsym(library, "kernel") : NULL;
    Dl_info info;
    if (!kernel) {
        fprintf(stderr, "%s\n", dlerror());
        exit(CANNOT_LOAD);
    }
    if (dladdr(kernel, &info)) library_base = (uint64_t)info.dli_fbase;
    return kernel;
}

int main(int argc, char **argv)
{
    if (argc < 10 || argc - 9 > MAX_ARGUMENTS) fail("wrong arguments");
    int request_fd = atoi(argv[2]);
    reply_fd = atoi(argv[3]);
    size_t slots = strtoul(argv[6], NULL, 10);
    struct call call = {.input_stride = strtoul(argv[7], NULL, 10), .output_stride = strtoul(argv[8], NULL, 10)};
    char *inputs = map(argv[4], PROT_READ, slots * call.input_stride);
    char *outputs = map(argv[5], PROT_READ | PROT_WRITE, slots * call.output_stride);
    parse_arguments(&call, argv + 9, argc - 9, inputs, outputs);

    catch_traps();
    confine(argv[1], request_fd);
    void *kernel = load(argv[1]);
    seal(request_fd);
    answer(READY, 0, 0, 0);

    struct request request;
    while (ask(request_fd, &request)) {
        nonce = request.nonce;
        if (request.begin > slots || request.count > slots - request.begin) return BROKEN;
        answer(invoke(kernel, &call, request.begin, request.count) ? DONE : CONTROL_WORD, 0, 0, 0);
    }
    return 0;
}
