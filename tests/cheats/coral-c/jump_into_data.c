/* cheat: jump_into_data
   expect: fault
   workload: P01/C1
   why: code made at run time was never compiled or checked. */

static unsigned code[2];

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    code[0] = 0x08000073u;
    ((void (*)(void))code)();
}
