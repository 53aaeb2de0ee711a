/* cheat: allocate
   expect: build_error|rejected
   workload: P01/C2
   fools: limits
   why: all memory of the machine. */

#include <stdlib.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (;;) ((volatile char *)malloc(1 << 20))[0] = 1;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
