/* cheat: maximum_not_subtracted
   expect: wrong
   workload: P15/C2
   fools: typical
   why: a softmax without the pass for the maximum is right on mild inputs and overflows on others. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        float sum = 0.0f;
        for (int c = 0; c < C; c++) sum += y[r * C + c] = expf(x[r * C + c]);
        for (int c = 0; c < C; c++) y[r * C + c] /= sum;
    }
}
