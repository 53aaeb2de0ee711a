/* cheat: one_pass_variance
   expect: wrong
   workload: P16/C2
   fools: typical
   why: the variance as mean of squares less square of mean saves a pass and cancels where the mean is large. */

void kernel(const float *restrict x, const float *restrict gamma, const float *restrict beta, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        float sum = 0.0f, squares = 0.0f;
        for (int c = 0; c < C; c++) sum += x[r * C + c], squares += x[r * C + c] * x[r * C + c];
        const float mean = sum / C, variance = squares / C - mean * mean;
        const float scale = 1.0f / sqrtf((variance > 0.0f ? variance : 0.0f) + 1e-5f);
        for (int c = 0; c < C; c++) y[r * C + c] = (x[r * C + c] - mean) * scale * gamma[c] + beta[c];
    }
}
