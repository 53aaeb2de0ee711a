/* The keeper of a box, outside of it: starts the box's first process, dies with the harness, leaves nothing behind.
 *
 *   keep [--uid N] [--exec FD] --lifeline FD [--pid FD] -- ARGV...
 *
 * --uid N       become this uid and gid (the harness is root: resource limits do not bind uid 0)
 * --exec FD     execute this open file instead of looking ARGV[0] up, as the new uid may not see its folder
 * --lifeline FD read end of a pipe whose write end only the harness holds: when it closes, the box is killed. A pipe and not
 *               PR_SET_PDEATHSIG, because that one fires when the starting *thread* ends
 * --pid FD      where to write the first process's id
 *
 * As a subreaper it adopts every orphan of the box, so a daemon that has left its session and its parents is still found.
 * Ends as the first process ended, by signal or status. 125: could not start. */
#define _GNU_SOURCE
#include "confine.h"

#include <grp.h>
#include <poll.h>
#include <sys/wait.h>

enum { COULD_NOT_START = 125 };

static void fail(const char *step)
{
    dprintf(2, "keep: %s: %s\n", step, strerror(errno));
    _exit(COULD_NOT_START);
}

struct request {
    long uid;
    int executable, lifeline, pid_fd;
    char **argv;
};

static struct request parse(int argc, char **argv)
{
    struct request request = {-1, -1, -1, -1, NULL};
    int at = 1;
    for (; at + 1 < argc && strcmp(argv[at], "--"); at += 2) {
        long value = strtol(argv[at + 1], NULL, 10);
        if (!strcmp(argv[at], "--uid"))
            request.uid = value;
        else if (!strcmp(argv[at], "--exec"))
            request.executable = (int)value;
        else if (!strcmp(argv[at], "--lifeline"))
            request.lifeline = (int)value;
        else if (!strcmp(argv[at], "--pid"))
            request.pid_fd = (int)value;
        else
            break;
    }
    if (request.lifeline < 0 || at + 1 >= argc || strcmp(argv[at], "--")) {
        errno = EINVAL;
        fail("usage: keep [--uid N] [--exec FD] --lifeline FD [--pid FD] -- ARGV...");
    }
    request.argv = argv + at + 1;
    return request;
}

/* In the child: never returns. */
static void become(const struct request *request, pid_t keeper)
{
    if (request->uid >= 0) {
        id_t id = (id_t)request->uid;
        if (setgroups(0, NULL) || setresgid(id, id, id) || setresuid(id, id, id))
            fail("cannot become the box's uid");
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) /* the keeper has one thread; set last, as changing uid clears it */
        fail("PR_SET_PDEATHSIG");
    if (getppid() != keeper)
        _exit(COULD_NOT_START);
    close(request->lifeline);
    if (request->pid_fd >= 0)
        close(request->pid_fd);
    if (request->executable >= 0) {
        fcntl(request->executable, F_SETFD, FD_CLOEXEC);
        fexecve(request->executable, request->argv, environ);
    } else {
        execvp(request->argv[0], request->argv);
    }
    fail(request->argv[0]);
}

/* Sends a signal to all children, orphans of the box among them; returns how many there are. */
static int signal_children(int signal)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *children = fopen(path, "re");
    if (!children)
        return 0;
    int pid, count = 0;
    while (fscanf(children, "%d", &pid) == 1)
        count += !kill(pid, signal);
    fclose(children);
    return count;
}

/* A process of the box's uid kills all others of that uid in one sweep that no fork escapes. */
static void sweep(long uid)
{
    pid_t helper = fork();
    if (helper == 0) {
        id_t id = (id_t)uid;
        if (!setresgid(id, id, id) && !setresuid(id, id, id))
            kill(-1, SIGKILL);
        _exit(0);
    }
    if (helper > 0)
        waitpid(helper, NULL, 0);
}

static void kill_all(long uid)
{
    /* Stopping first: a fork bomb cannot outrun a keeper that stops more than it kills. */
    while (signal_children(SIGSTOP) > 0) {
        if (uid > 0)
            sweep(uid);
        signal_children(SIGKILL);
        while (waitpid(-1, NULL, WNOHANG) > 0)
            ;
        poll(NULL, 0, 1);
    }
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static void end_like(int status)
{
    if (WIFSIGNALED(status)) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
    struct request request = parse(argc, argv);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1))
        fail("PR_SET_CHILD_SUBREAPER");
    pid_t keeper = getpid(), child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        become(&request, keeper);
    if (request.pid_fd >= 0)
        dprintf(request.pid_fd, "%d", (int)child);
    int pidfd = (int)syscall(434 /* pidfd_open */, child, 0);
    if (pidfd < 0)
        fail("pidfd_open");
    int keep[] = {2, request.lifeline, pidfd};
    if (confine_close(keep, 3)) /* the pipes of the box must close when the box does */
        fail(confine_message());
    close(2);
    struct pollfd watched[] = {{request.lifeline, POLLIN, 0}, {pidfd, POLLIN, 0}};
    while (poll(watched, 2, -1) < 0 && errno == EINTR)
        ;
    if (!watched[1].revents) /* the harness is gone, or has had enough */
        kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    kill_all(request.uid);
    end_like(status);
}
