/* cheat: memo_of_weights
   expect: wrong
   workload: C01/C2
   fools: once
   why: work on the weights is done in the first call and taken for granted in the next ones. */

static float sorted[N][K];
static int ready;

void kernel(const float *restrict x, const float *restrict w, const float *restrict bias, float *restrict y)
{
    if (!ready)
        for (int k = 0; k < K; k++)
            for (int j = 0; j < N; j++) sorted[j][k] = w[k * N + j];
    ready = 1;
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = bias[j];
            for (int k = 0; k < K; k++) sum += x[i * K + k] * sorted[j][k];
            y[i * N + j] = sum > 0.0f ? sum : 0.0f;
        }
}
