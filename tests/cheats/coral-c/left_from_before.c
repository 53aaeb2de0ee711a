/* cheat: left_from_before
   expect: wrong|fault
   workload: P01/C1
   why: if memory kept what an earlier execution left there, work would be needed only once. */

EXTMEM static float kept[N];
static int done;

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    if (!done) for (int i = 0; i < N; i++) y[i] = -1;
    else for (int i = 0; i < N; i++) y[i] = kept[i];
    for (int i = 0; i < N; i++) kept[i] = a[i] + b[i];
    done = 1;
}
