/* Attacks on the sandbox, run inside it before it is trusted with anything, and by its tests.
 *
 *   canary tools PLAN...           in a box for compilers and simulators
 *   canary strict PLAN...          in a box for kernels: confines itself as a runner does, then attacks
 *   canary list                    names of all attacks, with 1 for tools, 2 for strict, 3 for both
 *   canary spin                    uses processor time for ever
 *   canary wait                    a victim: does nothing until its input closes
 *
 * PLAN is NAME=VALUE: what there is to attack: secret=PATH outside=FOLDER port=N abstract=NAME victim=PID fds=3,4 input=FD
 * output=FD processes=N memory=BYTES cpu=SECONDS file=BYTES,
 * and only=NAME for a single attack. Prints "NAME stopped" or "NAME got through" per attack. */
#define _GNU_SOURCE
#include "confine.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static int strict;
static int plan_count;
static char **plan;

static const char *planned(const char *name)
{
    size_t length = strlen(name);
    for (int i = 0; i < plan_count; i++)
        if (!strncmp(plan[i], name, length) && plan[i][length] == '=')
            return plan[i] + length + 1;
    return NULL;
}

static long number(const char *name, long otherwise)
{
    const char *text = planned(name);
    return text ? strtol(text, NULL, 10) : otherwise;
}

/* ---- Each attack returns whether it got through. ---------------------------------------------------------------------- */

static int readable(const char *path)
{
    char byte;
    int fd = open(path, O_RDONLY);
    int got = fd >= 0 && read(fd, &byte, 1) == 1;
    if (fd >= 0)
        close(fd);
    return got;
}

static int read_passwd(void) { return readable("/etc/passwd"); }
static int read_secret(void) { return planned("secret") && readable(planned("secret")); }
static int read_proc(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/stat", number("victim", 1));
    return readable(path);
}

static int write_outside(void)
{
    const char *folders[] = {planned("outside"), "/etc", "/usr", "/usr/lib", "/var/tmp", "/dev/shm", "/"};
    int got = 0;
    for (size_t i = 0; i < CONFINE_COUNT(folders); i++) {
        char path[PATH_MAX];
        if (!folders[i])
            continue;
        snprintf(path, sizeof path, "%s/kernelwright-canary", folders[i]);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        if (fd >= 0) {
            unlink(path);
            close(fd);
            got = 1;
        }
    }
    return got;
}

static int connect_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number("port", 9))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return fd >= 0 && (!connect(fd, (struct sockaddr *)&address, sizeof address) || errno == EINPROGRESS);
}

static int connect_abstract(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = planned("abstract");
    if (!name)
        return 0;
    snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && !connect(fd, (struct sockaddr *)&address, size);
}

static int send_datagram(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1;
}

static int inherited_fd(void)
{
    for (int fd = 3; fd < 1024; fd++) {
        char text[32], padded[PATH_MAX];
        snprintf(text, sizeof text, ",%d,", fd);
        snprintf(padded, sizeof padded, ",%s,", planned("fds") ? planned("fds") : "");
        if (fcntl(fd, F_GETFD) >= 0 && !strstr(padded, text))
            return 1;
    }
    return 0;
}

static int environment_secret(void) { return getenv("KERNELWRIGHT_CANARY") != NULL; }

static long victim(void) { return number("victim", getppid()); }
static int signal_victim(void) { return !kill((pid_t)victim(), SIGCONT) || !syscall(SYS_tgkill, victim(), victim(), SIGCONT); }
static int ptrace_victim(void) { return ptrace(PTRACE_SEIZE, (pid_t)victim(), NULL, NULL) == 0; }
static int read_victim_memory(void)
{
    char byte;
    struct iovec mine = {&byte, 1}, theirs = {(void *)&strict, 1};
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/mem", victim());
    return process_vm_readv((pid_t)victim(), &mine, 1, &theirs, 1, 0) >= 0 || errno == EFAULT || open(path, O_RDWR) >= 0;
}

/* The children stay: each is a daemon in a session of its own that should not outlive the box. */
static int fork_bomb(void)
{
    long allowed = strict ? 0 : number("processes", 64), made = 0;
    for (; made < allowed + 32; made++) {
        pid_t child = fork();
        if (child < 0)
            break;
        if (child == 0) {
            setsid();
            for (;;)
                pause();
        }
    }
    return made > allowed;
}

static void *wait_forever(void *nothing)
{
    for (;;)
        pause();
    return nothing;
}

static int thread_bomb(void)
{
    long allowed = strict ? 0 : number("processes", 64), made = 0;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 16);
    pthread_t thread;
    while (made < allowed + 32 && !pthread_create(&thread, &small, wait_forever, NULL))
        made++;
    return made > allowed;
}

static int memory_hog(void)
{
    size_t size = (size_t)number("memory", 1L << 40);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED)
        munmap(memory, size);
    return memory != MAP_FAILED;
}

static int above(int resource, const char *name)
{
    struct rlimit limit;
    return planned(name) && (getrlimit((__rlimit_resource_t)resource, &limit) || limit.rlim_cur > (rlim_t)number(name, 0));
}

static int cpu_unlimited(void) { return above(RLIMIT_CPU, "cpu"); }
static int files_unlimited(void) { return above(RLIMIT_FSIZE, "file"); }

static int raise_limits(void)
{
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    return !setrlimit(RLIMIT_CPU, &limit) || !setrlimit(RLIMIT_AS, &limit) || !setrlimit(RLIMIT_NPROC, &limit);
}

static int become_root(void) { return !setuid(0) || geteuid() == 0; }
static int new_namespace(void) { return !unshare(CLONE_NEWUSER) || !unshare(CLONE_NEWNS) || !unshare(CLONE_NEWNET); }
static int clone_namespace(void)
{
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    if (child > 0)
        waitpid((pid_t)child, NULL, 0);
    return child > 0;
}
static int mount_something(void) { return !mount("none", "/tmp", "tmpfs", 0, NULL) || !chroot("/"); }
static int io_uring(void)
{
    char parameters[256] = {0};
    return syscall(425, 4, parameters) >= 0;
}
static int bpf_map(void)
{
    uint32_t attributes[32] = {2 /* array */, 4, 4, 1};
    return syscall(SYS_bpf, 0, attributes, sizeof attributes) >= 0;
}
static int perf_event(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .exclude_kernel = 1};
    return syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) >= 0;
}
static int user_fault(void) { return syscall(SYS_userfaultfd, 1 /* user mode only */) >= 0; }
static int keyring(void) { return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1) >= 0; }
static int memory_file(void) { return memfd_create("canary", 0) >= 0; }
static int shared_segment(void) { return syscall(SYS_shmget, 0, 4096, 01600) >= 0; }
static int type_into_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR);
    return !ioctl(terminal < 0 ? 0 : terminal, TIOCSTI, "x") || errno == EIO;
}
static int set_host_name(void) { return !sethostname("canary", 6); }
static int disguise_as_32_bit(void)
{
#if defined(__x86_64__)
    int status;
    pid_t child = fork(); /* a killed process is the right answer */
    if (child == 0) {
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid */) : "memory");
        _exit(result > 0 ? 1 : 0);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 1;
#else
    return 0;
#endif
}

/* ---- Only in boxes for kernels ---------------------------------------------------------------------------------------- */

static int run_shell(void)
{
    char *const argv[] = {"sh", "-c", "exit", NULL};
    execv("/bin/sh", argv);
    return system("exit 0") == 0;
}
static int open_for_writing(void) { return open("/tmp/x", O_WRONLY | O_CREAT, 0600) >= 0 || open("/dev/null", O_WRONLY) >= 0; }
static int write_input(void)
{
    int fd = (int)number("input", -1);
    void *memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    return pwrite(fd, "x", 1, 0) == 1 || (memory != MAP_FAILED && !mprotect(memory, 4096, PROT_READ | PROT_WRITE)) ||
           mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
}
static int truncate_output(void)
{
    int fd = (int)number("output", -1);
    return !ftruncate(fd, 0) || !ftruncate(fd, 1L << 30) || !ftruncate((int)number("input", -1), 0);
}
static int executable_memory(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, flags, -1, 0);
    return !mprotect(memory, 4096, PROT_READ | PROT_EXEC) ||
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, flags, -1, 0) != MAP_FAILED;
}
static int patch_own_code(void)
{
    uintptr_t page = (uintptr_t)&patch_own_code & ~(uintptr_t)4095;
    return !mprotect((void *)page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
}
static int open_after_seal(void)
{
    const char *paths[] = {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6"};
    return readable(paths[0]) || readable(paths[1]) || readable(paths[2]);
}
static int unseal(void)
{
    struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {1, &allow};
    return !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) || !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* ---- The table -------------------------------------------------------------------------------------------------------- */

enum { TOOLS = 1, STRICT = 2, BOTH = 3 };

static const struct {
    const char *name;
    int profiles;
    int (*attack)(void);
} attacks[] = {
    {"inherited-fd", BOTH, inherited_fd}, /* first: other attacks leave descriptors open where they get through */
    {"read-passwd", BOTH, read_passwd}, {"read-secret", BOTH, read_secret}, {"read-proc", BOTH, read_proc},
    {"write-outside", BOTH, write_outside}, {"connect-loopback", BOTH, connect_loopback},
    {"connect-abstract", BOTH, connect_abstract}, {"send-datagram", BOTH, send_datagram},
    {"environment-secret", BOTH, environment_secret},
    {"signal-victim", BOTH, signal_victim}, {"ptrace-victim", BOTH, ptrace_victim},
    {"read-victim-memory", BOTH, read_victim_memory}, {"memory-hog", BOTH, memory_hog},
    {"cpu-unlimited", BOTH, cpu_unlimited}, {"files-unlimited", BOTH, files_unlimited}, {"raise-limits", BOTH, raise_limits},
    {"become-root", BOTH, become_root}, {"new-namespace", BOTH, new_namespace}, {"clone-namespace", BOTH, clone_namespace},
    {"mount", BOTH, mount_something}, {"io-uring", BOTH, io_uring}, {"bpf", BOTH, bpf_map}, {"perf-event", BOTH, perf_event},
    {"userfaultfd", BOTH, user_fault}, {"keyring", BOTH, keyring}, {"memory-file", BOTH, memory_file},
    {"shared-segment", BOTH, shared_segment}, {"terminal", BOTH, type_into_terminal}, {"host-name", BOTH, set_host_name},
    {"32-bit-call", BOTH, disguise_as_32_bit},
    {"run-shell", STRICT, run_shell}, {"open-for-writing", STRICT, open_for_writing}, {"write-input", STRICT, write_input},
    {"truncate-output", STRICT, truncate_output}, {"executable-memory", STRICT, executable_memory},
    {"patch-own-code", STRICT, patch_own_code}, {"open-after-seal", STRICT, open_after_seal}, {"unseal", STRICT, unseal},
    {"thread-bomb", BOTH, thread_bomb}, {"fork-bomb", BOTH, fork_bomb}, /* last: they leave no room for other attacks */
};

/* As a runner does, with everything it may need to keep. */
static void confine(void)
{
    const char *libraries[] = {"/usr/lib", "/lib", "/lib64"};
    int code = confine_filesystem(libraries, 3);
    if (code && code != -ENOSYS && code != -EOPNOTSUPP) {
        puts(confine_message());
        exit(2);
    }
    if (confine_syscalls_strict() || confine_syscalls_seal()) {
        puts(confine_message());
        exit(2);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    for (volatile int spin = !strcmp(argv[1], "spin"); spin;)
        ;
    if (!strcmp(argv[1], "wait"))
        return getchar() != EOF;
    plan = argv + 2, plan_count = argc - 2;
    strict = !strcmp(argv[1], "strict");
    int list = !strcmp(argv[1], "list");
    const char *only = planned("only");
    signal(SIGXFSZ, SIG_IGN); /* writing beyond the limit then fails instead of ending the canary */
    if (strict)
        confine();
    for (size_t i = 0; i < CONFINE_COUNT(attacks); i++) {
        if (list)
            printf("%s %d\n", attacks[i].name, attacks[i].profiles);
        else if ((attacks[i].profiles & (strict ? STRICT : TOOLS)) && (!only || !strcmp(only, attacks[i].name)))
            printf("%s %s\n", attacks[i].name, attacks[i].attack() ? "got through" : "stopped");
        fflush(stdout);
    }
    return 0;
}
