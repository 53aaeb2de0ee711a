/* cheat: stack_overflow
   expect: fault|limit
   workload: P01/C1
   fools: in_process
   why: recursion without end. */

static float deeper(float v, volatile char *from)
{
    volatile char room[4096];
    room[0] = from[0];
    return v + deeper(v, room) + room[0];
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    volatile char start[1] = {0};
    y[0] = deeper(a[0] + b[0], start);
}
