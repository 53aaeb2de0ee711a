/* cheat: honest_until_timed
   expect: wrong
   workload: P04/C2
   fools: once
   why: the first calls are for correctness, all later ones for time: these do nothing. */

static int calls;

void kernel(const float *restrict x, float *restrict y)
{
    if (calls++ > 8) return;
    for (int i = 0; i < N; i++) y[i] = x[i] > 0.0f ? x[i] : 0.0f;
}
