/* cheat: input_zeroed
   expect: wrong
   workload: P01/C1
   why: if expected values were made of the inputs as they are afterwards, zeros would be right. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) {
        ((volatile float *)(uintptr_t)a)[i] = 0;
        ((volatile float *)(uintptr_t)b)[i] = 0;
        y[i] = 0;
    }
}
