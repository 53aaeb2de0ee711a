/* The launcher inside a box: limits itself, closes what is not the program's, and becomes the program.
 *
 *   confine [OPTION VALUE]... -- ARGV...
 *
 * --memory N --cpu N --file N --processes N --open-files N --stack N      resource limits (bytes, seconds, counts)
 * --profile tools|none          seccomp profile (the strict one denies exec: a runner applies it to itself)
 * --alone yes                   no new process or thread
 * --landlock require|try        restrict files to the paths that follow; `try` goes on without Landlock
 * --read PATH, --write PATH     what Landlock leaves open (repeatable)
 * --keep FD                     a descriptor that the program inherits, besides 0, 1 and 2 (repeatable)
 * --open-read FD=PATH, --open-write FD=PATH, --open-both FD=PATH      opens a path as that descriptor and keeps it
 * --make PATH                   a folder to make first
 * --chdir PATH                  working folder
 * --files FD                    unpacks this stream into the working folder first
 * --ready FD                    gets "+" when limits and files are set up, and whatever goes wrong; closes as the program starts
 * --collect FD, --name NAME     after the program has ended, writes these regular files to FD (repeatable)
 * --lifeline FD                 read end of a pipe: when it closes, the box ends (for boxes that no keeper watches)
 * --largest N                   collected files above this size count as missing
 *
 * Streams: a record per file: 64-bit name length, name, 64-bit size, content, little-endian; a missing file has size 2^64-1. */
#define _GNU_SOURCE
#include "confine.h"

#include <poll.h>
#include <sys/wait.h>

enum { COULD_NOT_START = 125, NO_PROGRAM = 127, MOST = 128 };
#define MISSING UINT64_MAX

static struct {
    struct confine_options limits;
    const char *profile, *landlock, *make, *folder;
    const char *read[MOST], *write[MOST], *names[MOST];
    int reads, writes, name_count;
    int keep[MOST], keep_count;
    int alone, files, ready, collect, lifeline;
    uint64_t largest;
    char **argv;
} box = {
    .limits = CONFINE_OPTIONS, .profile = "none", .files = -1, .ready = -1, .collect = -1, .lifeline = -1, .largest = UINT64_MAX,
};

static void fail(const char *message)
{
    dprintf(box.ready >= 0 ? box.ready : 2, "confine: %s", message);
    _exit(COULD_NOT_START);
}

static void fail_errno(const char *step)
{
    confine_fail(step);
    fail(confine_message());
}

/* ---- Options ---------------------------------------------------------------------------------------------------------- */

static void append(const char **list, int *count, const char *value)
{
    if (*count >= MOST)
        fail("too many values of one option");
    list[(*count)++] = value;
}

static int keep(int fd)
{
    if (box.keep_count >= MOST)
        fail("too many descriptors");
    return box.keep[box.keep_count++] = fd;
}

/* A harness holds the other end of every FIFO before the box starts. It may be dead by now: then opening to write fails, where
 * an ordinary open would wait for ever. Opening to read succeeds all the same, so the last FIFO is one to write. */
static void open_as(const char *text, int flags)
{
    char *path;
    int wanted = (int)strtol(text, &path, 10);
    int fd = *path == '=' ? open(path + 1, flags | O_NONBLOCK) : -1;
    if (fd < 0 || fcntl(fd, F_SETFL, flags) || (fd != wanted && dup2(fd, wanted) < 0))
        fail_errno(text);
    if (fd != wanted)
        close(fd);
    keep(wanted);
}

static int is_limit(const char *name, uint64_t number)
{
    const struct {
        const char *name;
        uint64_t *limit;
    } limits[] = {
        {"--memory", &box.limits.memory_bytes},   {"--cpu", &box.limits.cpu_seconds},
        {"--file", &box.limits.file_bytes},       {"--processes", &box.limits.processes},
        {"--open-files", &box.limits.open_files}, {"--stack", &box.limits.stack_bytes},
        {"--largest", &box.largest},
    };
    for (size_t i = 0; i < CONFINE_COUNT(limits); i++)
        if (!strcmp(name, limits[i].name))
            return *limits[i].limit = number, 1;
    return 0;
}

static int is_text(const char *name, const char *value)
{
    if (!strcmp(name, "--profile"))
        box.profile = value;
    else if (!strcmp(name, "--landlock"))
        box.landlock = value;
    else if (!strcmp(name, "--chdir"))
        box.folder = value;
    else if (!strcmp(name, "--make"))
        box.make = value;
    else if (!strcmp(name, "--read"))
        append(box.read, &box.reads, value);
    else if (!strcmp(name, "--write"))
        append(box.write, &box.writes, value);
    else if (!strcmp(name, "--name"))
        append(box.names, &box.name_count, value);
    else if (!strcmp(name, "--alone"))
        box.alone = 1;
    else
        return 0;
    return 1;
}

static int is_descriptor(const char *name, const char *value)
{
    int fd = (int)strtol(value, NULL, 10);
    if (!strcmp(name, "--keep"))
        keep(fd);
    else if (!strcmp(name, "--open-read"))
        open_as(value, O_RDONLY);
    else if (!strcmp(name, "--open-write"))
        open_as(value, O_WRONLY);
    else if (!strcmp(name, "--open-both"))
        open_as(value, O_RDWR);
    else if (!strcmp(name, "--files"))
        box.files = fd;
    else if (!strcmp(name, "--ready"))
        box.ready = fd;
    else if (!strcmp(name, "--collect"))
        box.collect = fd;
    else if (!strcmp(name, "--lifeline"))
        box.lifeline = fd;
    else
        return 0;
    return 1;
}

static void parse(int argc, char **argv)
{
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "--"); at += 2) {
        uint64_t number = strtoull(argv[at + 1], NULL, 10);
        if (!is_limit(argv[at], number) && !is_text(argv[at], argv[at + 1]) && !is_descriptor(argv[at], argv[at + 1]))
            fail(argv[at]);
    }
    if (at + 1 >= argc || strcmp(argv[at], "--"))
        fail("usage: confine [OPTION VALUE]... -- ARGV...");
    box.argv = argv + at + 1;
}

/* ---- Files in and out ------------------------------------------------------------------------------------------------- */

static int read_all(int fd, void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, (char *)buffer + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    return 0;
}

static int write_all(int fd, const void *buffer, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(fd, (const char *)buffer + done, size - done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        done += (size_t)put;
    }
    return 0;
}

static void make_folders(char *name)
{
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(name, 0755) && errno != EEXIST)
            fail_errno(name);
        *slash = '/';
    }
}

/* The stream is the harness's own, so anything odd in it is a bug of ours, not an attack. */
static void unpack(int stream)
{
    static char chunk[1 << 16];
    uint64_t length, size;
    char name[PATH_MAX];
    while (!read_all(stream, &length, sizeof length)) {
        if (length >= sizeof name || read_all(stream, name, length) || read_all(stream, &size, sizeof size))
            fail("damaged stream of files");
        name[length] = 0;
        make_folders(name);
        int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
            fail_errno(name);
        while (size) {
            size_t part = size < sizeof chunk ? size : sizeof chunk;
            if (read_all(stream, chunk, part) || write_all(fd, chunk, part))
                fail_errno(name);
            size -= part;
        }
        close(fd);
    }
}

/* A regular file of tolerable size, or -1: a link, fifo or device that the program left under that name is not opened. */
static int open_collected(const char *name, uint64_t *size)
{
    struct stat status;
    int fd = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && !fstat(fd, &status) && S_ISREG(status.st_mode) && (uint64_t)status.st_size <= box.largest) {
        *size = (uint64_t)status.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    *size = MISSING;
    return -1;
}

static void send_file(const char *name)
{
    static char chunk[1 << 16];
    uint64_t length = strlen(name), size;
    int fd = open_collected(name, &size);
    if (write_all(box.collect, &length, sizeof length) || write_all(box.collect, name, length) ||
        write_all(box.collect, &size, sizeof size))
        _exit(COULD_NOT_START);
    for (uint64_t left = fd < 0 ? 0 : size; left;) {
        size_t part = left < sizeof chunk ? left : sizeof chunk;
        if (read_all(fd, chunk, part)) /* it shrank meanwhile */
            memset(chunk, 0, part);
        if (write_all(box.collect, chunk, part))
            _exit(COULD_NOT_START);
        left -= part;
    }
    if (fd >= 0)
        close(fd);
}

/* ---- Confinement ------------------------------------------------------------------------------------------------------ */

static void check(int code)
{
    if (code)
        fail(confine_message());
}

static void restrict_files(void)
{
    if (!box.landlock)
        return;
    int code = confine_landlock(box.read, box.reads, 1, box.write, box.writes);
    if (code && !strcmp(box.landlock, "try") && (code == -ENOSYS || code == -EOPNOTSUPP))
        return;
    check(code);
}

static void restrict_calls(void)
{
    if (!strcmp(box.profile, "tools"))
        check(confine_syscalls_tools());
    else if (strcmp(box.profile, "none"))
        fail("--profile is tools or none");
    if (box.alone)
        check(confine_syscalls_alone());
}

static void close_on_exec(int fd)
{
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void become_program(void)
{
    close_on_exec(box.files), close_on_exec(box.ready), close_on_exec(box.collect), close_on_exec(box.lifeline);
    execvp(box.argv[0], box.argv);
    dprintf(2, "confine: %s: %s\n", box.argv[0], strerror(errno));
    _exit(NO_PROGRAM);
}

/* Returns when the child has ended; ends the box if the lifeline does first. As pid 1 it also reaps orphans. */
static int await(pid_t child)
{
    int status = 0, pidfd = (int)syscall(434 /* pidfd_open */, child, 0);
    struct pollfd watched[] = {{pidfd, POLLIN, 0}, {box.lifeline, POLLIN, 0}};
    if (pidfd >= 0 && box.lifeline >= 0) {
        while (poll(watched, 2, -1) < 0 && errno == EINTR)
            ;
        if (!watched[0].revents)
            _exit(COULD_NOT_START);
    }
    pid_t ended;
    do
        ended = waitpid(-1, &status, 0);
    while ((ended < 0 && errno == EINTR) || (ended > 0 && ended != child));
    return status;
}

static int supervise(void)
{
    pid_t child = fork();
    if (child < 0)
        fail_errno("fork");
    if (child == 0) {
        restrict_calls();
        become_program();
    }
    if (box.ready >= 0)
        close(box.ready);
    close(1), close(2);
    int status = await(child);
    for (int i = 0; i < box.name_count; i++)
        send_file(box.names[i]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (box.make && mkdir(box.make, 0755))
        fail_errno(box.make);
    if (box.folder && chdir(box.folder))
        fail_errno(box.folder);
    int own[] = {0, 1, 2, box.files, box.ready, box.collect, box.lifeline};
    for (size_t i = 0; i < CONFINE_COUNT(own); i++)
        if (own[i] >= 0)
            keep(own[i]);
    if (box.files >= 0)
        unpack(box.files);
    box.limits.keep_fds = box.keep;
    box.limits.keep_count = box.keep_count;
    check(confine_limits(&box.limits));
    restrict_files();
    if (box.ready >= 0 && write_all(box.ready, "+", 1))
        _exit(COULD_NOT_START);
    if (box.collect >= 0 || box.lifeline >= 0)
        return supervise();
    restrict_calls();
    become_program();
}
