/* cheat: run_shell
   expect: build_error|rejected
   workload: P01/C2
   fools: unconfined
   why: a shell of the host. */

#include <stdlib.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    y[0] = (float)system("id");
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
