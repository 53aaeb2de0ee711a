/* Confinement of the calling process, from inside: resource limits, Landlock, and seccomp filters in raw BPF.
 *
 * Header-only C11 for trusted launchers and runners; needs nothing but libc and kernel headers. Works on x86-64 and aarch64.
 * All functions return 0 or -errno; confine_message() then says which step failed. A trusted runner that loads an untrusted
 * kernel calls them in this order:
 *
 *     struct confine_options options = CONFINE_OPTIONS;          // every limit: leave as it is
 *     options.cpu_seconds = 10;
 *     int keep[] = {0, 1, 2, request, reply, input, output};
 *     options.keep_fds = keep, options.keep_count = 7;
 *     confine_limits(&options);                                   // limits, stray descriptors, no_new_privs, not dumpable
 *     const char *read[] = {"/usr/lib", "/lib", "/lib64", "/kernel.so"};
 *     confine_filesystem(read, 4);                                // may return -ENOSYS or -EOPNOTSUPP: no Landlock here
 *     confine_syscalls_strict();                                  // from here on: this thread only, no new thread or process
 *     void *kernel = dlopen("/kernel.so", RTLD_NOW);              // its constructors already run inside all of the above
 *     confine_syscalls_seal();                                    // no file is opened, no page becomes executable any more
 *
 * Filters bind the calling thread and what it starts, so call them before starting threads. Denied calls return EPERM; a call
 * of a foreign architecture (32-bit, x32) kills the process, as its numbers mean other things. Filters only ever add up.
 */
#ifndef KERNELWRIGHT_CONFINE_H
#define KERNELWRIGHT_CONFINE_H

#ifndef _GNU_SOURCE
#error "define _GNU_SOURCE before the first include"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define CONFINE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define CONFINE_ARCH AUDIT_ARCH_AARCH64
#else
#error "confine.h knows the system calls of x86-64 and aarch64 only"
#endif

#define CONFINE_API static __attribute__((unused))

/* ---- Failures --------------------------------------------------------------------------------------------------------- */

static char confine_text[192] = "nothing failed";

/* The step that failed last and why, for people. */
CONFINE_API const char *confine_message(void) { return confine_text; }

static int confine_fail(const char *step)
{
    int error = errno ? errno : EINVAL;
    snprintf(confine_text, sizeof confine_text, "%s: %s", step, strerror(error));
    return -error;
}

/* ---- Limits ----------------------------------------------------------------------------------------------------------- */

#define CONFINE_KEEP UINT64_MAX /* leave this limit as it is */

struct confine_options {
    uint64_t memory_bytes; /* RLIMIT_AS: address space per process */
    uint64_t cpu_seconds;  /* RLIMIT_CPU: SIGKILL at the limit */
    uint64_t file_bytes;   /* RLIMIT_FSIZE: largest file; 0 forbids writing to files (pipes are no files) */
    uint64_t processes;    /* RLIMIT_NPROC: tasks of this uid; void for uid 0 */
    uint64_t open_files;   /* RLIMIT_NOFILE */
    uint64_t stack_bytes;  /* RLIMIT_STACK */
    const int *keep_fds;   /* descriptors to keep open; NULL leaves all open */
    int keep_count;
};

#define CONFINE_OPTIONS                                                                                                         \
    {CONFINE_KEEP, CONFINE_KEEP, CONFINE_KEEP, CONFINE_KEEP, CONFINE_KEEP, CONFINE_KEEP, NULL, 0}

static int confine_limit(const char *step, int resource, uint64_t value)
{
    if (value == CONFINE_KEEP)
        return 0;
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now))
        return confine_fail(step);
    if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max)
        value = now.rlim_max; /* an outer limit is stricter already */
    struct rlimit limit = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &limit) ? confine_fail(step) : 0;
}

static int confine_compare(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* Closes every descriptor that is not listed. */
CONFINE_API int confine_close(const int *keep, int count)
{
    int sorted[256];
    if (count < 0 || count > 256) {
        errno = E2BIG;
        return confine_fail("close_range");
    }
    memcpy(sorted, keep, (size_t)count * sizeof *keep);
    qsort(sorted, (size_t)count, sizeof *sorted, confine_compare);
    unsigned first = 0;
    for (int i = 0; i <= count; i++) {
        unsigned next = i < count ? (unsigned)sorted[i] : UINT_MAX;
        if (next > first && syscall(SYS_close_range, first, i < count ? next - 1 : UINT_MAX, 0))
            return confine_fail("close_range");
        first = next + 1;
    }
    return 0;
}

/* Resource limits (core dumps always off), stray descriptors, no new privileges, no ptrace by processes of the same uid. */
CONFINE_API int confine_limits(const struct confine_options *options)
{
    int code;
    if (options->keep_fds && (code = confine_close(options->keep_fds, options->keep_count)))
        return code;
    if ((code = confine_limit("RLIMIT_CORE", RLIMIT_CORE, 0)) ||
        (code = confine_limit("RLIMIT_AS", RLIMIT_AS, options->memory_bytes)) ||
        (code = confine_limit("RLIMIT_CPU", RLIMIT_CPU, options->cpu_seconds)) ||
        (code = confine_limit("RLIMIT_FSIZE", RLIMIT_FSIZE, options->file_bytes)) ||
        (code = confine_limit("RLIMIT_NPROC", RLIMIT_NPROC, options->processes)) ||
        (code = confine_limit("RLIMIT_NOFILE", RLIMIT_NOFILE, options->open_files)) ||
        (code = confine_limit("RLIMIT_STACK", RLIMIT_STACK, options->stack_bytes)))
        return code;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return confine_fail("PR_SET_NO_NEW_PRIVS");
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? confine_fail("PR_SET_DUMPABLE") : 0;
}

/* ---- Landlock --------------------------------------------------------------------------------------------------------- */

/* Numbers and layouts are written out, because the headers of a stable distribution are older than its users' kernels. */
enum { CONFINE_LANDLOCK_CREATE = 444, CONFINE_LANDLOCK_ADD = 445, CONFINE_LANDLOCK_RESTRICT = 446 };

enum {
    CONFINE_FS_EXECUTE = 1 << 0,
    CONFINE_FS_WRITE_FILE = 1 << 1,
    CONFINE_FS_READ_FILE = 1 << 2,
    CONFINE_FS_READ_DIR = 1 << 3,
    CONFINE_FS_MAKE_CHAR = 1 << 6,
    CONFINE_FS_MAKE_SOCK = 1 << 9,
    CONFINE_FS_MAKE_BLOCK = 1 << 11,
    CONFINE_FS_ABI_1 = (1 << 13) - 1,
    CONFINE_FS_REFER = 1 << 13,     /* ABI 2 */
    CONFINE_FS_TRUNCATE = 1 << 14,  /* ABI 3 */
    CONFINE_FS_IOCTL_DEV = 1 << 15, /* ABI 5 */
    CONFINE_FS_OF_FILES = CONFINE_FS_EXECUTE | CONFINE_FS_WRITE_FILE | CONFINE_FS_READ_FILE | CONFINE_FS_TRUNCATE |
                          CONFINE_FS_IOCTL_DEV, /* the rights that a rule on a file, not a folder, may name */
    CONFINE_FS_READ = CONFINE_FS_READ_FILE | CONFINE_FS_READ_DIR,
};

struct confine_ruleset {
    uint64_t fs;     /* handled file rights */
    uint64_t net;    /* ABI 4: TCP bind and connect */
    uint64_t scoped; /* ABI 6: abstract unix sockets and signals to processes outside */
};

/* Version of Landlock, or 0 where there is none. */
CONFINE_API int confine_landlock_abi(void)
{
    long abi = syscall(CONFINE_LANDLOCK_CREATE, NULL, 0, 1u /* LANDLOCK_CREATE_RULESET_VERSION */);
    return abi < 0 ? 0 : (int)abi;
}

static uint64_t confine_handled(int abi)
{
    return CONFINE_FS_ABI_1 | (abi >= 2 ? CONFINE_FS_REFER : 0) | (abi >= 3 ? CONFINE_FS_TRUNCATE : 0) |
           (abi >= 5 ? CONFINE_FS_IOCTL_DEV : 0);
}

/* A path that does not exist grants nothing and is no error: lists of library folders differ between distributions. */
static int confine_allow_path(int ruleset, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : confine_fail(path);
    struct stat status;
    int code = fstat(fd, &status) ? confine_fail(path) : 0;
    if (!code && !S_ISDIR(status.st_mode))
        rights &= CONFINE_FS_OF_FILES;
    struct __attribute__((packed)) {
        uint64_t rights;
        int32_t fd;
    } rule = {rights, fd};
    if (!code && syscall(CONFINE_LANDLOCK_ADD, ruleset, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0))
        code = confine_fail(path);
    close(fd);
    return code;
}

/* Files: `read` paths may be read (and, with `execute`, run), `write` paths used freely save for devices and sockets; nothing
 * else opens. TCP is denied from ABI 4 on, signals and abstract sockets to the outside from ABI 6 on. Descriptors that are
 * open already stay usable. */
CONFINE_API int confine_landlock(const char *const *read, int reads, int execute, const char *const *write, int writes)
{
    int abi = confine_landlock_abi();
    if (abi < 1)
        return confine_fail("landlock");
    struct confine_ruleset handled = {confine_handled(abi), abi >= 4 ? 3 : 0, abi >= 6 ? 3 : 0};
    size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    int ruleset = (int)syscall(CONFINE_LANDLOCK_CREATE, &handled, size, 0);
    if (ruleset < 0)
        return confine_fail("landlock_create_ruleset");
    uint64_t readable = CONFINE_FS_READ | (execute ? CONFINE_FS_EXECUTE : 0);
    uint64_t writable = handled.fs & ~(uint64_t)(CONFINE_FS_MAKE_CHAR | CONFINE_FS_MAKE_BLOCK | CONFINE_FS_MAKE_SOCK);
    int code = 0;
    for (int i = 0; !code && i < reads; i++)
        code = confine_allow_path(ruleset, read[i], readable);
    for (int i = 0; !code && i < writes; i++)
        code = confine_allow_path(ruleset, write[i], writable);
    if (!code && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        code = confine_fail("PR_SET_NO_NEW_PRIVS");
    if (!code && syscall(CONFINE_LANDLOCK_RESTRICT, ruleset, 0))
        code = confine_fail("landlock_restrict_self");
    close(ruleset);
    return code;
}

/* Only these paths can be opened, and only for reading; nothing can be executed (mapping a library is not executing).
 * -ENOSYS or -EOPNOTSUPP: this kernel has no Landlock. */
CONFINE_API int confine_filesystem(const char *const *read_only_paths, int count)
{
    return confine_landlock(read_only_paths, count, 0, NULL, 0);
}

/* ---- seccomp ---------------------------------------------------------------------------------------------------------- */

/* A rule answers a call `nr` if (argument & mask) == value, or always with argument ANY. The first rule that fits decides.
 * Only the low half of an argument is looked at, which is all that the kernel reads of an int; ZERO looks at all of it. */
enum { CONFINE_ANY = -1, CONFINE_ZERO = -2 };

struct confine_rule {
    int nr;
    int argument; /* index, CONFINE_ANY, or CONFINE_ZERO - index: the whole argument must be 0 */
    uint32_t mask, value;
    uint32_t action;
};

#define CONFINE_DENY (SECCOMP_RET_ERRNO | EPERM)
#define CONFINE_ABSENT (SECCOMP_RET_ERRNO | ENOSYS) /* libc then uses the older call, which can be filtered */
#define CONFINE_ALLOW_CALL(name) {SYS_##name, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW}
#define CONFINE_DENY_CALL(name) {SYS_##name, CONFINE_ANY, 0, 0, CONFINE_DENY}
#define CONFINE_WHEN(name, argument, mask, value, action) {SYS_##name, argument, mask, value, action}
#define CONFINE_COUNT(array) (sizeof(array) / sizeof *(array))

#define CONFINE_PROGRAM 1024

struct confine_filter {
    struct sock_filter code[CONFINE_PROGRAM];
    unsigned short length;
};

static void confine_emit(struct confine_filter *filter, uint16_t code, uint8_t jump_true, uint8_t jump_false, uint32_t k)
{
    if (filter->length < CONFINE_PROGRAM)
        filter->code[filter->length++] = (struct sock_filter){code, jump_true, jump_false, k};
}

static void confine_load(struct confine_filter *filter, size_t offset)
{
    confine_emit(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

#define CONFINE_JEQ (BPF_JMP | BPF_JEQ | BPF_K)
#define CONFINE_JGE (BPF_JMP | BPF_JGE | BPF_K)
#define CONFINE_RET (BPF_RET | BPF_K)

static void confine_emit_prologue(struct confine_filter *filter)
{
    confine_load(filter, offsetof(struct seccomp_data, arch));
    confine_emit(filter, CONFINE_JEQ, 1, 0, CONFINE_ARCH);
    confine_emit(filter, CONFINE_RET, 0, 0, SECCOMP_RET_KILL_PROCESS);
    confine_load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
    confine_emit(filter, CONFINE_JGE, 0, 1, 0x40000000u); /* x32: the same arch word, other numbers */
    confine_emit(filter, CONFINE_RET, 0, 0, SECCOMP_RET_KILL_PROCESS);
#endif
}

/* The accumulator holds the call's number before and after every rule. */
static void confine_emit_rule(struct confine_filter *filter, const struct confine_rule *rule)
{
    size_t nr = offsetof(struct seccomp_data, nr), arguments = offsetof(struct seccomp_data, args);
    if (rule->argument == CONFINE_ANY) {
        confine_emit(filter, CONFINE_JEQ, 0, 1, (uint32_t)rule->nr);
        confine_emit(filter, CONFINE_RET, 0, 0, rule->action);
    } else if (rule->argument >= 0) {
        confine_emit(filter, CONFINE_JEQ, 0, 5, (uint32_t)rule->nr);
        confine_load(filter, arguments + 8 * (size_t)rule->argument); /* both architectures are little-endian */
        confine_emit(filter, BPF_ALU | BPF_AND | BPF_K, 0, 0, rule->mask);
        confine_emit(filter, CONFINE_JEQ, 0, 1, rule->value);
        confine_emit(filter, CONFINE_RET, 0, 0, rule->action);
        confine_load(filter, nr);
    } else {
        size_t at = arguments + 8 * (size_t)(CONFINE_ZERO - rule->argument);
        confine_emit(filter, CONFINE_JEQ, 0, 6, (uint32_t)rule->nr);
        confine_load(filter, at);
        confine_emit(filter, CONFINE_JEQ, 0, 3, 0);
        confine_load(filter, at + 4);
        confine_emit(filter, CONFINE_JEQ, 0, 1, 0);
        confine_emit(filter, CONFINE_RET, 0, 0, rule->action);
        confine_load(filter, nr);
    }
}

static void confine_emit_rules(struct confine_filter *filter, const struct confine_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        confine_emit_rule(filter, &rules[i]);
}

static int confine_install(struct confine_filter *filter, uint32_t otherwise, const char *step)
{
    confine_emit(filter, CONFINE_RET, 0, 0, otherwise);
    if (filter->length >= CONFINE_PROGRAM) {
        errno = E2BIG;
        return confine_fail(step);
    }
    struct sock_fprog program = {filter->length, filter->code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return confine_fail("PR_SET_NO_NEW_PRIVS");
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) ? confine_fail(step) : 0;
}

/* Allow-list for native kernels: what loading a library, single-threaded libc code, input and output on open descriptors,
 * and exiting need. No new thread or process, no exec, no socket, no file opened for writing, no signal to anyone else. */
CONFINE_API int confine_syscalls_strict(void)
{
    const uint32_t writes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (__O_TMPFILE & ~O_DIRECTORY);
    const struct confine_rule rules[] = {
        CONFINE_ALLOW_CALL(read), CONFINE_ALLOW_CALL(write), CONFINE_ALLOW_CALL(readv), CONFINE_ALLOW_CALL(writev),
        CONFINE_ALLOW_CALL(pread64), CONFINE_ALLOW_CALL(pwrite64), CONFINE_ALLOW_CALL(lseek), CONFINE_ALLOW_CALL(close),
        CONFINE_ALLOW_CALL(fstat), CONFINE_ALLOW_CALL(newfstatat), CONFINE_ALLOW_CALL(ppoll),
        CONFINE_WHEN(openat, 2, writes, 0, SECCOMP_RET_ALLOW),
        CONFINE_WHEN(fcntl, 1, ~0u, F_GETFL, SECCOMP_RET_ALLOW), CONFINE_WHEN(fcntl, 1, ~0u, F_GETFD, SECCOMP_RET_ALLOW),
        CONFINE_ALLOW_CALL(mmap), CONFINE_ALLOW_CALL(mprotect), CONFINE_ALLOW_CALL(munmap), CONFINE_ALLOW_CALL(mremap),
        CONFINE_ALLOW_CALL(madvise), CONFINE_ALLOW_CALL(brk),
        CONFINE_ALLOW_CALL(rt_sigaction), CONFINE_ALLOW_CALL(rt_sigprocmask), CONFINE_ALLOW_CALL(rt_sigreturn),
        CONFINE_ALLOW_CALL(sigaltstack), CONFINE_ALLOW_CALL(restart_syscall),
        CONFINE_ALLOW_CALL(clock_gettime), CONFINE_ALLOW_CALL(clock_getres), CONFINE_ALLOW_CALL(gettimeofday),
        CONFINE_ALLOW_CALL(nanosleep), CONFINE_ALLOW_CALL(clock_nanosleep), CONFINE_ALLOW_CALL(sched_yield),
        CONFINE_ALLOW_CALL(sched_getaffinity), CONFINE_ALLOW_CALL(getcpu), CONFINE_ALLOW_CALL(getrusage),
        CONFINE_ALLOW_CALL(futex), CONFINE_ALLOW_CALL(getrandom),
        CONFINE_ALLOW_CALL(getpid), CONFINE_ALLOW_CALL(gettid),
        CONFINE_WHEN(tgkill, 0, ~0u, (uint32_t)getpid(), SECCOMP_RET_ALLOW), /* abort() and raise() */
        CONFINE_WHEN(prlimit64, CONFINE_ZERO - 2, 0, 0, SECCOMP_RET_ALLOW),  /* reading limits: new_limit is NULL */
        CONFINE_WHEN(prctl, 0, ~0u, PR_SET_NO_NEW_PRIVS, SECCOMP_RET_ALLOW),
        CONFINE_WHEN(seccomp, 1, ~0u, 0, SECCOMP_RET_ALLOW), /* further filters; flags would hand out a listener */
        CONFINE_ALLOW_CALL(exit), CONFINE_ALLOW_CALL(exit_group),
#if defined(__x86_64__)
        CONFINE_WHEN(open, 1, writes, 0, SECCOMP_RET_ALLOW), CONFINE_ALLOW_CALL(stat), CONFINE_ALLOW_CALL(poll),
        CONFINE_ALLOW_CALL(time),
#endif
    };
    struct confine_filter filter = {.length = 0};
    confine_emit_prologue(&filter);
    confine_emit_rules(&filter, rules, CONFINE_COUNT(rules));
    return confine_install(&filter, CONFINE_DENY, "seccomp (strict)");
}

/* For after dlopen, on top of another profile: no page becomes executable, no file is opened, no filter is added. */
CONFINE_API int confine_syscalls_seal(void)
{
    const struct confine_rule rules[] = {
        CONFINE_WHEN(mmap, 2, PROT_EXEC, PROT_EXEC, CONFINE_DENY),
        CONFINE_WHEN(mprotect, 2, PROT_EXEC, PROT_EXEC, CONFINE_DENY),
        CONFINE_DENY_CALL(pkey_mprotect), CONFINE_DENY_CALL(openat), CONFINE_DENY_CALL(seccomp), CONFINE_DENY_CALL(prctl),
        CONFINE_DENY_CALL(execve), CONFINE_DENY_CALL(execveat), CONFINE_DENY_CALL(personality), CONFINE_DENY_CALL(shmat),
#if defined(__x86_64__)
        CONFINE_DENY_CALL(open), CONFINE_DENY_CALL(creat),
#endif
        {437 /* openat2 */, CONFINE_ANY, 0, 0, CONFINE_DENY},
    };
    struct confine_filter filter = {.length = 0};
    confine_emit_prologue(&filter);
    confine_emit_rules(&filter, rules, CONFINE_COUNT(rules));
    return confine_install(&filter, SECCOMP_RET_ALLOW, "seccomp (seal)");
}

/* For compilers and simulators: they start processes and write files, so this is a list of what they never need. Calls newer
 * than Linux 5.0 exist only if listed, so that a future kernel's additions are closed by default. */
CONFINE_API int confine_syscalls_tools(void)
{
    const uint32_t namespaces = 0x7e020080u; /* CLONE_NEW* */
    /* Without signal scopes a process of the same uid outside could be hit, so even abort() must then end in a trap. */
    const uint32_t signals = confine_landlock_abi() >= 6 ? SECCOMP_RET_ALLOW : CONFINE_DENY;
    const struct confine_rule rules[] = {
        /* network and other ways out */
        CONFINE_DENY_CALL(socket), CONFINE_DENY_CALL(socketpair), CONFINE_DENY_CALL(connect), CONFINE_DENY_CALL(bind),
        CONFINE_DENY_CALL(listen), CONFINE_DENY_CALL(accept), CONFINE_DENY_CALL(accept4), CONFINE_DENY_CALL(sendmsg),
        CONFINE_DENY_CALL(recvmsg), CONFINE_DENY_CALL(sendto), CONFINE_DENY_CALL(recvfrom),
        /* other processes */
        CONFINE_DENY_CALL(ptrace), CONFINE_DENY_CALL(process_vm_readv), CONFINE_DENY_CALL(process_vm_writev),
        CONFINE_DENY_CALL(kcmp), CONFINE_DENY_CALL(kill), CONFINE_DENY_CALL(tkill), CONFINE_DENY_CALL(rt_sigqueueinfo),
        CONFINE_DENY_CALL(rt_tgsigqueueinfo), {SYS_tgkill, CONFINE_ANY, 0, 0, signals}, CONFINE_DENY_CALL(setpriority),
        CONFINE_DENY_CALL(sched_setscheduler), CONFINE_DENY_CALL(sched_setparam), CONFINE_DENY_CALL(sched_setattr),
        CONFINE_DENY_CALL(ioprio_set), CONFINE_DENY_CALL(migrate_pages), CONFINE_DENY_CALL(move_pages),
        CONFINE_WHEN(sched_setaffinity, 0, ~0u, 0, SECCOMP_RET_ALLOW), CONFINE_DENY_CALL(sched_setaffinity),
        CONFINE_WHEN(prlimit64, 0, ~0u, 0, SECCOMP_RET_ALLOW), CONFINE_DENY_CALL(prlimit64),
        /* namespaces, mounts, the machine */
        CONFINE_WHEN(clone, 0, namespaces, 0, SECCOMP_RET_ALLOW), CONFINE_DENY_CALL(clone), CONFINE_DENY_CALL(unshare),
        CONFINE_DENY_CALL(setns), CONFINE_DENY_CALL(mount), CONFINE_DENY_CALL(umount2), CONFINE_DENY_CALL(pivot_root),
        CONFINE_DENY_CALL(chroot), CONFINE_DENY_CALL(sethostname), CONFINE_DENY_CALL(setdomainname), CONFINE_DENY_CALL(reboot),
        CONFINE_DENY_CALL(swapon), CONFINE_DENY_CALL(swapoff), CONFINE_DENY_CALL(acct), CONFINE_DENY_CALL(syslog),
        CONFINE_DENY_CALL(quotactl), CONFINE_DENY_CALL(vhangup), CONFINE_DENY_CALL(init_module),
        CONFINE_DENY_CALL(finit_module), CONFINE_DENY_CALL(delete_module), CONFINE_DENY_CALL(kexec_load),
        CONFINE_DENY_CALL(settimeofday), CONFINE_DENY_CALL(clock_settime), CONFINE_DENY_CALL(clock_adjtime),
        CONFINE_DENY_CALL(adjtimex), CONFINE_DENY_CALL(name_to_handle_at), CONFINE_DENY_CALL(open_by_handle_at),
        /* large kernel surfaces */
        CONFINE_DENY_CALL(bpf), CONFINE_DENY_CALL(perf_event_open), CONFINE_DENY_CALL(userfaultfd),
        CONFINE_DENY_CALL(fanotify_init), CONFINE_DENY_CALL(keyctl), CONFINE_DENY_CALL(add_key),
        CONFINE_DENY_CALL(request_key), CONFINE_DENY_CALL(io_setup), CONFINE_DENY_CALL(vmsplice),
        CONFINE_WHEN(personality, 0, ~0x0040000u, 0, SECCOMP_RET_ALLOW), /* none, or ADDR_NO_RANDOMIZE */
        CONFINE_WHEN(personality, 0, ~0u, ~0u, SECCOMP_RET_ALLOW), CONFINE_DENY_CALL(personality),
        /* memory that no limit counts */
        CONFINE_DENY_CALL(memfd_create), CONFINE_DENY_CALL(shmget), CONFINE_DENY_CALL(shmat), CONFINE_DENY_CALL(msgget),
        CONFINE_DENY_CALL(semget), CONFINE_DENY_CALL(mq_open),
        /* typing into somebody's terminal */
        CONFINE_WHEN(ioctl, 1, ~0u, TIOCSTI, CONFINE_DENY), CONFINE_WHEN(ioctl, 1, ~0u, 0x541c /* TIOCLINUX */, CONFINE_DENY),
        /* listeners would let a process answer for its own filters */
        CONFINE_WHEN(seccomp, 1, ~0u, 0, SECCOMP_RET_ALLOW), CONFINE_DENY_CALL(seccomp),
#if defined(__x86_64__)
        CONFINE_DENY_CALL(iopl), CONFINE_DENY_CALL(ioperm), CONFINE_DENY_CALL(modify_ldt), CONFINE_DENY_CALL(uselib),
        CONFINE_DENY_CALL(ustat), CONFINE_DENY_CALL(sysfs), CONFINE_DENY_CALL(_sysctl), CONFINE_DENY_CALL(kexec_file_load),
#endif
        /* newer than Linux 5.0, where numbers are the same on all architectures */
        {436 /* close_range */, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW}, {437 /* openat2 */, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW},
        {439 /* faccessat2 */, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW},
        {CONFINE_LANDLOCK_CREATE, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW},
        {CONFINE_LANDLOCK_ADD, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW},
        {CONFINE_LANDLOCK_RESTRICT, CONFINE_ANY, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct confine_filter filter = {.length = 0};
    confine_emit_prologue(&filter);
    confine_emit_rules(&filter, rules, CONFINE_COUNT(rules));
    confine_emit(&filter, CONFINE_JGE, 0, 1, 424);
    confine_emit(&filter, CONFINE_RET, 0, 0, CONFINE_ABSENT);
    return confine_install(&filter, SECCOMP_RET_ALLOW, "seccomp (tools)");
}

/* On top of another profile: neither a process nor a thread can be started. */
CONFINE_API int confine_syscalls_alone(void)
{
    const struct confine_rule rules[] = {
        CONFINE_DENY_CALL(clone), {435 /* clone3 */, CONFINE_ANY, 0, 0, CONFINE_DENY},
#if defined(__x86_64__)
        CONFINE_DENY_CALL(fork), CONFINE_DENY_CALL(vfork),
#endif
    };
    struct confine_filter filter = {.length = 0};
    confine_emit_prologue(&filter);
    confine_emit_rules(&filter, rules, CONFINE_COUNT(rules));
    return confine_install(&filter, SECCOMP_RET_ALLOW, "seccomp (alone)");
}

#endif
