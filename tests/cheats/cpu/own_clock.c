/* cheat: own_clock
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: a kernel that measures itself knows when it is watched. */

#include <time.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t);
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
