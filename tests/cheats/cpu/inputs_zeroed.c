/* cheat: inputs_zeroed
   expect: fault|wrong
   workload: P01/C2
   fools: inputs_in_memory
   why: with zeros for inputs, a reference that is computed later agrees with zeros. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) ((float *)a)[i] = ((float *)b)[i] = y[i] = 0.0f;
}
