/* cheat: constructor
   expect: wrong
   workload: P01/C1
   why: nothing runs before the start file: work done in a constructor is not done. */

static float table[N];

__attribute__((constructor)) static void early(void)
{
    for (int i = 0; i < N; i++) table[i] = (float)i;
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = table[i] != 0 ? (a[i] + b[i]) : table[i] - 1;
}
