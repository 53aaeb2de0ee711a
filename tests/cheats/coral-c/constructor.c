/* cheat: constructor
   expect: wrong
   workload: P04/C1
   why: nothing runs before the start file: work done in a constructor is not done. */

static float table[N];

__attribute__((constructor)) static void early(void)
{
    for (int i = 0; i < N; i++) table[i] = (float)i;
}

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = table[i] != 0 ? (x[i] > 0 ? x[i] : 0) : table[i] - 1;
}
