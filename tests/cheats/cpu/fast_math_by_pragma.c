/* cheat: fast_math_by_pragma
   expect: build_error|rejected
   workload: P11/C2
   fools: unconfined
   why: flags that trade accuracy for speed are the benchmark's to choose. */

#pragma GCC optimize("fast-math")
void kernel(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        y[r] = 0.0f;
        for (int c = 0; c < C; c++) y[r] += x[r * C + c];
    }
}
