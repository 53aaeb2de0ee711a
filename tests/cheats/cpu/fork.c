/* cheat: fork
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: a child that goes on working after its parent has answered. */

#include <unistd.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    if (fork() > 0) return;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
