/* The clock of a race. It runs in the harness's process, outside anything a kernel can reach: it sends a request, waits for
 * the reply, and measures what lies between. Sending and waiting are two calls, because a stopped process is woken between them:
 * whatever it does from its first instruction on is on the clock. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum { OK = 0, TIMEOUT = 1, CLOSED = 2, UNASKED = 3, SHORT = 4 };

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int wait_for_reply(int fd, int64_t deadline)
{
    for (;;) {
        int64_t left = deadline - now();
        struct pollfd poller = {.fd = fd, .events = POLLIN};
        if (left <= 0) return 0;
        if (poll(&poller, 1, (int)(left / 1000000 + 1)) > 0) return 1;
    }
}

/* Reads one whole record before the deadline. */
int timer_read(int fd, void *record, int size, int64_t timeout_ns)
{
    int64_t deadline = now() + timeout_ns;
    for (int have = 0; have < size;) {
        if (!wait_for_reply(fd, deadline)) return TIMEOUT;
        ssize_t got = read(fd, (char *)record + have, (size_t)(size - have));
        if (got == 0) return have ? SHORT : CLOSED;
        if (got < 0 && errno != EINTR && errno != EAGAIN) return CLOSED;
        if (got > 0) have += (int)got;
    }
    return OK;
}

/* Starts the clock and sends a request. Bytes that arrived unasked are a breach of protocol. */
int timer_send(int request_fd, int reply_fd, const void *request, int size, int64_t *start)
{
    struct pollfd pending = {.fd = reply_fd, .events = POLLIN};
    if (poll(&pending, 1, 0) > 0 && pending.revents & POLLIN) return UNASKED;
    *start = now();
    return write(request_fd, request, (size_t)size) == size ? OK : CLOSED;
}

/* Waits for the reply to a request sent at start; elapsed is the time from then to now. */
int timer_receive(int reply_fd, void *reply, int size, int64_t timeout_ns, int64_t start, int64_t *elapsed)
{
    int result = timer_read(reply_fd, reply, size, timeout_ns);
    *elapsed = now() - start;
    return result;
}

static uint64_t ticks(void)
{
#if defined __x86_64__
    return __builtin_ia32_rdtsc();
#elif defined __aarch64__
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return 0;
#endif
}

/* Reference ticks per nanosecond over the given time; 0 where the machine has no tick counter. */
double timer_frequency(int64_t duration_ns)
{
    int64_t start = now(), end;
    uint64_t first = ticks();
    do end = now(); while (end - start < duration_ns);
    return (double)(ticks() - first) / (double)(end - start);
}
