/* cheat: constructor
   expect: rejected|build_error
   workload: P01/C2
   fools: loose
   why: code that runs before the first call is not timed. */

static float table[64];

__attribute__((constructor)) static void early(void)
{
    for (int i = 0; i < 64; i++) table[i] = (float)i;
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] + table[i % 64] - table[i % 64];
}
