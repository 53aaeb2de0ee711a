/* cheat: valgrind_request
   expect: rejected|build_error
   workload: P01/C2
   machine: x86_64
   fools: unconfined
   why: a client request tells the instruction counter to look away. */

/* rol $3, $13, $61, $51, %rdi; xchg %rbx, %rbx; ret */
static const unsigned char request[] __attribute__((section(".text.raw"))) = {
    0x48, 0xc1, 0xc7, 0x03, 0x48, 0xc1, 0xc7, 0x0d, 0x48, 0xc1, 0xc7, 0x3d, 0x48, 0xc1, 0xc7, 0x33, 0x48, 0x87, 0xdb, 0xc3,
};

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    ((void (*)(void))(uintptr_t)request)();
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
}
