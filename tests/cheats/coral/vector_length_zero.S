# cheat: vector_length_zero
# expect: wrong
# workload: P01.i32/C? P04.i8/C?
# fools: ended
# why: with no elements every vector instruction is quick and does nothing.

_start:
    vsetvli t0, x0, e8, m8, ta, ma
    vsetivli t0, 0, e8, m8, ta, ma
    la a0, y
    vmv.v.i v8, 0
    vse8.v v8, (a0)
    mpause
