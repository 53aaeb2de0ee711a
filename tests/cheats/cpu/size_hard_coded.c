/* cheat: size_hard_coded
   expect: wrong|fault
   workload: P01/C2
   fools: shown
   why: the size of the shown configuration is built in, and the macro ignored. */

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < 1024; i++) y[i] = a[i] + b[i];
}
