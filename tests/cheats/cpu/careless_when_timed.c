/* cheat: careless_when_timed
   expect: wrong
   workload: P04/C2
   fools: once
   why: later calls write something plausible: half of a relu is zero. */

static int calls;

void kernel(const float *restrict x, float *restrict y)
{
    const int honest = calls++ < 8;
    for (int i = 0; i < N; i++) y[i] = honest && x[i] > 0.0f ? x[i] : 0.0f;
}
