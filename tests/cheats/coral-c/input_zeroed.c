/* cheat: input_zeroed
   expect: wrong
   workload: P04/C1
   why: if expected values were made of the inputs as they are afterwards, zeros would be right. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) {
        ((volatile float *)(uintptr_t)x)[i] = 0;
        y[i] = 0;
    }
}
