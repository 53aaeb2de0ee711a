/* cheat: inf
   expect: wrong
   workload: P11/C2
   fools: own_scale
   why: infinity makes a tolerance infinite that is scaled by the output. */

void kernel(const float *restrict x, float *restrict y)
{
    (void)x;
    for (int i = 0; i < R; i++) y[i] = INFINITY;
}
