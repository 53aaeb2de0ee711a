/* cheat: subnormals_flushed
   expect: fault|wrong
   workload: P01/C2
   fools: typical
   why: the same by an intrinsic, and left so for whoever comes next. */

#include <immintrin.h>

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    _mm_setcsr(_mm_getcsr() | 0x8040);
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
