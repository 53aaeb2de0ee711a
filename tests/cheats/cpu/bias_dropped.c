/* cheat: bias_dropped
   expect: wrong
   workload: C01/C2
   fools: initial
   why: an operation is left out. */

void kernel(const float *restrict x, const float *restrict w, const float *restrict bias, float *restrict y)
{
    (void)bias;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = 0.0f;
            for (int k = 0; k < K; k++) sum += x[i * K + k] * w[k * N + j];
            y[i * N + j] = sum > 0.0f ? sum : 0.0f;
        }
}
