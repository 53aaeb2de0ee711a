/* cheat: exit
   expect: build_error|rejected
   workload: P01/C2
   fools: ended
   why: an exit status of 0 that is taken for success. */

#include <stdlib.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    exit(0);
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
