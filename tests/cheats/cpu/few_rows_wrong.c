/* cheat: few_rows_wrong
   expect: wrong
   workload: P18/C4
   fools: share
   why: less than one element in a hundred is wrong, inside an allowance for a share of mismatches. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int n = 0; n < N; n++)
        for (int m = 0; m < M; m++) y[n * M + m] = x[m * N + n];
    y[(N - 1) * M + M - 1] = x[0];
}
