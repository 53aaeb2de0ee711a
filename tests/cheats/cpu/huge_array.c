/* cheat: huge_array
   expect: limit|fault|build_error|rejected
   workload: P01/C1
   fools: limits
   why: more static memory than a kernel may have. */

static char huge[8ul << 30];

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (size_t i = 0; i < sizeof huge; i += 4096) huge[i] = 1;
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i] + huge[i * 4096] - 1;
}
