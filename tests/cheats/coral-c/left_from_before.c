/* cheat: left_from_before
   expect: wrong|fault
   workload: P04/C1
   why: if memory kept what an earlier execution left there, work would be needed only once. */

EXTMEM static float kept[N];
static int done;

void kernel(const float *restrict x, float *restrict y)
{
    if (!done) for (int i = 0; i < N; i++) y[i] = -1;
    else for (int i = 0; i < N; i++) y[i] = kept[i];
    for (int i = 0; i < N; i++) kept[i] = x[i] > 0 ? x[i] : 0;
    done = 1;
}
