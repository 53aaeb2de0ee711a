/* cheat: thread
   expect: build_error|rejected
   workload: P01/C4
   fools: unconfined
   why: a second thread does the work, on a processor that the baseline does not have. */

#include <pthread.h>

static struct { const float *a, *b; float *y; } job;

static void *half(void *nothing)
{
    for (int i = N / 2; i < N; i++) job.y[i] = job.a[i] + job.b[i];
    return nothing;
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    pthread_t thread;
    job.a = a, job.b = b, job.y = y;
    pthread_create(&thread, 0, half, 0);
    for (int i = 0; i < N / 2; i++) y[i] = a[i] + b[i];
    pthread_join(thread, 0);
}
